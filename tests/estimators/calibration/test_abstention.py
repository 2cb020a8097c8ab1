"""Who gets no class: by a threshold, and by the error that is allowed."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.calibration.abstention import (
    NOTHING_ANSWERED,
    is_abstained,
    threshold_for_error,
)


def of_confidence(confidence):
    confidence = np.asarray(confidence, dtype=float)
    return np.stack([confidence, 1 - confidence], axis=1)


def test_below_the_threshold_and_where_nothing_is_known():
    probabilities = of_confidence([0.9, 0.7, 0.69, 0.5, 0.2])
    np.testing.assert_array_equal(is_abstained(probabilities, 0.7), [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(is_abstained(probabilities, 0.0), [0, 0, 0, 1, 0])
    assert is_abstained(probabilities, NOTHING_ANSWERED).all()


def test_the_lowest_threshold_that_keeps_the_error():
    confidence = np.array([0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.51])
    labels = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1, 1])
    one = np.repeat("a", 10)
    found = [
        threshold_for_error(of_confidence(confidence), labels, one, e) for e in (0.1, 0.2, 0.6)
    ]
    assert found == [0.85, 0.7, 0.0]  # errors of 0 in 3, 1 in 6 and 5 in 10
    answered = ~is_abstained(of_confidence(confidence), found[1])
    assert labels[answered].mean() <= 0.2


def test_subjects_count_the_same():
    confidence = np.r_[np.full(90, 0.8), np.full(10, 0.7)]
    labels = np.r_[np.zeros(90), np.tile([0, 1], 5)].astype(int)
    subjects = np.repeat(["many", "few"], [90, 10])
    # 5 of 100 trials are wrong, and in the mean over subjects a quarter
    assert threshold_for_error(of_confidence(confidence), labels, subjects, 0.1) == 0.8
    assert threshold_for_error(of_confidence(confidence), labels, subjects, 0.25) == 0.0


def test_trials_of_one_confidence_are_answered_together():
    confidence, labels = np.full(10, 0.8), np.array([0] * 8 + [1] * 2)
    subjects = np.repeat("a", 10)
    probabilities = of_confidence(confidence)
    assert threshold_for_error(probabilities, labels, subjects, 0.1) == NOTHING_ANSWERED
    assert threshold_for_error(probabilities, labels, subjects, 0.2) == 0.0


@pytest.mark.parametrize(("n_right", "expected"), [(9, NOTHING_ANSWERED), (10, 0.9)])
def test_an_error_of_a_few_trials_is_no_evidence(n_right, expected):
    confidence = np.r_[np.full(n_right, 0.9), np.full(100 - n_right, 0.8)]
    labels = np.r_[np.zeros(n_right), np.ones(100 - n_right)].astype(int)
    probabilities = of_confidence(confidence)
    assert threshold_for_error(probabilities, labels, np.repeat("a", 100), 0.05) == expected
