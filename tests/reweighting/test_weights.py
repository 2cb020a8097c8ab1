from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann.exceptions import BCIDannWarning
from bci_dann.reweighting import (
    DomainWeights,
    choose_temper,
    domain_classifier_weights,
    per_subject,
    tempered,
    weigh_sources,
)


@pytest.fixture
def found():
    return DomainWeights(np.array([4.0, 2.0, 1.0, 1.0, 0.5, 0.5]) / 1.5, 0.8, 3.6)


SUBJECTS = np.array(["a", "a", "b", "b", "c", "c"])


def test_a_subjects_trials_get_its_mean(found):
    even = per_subject(found, SUBJECTS)
    np.testing.assert_allclose(even.weights, [2, 2, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert even.effective_sample_size > found.effective_sample_size


def test_the_most_similar_subjects_are_kept(found):
    kept = per_subject(found, SUBJECTS, n_subjects=1)
    np.testing.assert_allclose(kept.weights, [3, 3, 0, 0, 0, 0])
    assert kept.effective_sample_size == pytest.approx(2)
    np.testing.assert_allclose(
        per_subject(found, SUBJECTS, n_subjects=9).weights, per_subject(found, SUBJECTS).weights
    )


def test_tempering_is_a_power_of_mean_one(found):
    half = tempered(found, 0.5)
    np.testing.assert_allclose(half.weights / half.weights[2], found.weights**0.5 / 1.5**-0.5)
    assert half.weights.mean() == pytest.approx(1)


def test_domains_apart_are_told_with_the_figure():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(400, 1)), rng.normal(2.5, 0.3, size=(100, 1))
    with pytest.warns(BCIDannWarning, match=r"400 source trials are worth \d+ .*Align them"):
        domain_classifier_weights(source, target, random_state=0)


def regions(rng, n=1200):
    """The label follows one rule on the left, its opposite on the right; the target is right."""
    X = rng.uniform(-2, 2, (n, 2))
    y = np.where(X[:, 0] > 0, X[:, 1] > 0, X[:, 1] < 0).astype(int)
    return X, y, X[X[:, 0] > 0.5]


def test_whole_weights_are_chosen_where_they_help():
    X, y, target = regions(np.random.default_rng(0))
    weights = weigh_sources(X, target, "logistic", 0).weights
    assert choose_temper(LogisticRegression(), X, y, weights) >= 0.5


def test_even_weights_are_chosen_where_weights_are_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 10))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    noise = rng.exponential(size=300) ** 3
    subjects = np.repeat(["1", "2", "3"], 100)
    assert choose_temper(LogisticRegression(), X, y, noise / noise.mean(), subjects) <= 0.5


def test_too_few_trials_to_hold_any_out_leave_weights_even():
    X = np.arange(6.0)[:, None]
    assert choose_temper(LogisticRegression(), X, np.array([0, 0, 0, 0, 0, 1]), np.ones(6)) == 0
