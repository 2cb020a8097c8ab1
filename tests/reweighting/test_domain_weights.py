from __future__ import annotations

import importlib

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann.exceptions import BCIDannWarning, DataError
from bci_dann.reweighting import (
    WEIGHTINGS,
    DomainWeights,
    choose_temper,
    domain_classifier_weights,
    per_subject,
    tempered,
    weigh_sources,
    weigh_with,
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


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_a_weighting_gives_the_weights_of_its_name(name):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    module, _, class_name = WEIGHTINGS[name].partition(":")
    weighting = getattr(importlib.import_module(module), class_name)()
    by_object = weigh_with(weighting, source, target, 3)
    by_name = weigh_sources(source, target, name, 3)
    np.testing.assert_array_equal(by_object.weights, by_name.weights)
    assert by_object.domain_auc == by_name.domain_auc
    assert by_object.effective_sample_size == by_name.effective_sample_size


def test_a_weighting_of_ones_own_gets_the_same_diagnostics():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))

    def half(X_source, X_target):
        return np.repeat([2.0, 0.0], 30)

    weighed = weigh_with(half, source, target, 0)
    np.testing.assert_array_equal(weighed.weights, half(source, target))
    assert weighed.effective_sample_size == 30
    assert weighed.domain_auc == weigh_sources(source, target, "logistic", 0).domain_auc


def test_a_weighting_that_breaks_its_contract_is_named():
    def unscaled(X_source, X_target):
        return np.full(len(X_source), 7.0)

    with pytest.raises(DataError, match=r"weighting 'unscaled'.*got mean 7"):
        weigh_with(unscaled, np.ones((10, 1)), np.zeros((10, 1)))
