from __future__ import annotations

import numpy as np
import pytest

from bci_dann.alignment import EuclideanAlignment, RiemannianAlignment
from bci_dann.components import resolve


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    mixing = np.diag([30, 10, 1, 0.3]) @ rng.standard_normal((4, 4))
    return (mixing @ rng.standard_normal((30, 4, 400))).astype("f4")


def test_the_riemannian_mean_of_each_domain_becomes_the_identity(trials):
    from pyriemann.geometry.mean import mean_riemann

    two = np.concatenate([trials, 7 * trials[:, ::-1]])
    domains = np.repeat(["1/0", "2/0"], len(trials))
    aligned = resolve("alignment", "riemannian").fit(two, domains).transform(two, domains)
    for name in ("1/0", "2/0"):
        own = aligned[domains == name].astype(float)
        mean = mean_riemann(own @ own.swapaxes(1, 2) / own.shape[2])
        np.testing.assert_allclose(mean, np.eye(4), atol=1e-3)


def test_one_wild_trial_moves_it_less_than_the_arithmetic_mean(trials):
    wild = trials.copy()
    wild[0] *= 50

    def effect(alignment):
        calm = alignment().fit(trials).transform(trials[1:])
        disturbed = alignment().fit(wild).transform(trials[1:])
        return disturbed.std() / calm.std()

    assert effect(RiemannianAlignment) > 0.8
    assert effect(EuclideanAlignment) < 0.2


def test_dependent_channels_do_no_harm(trials):
    referenced = trials - trials.mean(axis=1, keepdims=True)
    aligned = RiemannianAlignment().fit(referenced).transform(referenced)
    assert np.isfinite(aligned).all()
    assert aligned.std() == pytest.approx(np.sqrt(3 / 4), rel=0.01)  # one direction is empty
