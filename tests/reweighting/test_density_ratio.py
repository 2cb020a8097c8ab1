"""Each ratio against the analytic one of two normal densities."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal, spearmanr

from bci_dann.exceptions import BCIDannWarning
from bci_dann.reweighting import WEIGHTINGS, weigh_sources
from bci_dann.reweighting.density_ratio import (
    gaussian,
    kernel_mean_matching,
    kliep,
    neighbours,
    rulsif,
    ulsif,
)

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
def test_a_smaller_variance_of_the_target_weights_the_centre(method):
    source, target, truth = pair(mean=0.0, scale=0.5)
    weights = weigh_sources(source, target, method, 0).weights
    assert spearmanr(weights, truth)[0] > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_finite_and_of_mean_1_in_degenerate_cases(method):
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
            warnings.simplefilter("ignore", BCIDannWarning)
            weighed = weigh_sources(source, target, method, 0)
        assert np.isfinite(weighed.weights).all(), name
        assert (weighed.weights >= 0).all(), name
        assert weighed.weights.mean() == pytest.approx(1), name
        assert 1 <= weighed.effective_sample_size <= 60, name


def test_tempering_trades_bias_for_sample_size():
    source, target, _ = pair(mean=1.5)
    sizes = [
        weigh_sources(source, target, "gaussian", 0, temper=temper).effective_sample_size
        for temper in (1.0, 0.5, 0.0)
    ]
    assert sizes[0] < sizes[1] < sizes[2] == pytest.approx(len(source))


def test_results_are_reproducible():
    source, target, _ = pair(mean=1.0, n=300)
    for method in METHODS:
        one, two = (weigh_sources(source, target, method, 3).weights for _ in range(2))
        np.testing.assert_array_equal(one, two)


def test_without_overlap_a_warning_is_given():
    rng = np.random.default_rng(0)
    with pytest.warns(BCIDannWarning, match="do not overlap"):
        weighed = weigh_sources(rng.normal(0, 0.1, (60, 2)), rng.normal(1e4, 0.1, (20, 2)), "ulsif")
    np.testing.assert_array_equal(weighed.weights, 1)


def test_the_gaussian_ratio_by_its_formula():
    source, target, truth = pair(mean=0.5, n=20_000)
    ratio = gaussian(source, target)
    assert ratio.max() == 1.0
    np.testing.assert_allclose(ratio / ratio.mean(), truth / truth.mean(), rtol=0.25)


def test_neighbours_are_counted_as_by_hand():
    source = np.arange(8.0)[:, None]
    target = np.array([[0.0], [0.4], [6.0], [100.0]])
    # the fifth nearest of the other sources lies at 5, 4, 3, 3, 3, 3, 4, 5
    np.testing.assert_array_equal(neighbours(source, target), [2, 2, 2, 3, 1, 1, 1, 1])


def test_kernel_mean_matching_lowers_its_objective_and_keeps_its_bound():
    source, target, _ = pair(mean=1.0, n=80)

    def mismatch(weights):
        """Squared distance of the kernel means, of the width that the method takes."""
        everything = np.concatenate([source, target])
        distances = cdist(everything, everything)
        kernel = np.exp(-0.5 * (distances / np.median(distances[distances > 0])) ** 2)
        signs = np.concatenate([weights / len(source), -np.ones(len(target)) / len(target)])
        return signs @ kernel @ signs

    weights = kernel_mean_matching(source, target)
    assert mismatch(weights) < 0.1 * mismatch(np.ones(80))
    bounded = kernel_mean_matching(source, target, bound=1.2)
    assert bounded.max() <= 1.2
    assert mismatch(bounded) > mismatch(weights)


def test_the_relative_ratio_of_no_mixture_is_the_plain_one():
    source, target, _ = pair(mean=1.0, n=100)
    np.testing.assert_array_equal(rulsif(source, target, relative=0.0), ulsif(source, target))
    assert rulsif(source, target, relative=0.5).max() < 1.3 / 0.5


def test_kliep_has_mean_1_at_the_source_by_its_constraint():
    source, target, _ = pair(mean=0.5, n=200)
    assert kliep(source, target).mean() == pytest.approx(1.0, abs=1e-6)
