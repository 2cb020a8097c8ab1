from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bci_dann.exceptions import ConfigError, DataError
from bci_dann.reweighting import (
    domain_classifier_weights,
    weigh_sources,
)
from bci_dann.reweighting.domain_classifier import (
    CLASSIFIERS,
    calibrate,
    odds_weights,
    out_of_fold_probability,
)


def pair(seed: int, n: int = 5000, mean: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, 1)), rng.normal(mean, 1, (n, 1))


@pytest.mark.parametrize(
    ("classifier", "seed"),
    [*(("logistic", seed) for seed in range(10)), ("forest", 0), ("forest", 1), ("boosting", 0)],
)
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


def test_the_same_domain_has_equal_weights_and_an_auc_of_one_half():
    source, target = pair(0, mean=0.0)
    weighed = weigh_sources(source, target, "logistic", 0)
    assert weighed.domain_auc == pytest.approx(0.5, abs=0.03)
    assert weighed.effective_sample_size > 0.95 * len(source)


def test_domains_far_apart_are_reported_and_stay_finite():
    source, target = pair(0, n=500, mean=50.0)
    weighed = weigh_sources(source, target, "forest", 0)
    assert weighed.domain_auc == pytest.approx(1.0)
    assert np.isfinite(weighed.weights).all()


def test_sample_sizes_do_not_matter():
    source, target = pair(0)
    few = domain_classifier_weights(source, target[:1000], random_state=0)
    assert abs(np.average(source[:, 0], weights=few) - 1.5) < 0.35
    assert few.mean() == pytest.approx(1)


def test_same_seed_same_weights():
    source, target = pair(0, n=300, mean=0.5)
    one, two = (domain_classifier_weights(source, target, "forest", 3) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_calibration_reduces_overconfidence_and_never_inverts():
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


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_probabilities_are_out_of_fold(classifier):
    """In its own training trials a flexible classifier separates domains that are the same."""
    X = np.random.default_rng(0).normal(size=(200, 20))
    is_target = np.repeat([0, 1], 100)
    p = out_of_fold_probability(X, is_target, classifier, 0)
    assert p.shape == (200,)
    assert roc_auc_score(is_target, p) < 0.65


def test_probabilities_depend_on_the_seed_alone():
    X = np.random.default_rng(0).normal(size=(60, 2))
    is_target = np.arange(60) % 2
    one, two, other = (out_of_fold_probability(X, is_target, "forest", seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_calibrated_probabilities_keep_their_order_and_the_share_of_the_target():
    rng = np.random.default_rng(1)
    is_target = (np.arange(300) % 3 == 0).astype(int)
    p = np.clip(0.3 * is_target + rng.uniform(0, 0.7, 300), 0.0, 1.0)
    calibrated = calibrate(p, is_target)
    np.testing.assert_array_equal(np.argsort(calibrated), np.argsort(p, kind="stable"))
    assert calibrated.mean() == pytest.approx(1 / 3, abs=0.01)


def test_probabilities_of_0_and_1_are_calibrated_to_finite_odds():
    is_target = np.repeat([0, 1], 50)
    weights = odds_weights(calibrate(is_target.astype(float), is_target)[:50])
    assert np.isfinite(weights).all()
