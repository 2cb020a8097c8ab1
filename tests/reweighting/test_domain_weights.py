from __future__ import annotations

import importlib
import warnings
from pathlib import Path

import numpy as np
import pytest

from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError
from bci_dann.reweighting import (
    WEIGHTINGS,
    DomainWeights,
    average_by_subject,
    domain_classifier_weights,
    temper_weights,
    warn_without_overlap,
    weigh_sources,
    weigh_with,
)
from bci_dann.reweighting.builtin_weightings import GaussianWeighting


@pytest.fixture
def weighed():
    return DomainWeights(np.array([4.0, 2.0, 1.0, 1.0, 0.5, 0.5]) / 1.5, 0.8, 3.6)


SUBJECTS = np.array(["a", "a", "b", "b", "c", "c"])


def test_a_subjects_trials_get_its_mean(weighed):
    even = average_by_subject(weighed, SUBJECTS)
    np.testing.assert_allclose(even.weights, [2, 2, 2 / 3, 2 / 3, 1 / 3, 1 / 3])
    assert even.effective_sample_size > weighed.effective_sample_size


def test_the_subjects_of_largest_mean_weight_remain(weighed):
    nearest = average_by_subject(weighed, SUBJECTS, n_subjects=1)
    np.testing.assert_allclose(nearest.weights, [3, 3, 0, 0, 0, 0])
    assert nearest.effective_sample_size == pytest.approx(2)
    np.testing.assert_allclose(
        average_by_subject(weighed, SUBJECTS, n_subjects=9).weights,
        average_by_subject(weighed, SUBJECTS).weights,
    )


def test_tempering_is_a_power_of_mean_one(weighed):
    half = temper_weights(weighed, 0.5)
    np.testing.assert_allclose(half.weights / half.weights[2], weighed.weights**0.5 / 1.5**-0.5)
    assert half.weights.mean() == pytest.approx(1)


def test_domains_without_overlap_give_a_warning_with_the_diagnostics():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(400, 1)), rng.normal(2.5, 0.3, size=(100, 1))
    with pytest.warns(BCIDannWarning, match=r"sample size \d+ of 400 source trials.*Align them"):
        domain_classifier_weights(source, target, random_state=0)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_a_weighting_gives_the_weights_of_its_name(name):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    module, _, class_name = WEIGHTINGS[name].partition(":")
    weighting = getattr(importlib.import_module(module), class_name)()
    by_object = weigh_with(weighting, source, target, 3)
    by_name = weigh_sources(source, target, name, 3)
    np.testing.assert_allclose(by_object.weights, by_name.weights, rtol=1e-12)
    assert by_object.domain_auc == by_name.domain_auc
    assert by_object.effective_sample_size == pytest.approx(by_name.effective_sample_size)


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


@pytest.mark.parametrize(
    ("domain_auc", "effective", "warns"),
    [
        (0.94, 50, False),
        (0.95, 50, True),
        (0.6, 5.1, False),
        (0.6, 4.9, True),
        (np.nan, 100, False),
    ],
)
def test_overlap_is_judged_by_auc_and_by_effective_sample_size(domain_auc, effective, warns):
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        warn_without_overlap(DomainWeights(np.ones(100), domain_auc, effective))
    assert [w.category for w in given] == [BCIDannWarning] * warns


def test_weights_of_power_0_are_equal_and_of_power_1_unchanged(weighed):
    np.testing.assert_array_equal(temper_weights(weighed, 0.0).weights, np.ones(6))
    np.testing.assert_allclose(temper_weights(weighed, 1.0).weights, weighed.weights)
    assert temper_weights(weighed, 0.0).effective_sample_size == 6
    assert temper_weights(weighed, 0.0).domain_auc == weighed.domain_auc


@pytest.mark.parametrize("temper", [-0.1, "auto", None])
def test_a_power_that_cannot_be(temper):
    with pytest.raises(ConfigError, match="temper must be a number at least 0"):
        weigh_sources(np.ones((10, 1)), np.ones((10, 1)), temper=temper)


def test_an_unknown_name_lists_the_weightings():
    with pytest.raises(ConfigError, match=r"ratio must be .*'kmm'.*got 'kkm'. Did you mean 'kmm'"):
        weigh_sources(np.ones((10, 1)), np.ones((10, 1)), "kkm")


def test_subjects_of_unequal_size_are_compared_by_their_mean():
    """A subject is not nearer because it has more trials."""
    weighed = DomainWeights(np.array([1.0, 1.0, 1.0, 1.0, 1.5, 0.5]), 0.7, 5.0)
    subjects = np.array(["many"] * 4 + ["good", "bad"])
    nearest = average_by_subject(weighed, subjects, n_subjects=1)
    np.testing.assert_array_equal(nearest.weights, [0, 0, 0, 0, 6, 0])
    assert nearest.domain_auc == 0.7


def test_of_equally_near_subjects_the_first_ones_by_name_remain():
    weighed = DomainWeights(np.ones(6), 0.5, 6.0)
    nearest = average_by_subject(weighed, np.array(["c", "c", "a", "a", "b", "b"]), n_subjects=2)
    np.testing.assert_array_equal(nearest.weights, [0, 0, 1.5, 1.5, 1.5, 1.5])


def test_subjects_need_not_be_sorted():
    weighed = DomainWeights(np.array([3.0, 0.5, 0.5, 1.0, 0.5, 0.5]), 0.7, 4.0)
    subjects = np.array(["b", "a", "b", "a", "b", "a"])
    means = average_by_subject(weighed, subjects).weights
    np.testing.assert_allclose(means[subjects == "b"], 4 / 3)
    np.testing.assert_allclose(means[subjects == "a"], 2 / 3)


@pytest.mark.parametrize("ratio", ["logistic", "ulsif"])
def test_the_diagnostics_describe_the_weights(ratio):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(80, 2)), rng.normal(0.8, 1, size=(40, 2))
    weighed = weigh_sources(source, target, ratio, 0)
    w = weighed.weights
    assert weighed.effective_sample_size == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert 0.5 < weighed.domain_auc < 0.95


def test_the_domain_auc_grows_with_the_distance():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(200, 2)), rng.normal(size=(100, 2))
    aucs = [weigh_sources(source, target + d, "ulsif", 0).domain_auc for d in (0.0, 0.5, 1.0, 3.0)]
    assert aucs == sorted(aucs)
    assert aucs[0] < 0.6 < 0.98 < aucs[-1]


def test_the_domain_auc_of_a_nonlinear_shift_needs_a_nonlinear_classifier():
    """Logistic regression, which judges density ratios, sees means alone."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(400, 2)), rng.normal(0, 3, size=(400, 2))
    aucs = {name: weigh_sources(source, target, name, 0).domain_auc for name in ("kmm", "boosting")}
    assert aucs["kmm"] < 0.6 < 0.75 < aucs["boosting"]


def test_a_generator_gives_other_folds_each_time():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    generator = np.random.default_rng(1)
    one, two = (weigh_sources(source, target, "logistic", generator) for _ in range(2))
    assert not np.array_equal(one.weights, two.weights)
    again = weigh_sources(source, target, "logistic", np.random.default_rng(1))
    np.testing.assert_array_equal(again.weights, one.weights)


def test_a_random_weighting_of_ones_own_is_reproducible():
    def drawn(X_source, X_target, random_state):
        weights = np.random.default_rng(random_state).uniform(size=len(X_source))
        return weights / weights.mean()

    sides = np.zeros((20, 1)), np.ones((20, 1))
    one, two, other = (weigh_with(drawn, *sides, seed).weights for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_weights_of_subjects_without_overlap_are_computed_and_warned_of_once():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(40, 1)), rng.normal(60, 1, size=(40, 1))
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        weights = domain_classifier_weights(source, target, random_state=0)
    assert len(given) == 1
    assert Path(given[0].filename).name == Path(__file__).name  # the caller's line
    np.testing.assert_allclose(weights, 1.0, atol=0.2)


def test_a_subclass_of_a_built_in_weighting_computes_its_own_weights():
    class NearestTen(GaussianWeighting):
        def __call__(self, X_source, X_target, random_state=None):
            distance = np.linalg.norm(X_source - X_target.mean(0), axis=1)
            return np.where(np.argsort(np.argsort(distance)) < 10, len(X_source) / 10, 0.0)

    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    assert weigh_with(NearestTen(), source, target, 0).effective_sample_size == pytest.approx(10)


@pytest.mark.parametrize("temper", [0.0, 1.0, 1000.0])
def test_any_power_of_weights_is_finite(temper):
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(60, 2)), rng.normal(0.5, 1, size=(30, 2))
    tempered = weigh_sources(source, target, "logistic", 0, temper=temper)
    assert tempered.weights.mean() == pytest.approx(1.0)
    assert 1.0 <= tempered.effective_sample_size <= 60.0 + 1e-9
