from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.stats import entropy as scipy_entropy

from bci_dann.objectives.batch_view import entropy


def test_shares_are_those_of_the_trials_of_each_side(draw_batch):
    batch = draw_batch(n_target=8)
    np.testing.assert_allclose(batch.source_share, [1 / 12] * 12 + [0] * 8)
    np.testing.assert_allclose(batch.target_share, [0] * 12 + [1 / 8] * 8)
    values = batch.features.sum(1)
    assert (values * batch.target_share).sum() == pytest.approx(float(values[12:].mean()))


@pytest.mark.parametrize("n_target", [0, 20])
def test_shares_of_a_side_without_trials_are_zero(draw_batch, n_target):
    batch = draw_batch(n_target=n_target)
    empty, full = (
        (batch.target_share, batch.source_share)
        if n_target == 0
        else (batch.source_share, batch.target_share)
    )
    assert float(empty.sum()) == 0.0
    assert float(full.sum()) == pytest.approx(1.0)


def test_shares_have_the_precision_of_the_features(draw_batch):
    batch = draw_batch()
    assert batch.target_share.dtype is torch.float64
    single = dataclasses.replace(batch, features=batch.features.float())
    assert single.target_share.dtype is torch.float32


def test_a_view_cannot_be_changed(draw_batch):
    with pytest.raises(dataclasses.FrozenInstanceError):
        draw_batch().progress = 0.0


@pytest.mark.parametrize("p", [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [1 / 3] * 3])
def test_entropy_is_in_nats(p):
    assert float(entropy(torch.tensor(p))) == pytest.approx(scipy_entropy(p), abs=1e-7)


def test_entropy_of_certain_trials_has_finite_gradients():
    p = torch.tensor([[1.0, 0.0], [0.5, 0.5]], requires_grad=True)
    values = entropy(p)
    assert values.shape == (2,)
    values.sum().backward()
    assert torch.isfinite(p.grad).all()
