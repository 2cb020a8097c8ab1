"""Each ratio against the analytic one of two normal densities."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal, spearmanr

from bci_dann.exceptions import BCIDannWarning
from bci_dann.reweighting import WEIGHTINGS, weigh_sources

METHODS = list(WEIGHTINGS)


def pair(mean, scale=1.0, n=1500, n_features=2, seed=0):
    rng = np.random.default_rng(seed)
    centre = np.zeros(n_features)
    centre[0] = mean
    source = rng.standard_normal((n, n_features))
    target = centre + scale * rng.standard_normal((n // 2, n_features))
    densities = [
        multivariate_normal(m, s**2 * np.eye(n_features)).pdf(source)
        for m, s in ((centre, scale), (np.zeros(n_features), 1.0))
    ]
    return source, target, densities[0] / densities[1]


@pytest.mark.parametrize("method", METHODS)
def test_weights_rank_trials_as_the_true_ratio_does(method):
    source, target, truth = pair(mean=1.0)
    weights = weigh_sources(source, target, method, 0).weights
    assert spearmanr(weights, truth)[0] > 0.9
    # and one that is upside down could never pass
    assert spearmanr(1 / np.maximum(weights, 1e-9), truth)[0] < 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_weighted_mean_moves_most_of_the_way(method, seed):
    source, target, _ = pair(mean=1.0, seed=seed)
    weights = weigh_sources(source, target, method, seed).weights
    assert 0.5 < np.average(source[:, 0], weights=weights) < 1.3
    assert abs(np.average(source[:, 1], weights=weights)) < 0.15


@pytest.mark.parametrize("method", ["gaussian", "kmm", "kliep", "ulsif", "forest", "boosting"])
def test_a_smaller_spread_draws_weight_to_the_middle(method):
    source, target, truth = pair(mean=0.0, scale=0.5)
    weights = weigh_sources(source, target, method, 0).weights
    assert spearmanr(weights, truth)[0] > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_weights_whatever_comes(method):
    rng = np.random.default_rng(0)
    cases = {
        "no overlap": (rng.normal(0, 1, (60, 3)), rng.normal(30, 1, (20, 3))),
        "constant feature": (
            np.c_[rng.normal(size=(60, 2)), np.ones(60)],
            np.c_[rng.normal(size=(20, 2)), np.ones(20)],
        ),
        "more features than trials": (rng.normal(size=(60, 30)), rng.normal(size=(10, 30))),
        "tiny units": (1e-6 * rng.normal(size=(60, 2)), 1e-6 * rng.normal(1, 1, size=(20, 2))),
    }
    for name, (source, target) in cases.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BCIDannWarning)  # said where weights are lost
            found = weigh_sources(source, target, method, 0)
        assert np.isfinite(found.weights).all(), name
        assert (found.weights >= 0).all(), name
        assert found.weights.mean() == pytest.approx(1), name
        assert 1 <= found.effective_sample_size <= 60, name


def test_tempering_trades_bias_for_sample_size():
    source, target, _ = pair(mean=1.5)
    sizes = [
        weigh_sources(source, target, "gaussian", 0, temper=temper).effective_sample_size
        for temper in (1.0, 0.5, 0.0)
    ]
    assert sizes[0] < sizes[1] < sizes[2] == pytest.approx(len(source))


def test_the_same_answer_each_time():
    source, target, _ = pair(mean=1.0, n=300)
    for method in METHODS:
        one, two = (weigh_sources(source, target, method, 3).weights for _ in range(2))
        np.testing.assert_array_equal(one, two)


def test_weights_that_are_lost_are_not_lost_silently():
    rng = np.random.default_rng(0)
    with pytest.warns(BCIDannWarning, match="do not overlap"):
        found = weigh_sources(rng.normal(0, 0.1, (60, 2)), rng.normal(1e4, 0.1, (20, 2)), "ulsif")
    np.testing.assert_array_equal(found.weights, 1)
