from __future__ import annotations

import numpy as np
import pytest

from bci_dann.features import local_deviations

ONE = np.repeat("1/0", 200)


def test_it_is_the_weighted_mean_of_the_neighbours_less_that_of_the_domain():
    X = np.random.default_rng(0).normal(size=(200, 3))
    wanted = []
    for i in range(200):
        weights = np.exp(-((np.arange(200) - i) ** 2) / (2 * 7.0**2))
        wanted.append(np.average(X, axis=0, weights=weights) - X.mean(axis=0))
    np.testing.assert_allclose(local_deviations(X, ONE, 7.0), wanted, atol=1e-12)


def test_domains_do_not_reach_each_other():
    X = np.random.default_rng(0).normal(size=(200, 2))
    domains = np.repeat(["1/0", "2/0"], 100)
    apart = np.concatenate([local_deviations(part, ONE[:100], 5.0) for part in (X[:100], X[100:])])
    np.testing.assert_allclose(local_deviations(X, domains, 5.0), apart)
    turns = np.arange(200).reshape(2, 100).T.ravel()  # one trial of each in turn
    in_turns = local_deviations(X[turns], domains[turns], 5.0)
    np.testing.assert_allclose(in_turns, apart[turns])


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_what_differs_from_domain_to_domain_stays(offset):
    X = np.random.default_rng(0).normal(size=(200, 1)) + offset
    X[100:] += 50.0
    domains = np.repeat(["1/0", "1/1"], 100)
    centred = X - local_deviations(X, domains, 5.0)
    assert centred[100:].mean() - centred[:100].mean() == pytest.approx(50.0, abs=1.0)


def test_classes_in_blocks_are_kept_apart_where_they_are_known():
    labels = np.repeat([0, 1, 0, 1], 50)
    slow = np.sin(np.arange(200) / 30.0)
    X = (labels - 0.5 + slow)[:, None]
    kept = X - local_deviations(X, ONE, 5.0, labels)
    unknown = X - local_deviations(X, ONE, 5.0, np.full(200, -1))
    apart = [np.ptp([one[labels == k].mean() for k in (0, 1)]) for one in (kept, unknown)]
    assert apart[0] == pytest.approx(np.ptp([X[labels == k].mean() for k in (0, 1)]), abs=0.01)
    assert apart[1] < 0.2
    assert kept.std() < X.std() * 0.8


def test_one_trial_deviates_by_nothing():
    X = np.ones((1, 4), dtype=np.float32)
    np.testing.assert_array_equal(local_deviations(X, np.array(["1/0"]), 10.0), np.zeros((1, 4)))
