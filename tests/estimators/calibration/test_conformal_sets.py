"""Thresholds of prediction sets: by class, by subject, and on new subjects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bci_dann.estimators.calibration.conformal_sets import class_thresholds, prediction_sets


def simulated(n_subjects, n_trials, rng):
    """Probabilities of subjects who differ in how well they are decoded; class 1 is harder."""
    skill = np.repeat(rng.uniform(0, 3, n_subjects), n_trials)
    labels = rng.integers(2, size=len(skill))
    score = (2 * labels - 1) * skill * np.where(labels == 1, 0.5, 1.5) + rng.normal(size=len(skill))
    probabilities = softmax(np.stack([-score, score], axis=1), axis=1)
    return probabilities, labels, np.repeat(np.arange(n_subjects), n_trials).astype(str)


def test_the_threshold_is_a_weighted_quantile_by_hand():
    own = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    probabilities = np.stack([own, 1 - own], axis=1)
    probabilities = np.vstack([probabilities, [[0.1, 0.9]]])
    labels = np.array([0, 0, 0, 0, 0, 1])
    subjects = np.array(["a", "a", "a", "a", "b", "b"])
    # subject b has one trial of class 0, with as much weight as the four of subject a
    found = class_thresholds(probabilities, labels, subjects, 0.5, conservative=False)
    np.testing.assert_allclose(found, [0.6, 0.9])
    found = class_thresholds(probabilities, labels, subjects, 0.45, conservative=False)
    np.testing.assert_allclose(found, [0.6, 0.9])
    found = class_thresholds(probabilities, labels, subjects, 0.3, conservative=False)
    np.testing.assert_allclose(found, [0.7, 0.9])


@pytest.mark.parametrize("coverage", [0.6, 0.8, 0.9])
@pytest.mark.parametrize("conservative", [False, True])
def test_new_subjects_are_covered_in_each_class(coverage, conservative):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(200):
        thresholds = class_thresholds(*simulated(30, 40, rng), coverage, conservative)
        probabilities, labels, _ = simulated(20, 40, rng)
        hit = probabilities[np.arange(len(labels)), labels] >= thresholds[labels]
        covered.append([hit[labels == name].mean() for name in (0, 1)])
        sets = prediction_sets(probabilities, thresholds)
        assert sets[np.arange(len(labels)), labels].mean() >= hit.mean()
    mean = np.mean(covered, axis=0)
    assert (mean > coverage - (0.0 if conservative else 0.02)).all()
    assert (mean < coverage + (0.05 if conservative else 0.01)).all()


def test_too_few_subjects_for_the_promise_put_all_classes_into_all_sets():
    rng = np.random.default_rng(1)
    for n_subjects, full in ((8, True), (9, False)):
        thresholds = class_thresholds(*simulated(n_subjects, 30, rng), 0.9, conservative=True)
        assert (thresholds == 0).all() == full


def test_the_most_probable_class_is_always_there():
    sets = prediction_sets(np.array([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3]]), np.full(3, 0.9))
    np.testing.assert_array_equal(sets, [[True, False, False], [False, True, False]])


def test_equal_probabilities_have_all_classes():
    assert prediction_sets(np.full((1, 4), 0.25), np.full(4, 0.9)).all()
