from __future__ import annotations

import numpy as np
import pytest

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.reweighting import (
    domain_classifier_weights,
    effective_sample_size,
    weigh_sources,
)
from bci_dann.reweighting.domain_classifier import calibrate, odds_weights


def pair(seed: int, n: int = 5000, mean: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, 1)), rng.normal(mean, 1, (n, 1))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("classifier", ["logistic", "forest"])
def test_weighted_source_mean_moves_to_the_target(classifier, seed):
    source, target = pair(seed)
    weights = domain_classifier_weights(source, target, classifier, random_state=seed)
    assert weights.shape == (5000,)
    assert np.isfinite(weights).all()
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1)
    assert abs(np.average(source[:, 0], weights=weights) - 1.5) < 0.35


def test_inverted_odds_would_move_it_the_other_way():
    source, target = pair(0)
    weights = domain_classifier_weights(source, target, random_state=0)
    assert np.average(source[:, 0], weights=1 / weights) < 0


def test_same_domain_has_even_weights_and_no_auc():
    source, target = pair(0, mean=0.0)
    found = weigh_sources(source, target, "logistic", 0)
    assert found.domain_auc == pytest.approx(0.5, abs=0.03)
    assert found.effective_sample_size > 0.95 * len(source)


def test_domains_far_apart_are_reported_and_stay_finite():
    source, target = pair(0, n=500, mean=50.0)
    found = weigh_sources(source, target, "forest", 0)
    assert found.domain_auc == pytest.approx(1.0)
    assert np.isfinite(found.weights).all()


def test_sample_sizes_do_not_matter():
    source, target = pair(0)
    few = domain_classifier_weights(source, target[:1000], random_state=0)
    assert abs(np.average(source[:, 0], weights=few) - 1.5) < 0.35
    assert few.mean() == pytest.approx(1)


def test_same_seed_same_weights():
    source, target = pair(0, n=300, mean=0.5)
    one, two = (domain_classifier_weights(source, target, "forest", 3) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_calibration_flattens_overconfidence_and_never_turns_round():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 4000)
    is_target = (rng.uniform(size=4000) < p).astype(int)
    odds = np.log(p / (1 - p))
    overconfident = 1 / (1 + np.exp(-3 * odds))
    np.testing.assert_allclose(calibrate(overconfident, is_target), p, atol=0.03)
    np.testing.assert_array_equal(calibrate(1 - p, is_target), is_target.mean())


def test_odds_of_known_probabilities():
    weights = odds_weights(np.array([0.5, 0.75, 0.0, 1.0]), clip=0.01)
    expected = np.array([1, 3, 1 / 99, 99])
    np.testing.assert_allclose(weights, expected / expected.mean())


def test_effective_sample_size_of_known_weights():
    assert effective_sample_size([1, 1, 1, 1]) == 4
    assert effective_sample_size([5, 0, 0, 0]) == 1
    assert effective_sample_size([0, 0]) == 0
    assert effective_sample_size([3, 1]) == pytest.approx(16 / 10)


def test_bad_input():
    source, target = pair(0, n=20)
    with pytest.raises(ConfigError, match="'logistic', 'forest'"):
        domain_classifier_weights(source, target, "forrest")
    with pytest.raises(DataError, match="X_target has 3 trials"):
        domain_classifier_weights(source, target[:3])
    with pytest.raises(DataError, match="same features"):
        domain_classifier_weights(source, np.ones((20, 2)))


@pytest.mark.parametrize("clip", [0, -1, 0.5, 0.7, "x"])
def test_clip_that_would_let_infinite_weights_through(clip):
    source, target = pair(0, n=20)
    with pytest.raises(ConfigError, match=r"clip must be a number above 0 and below 0\.5"):
        domain_classifier_weights(source, target, clip=clip)
