"""Confidence intervals of means over subjects."""

import numpy as np
import pytest

from bci_dann.evaluation.statistics.intervals import mean_interval


@pytest.mark.parametrize("n_subjects", [3, 6, 10])
def test_intervals_hold_the_true_mean_in_95_of_100_studies(n_subjects):
    rng = np.random.default_rng(0)
    intervals = [mean_interval(rng.normal(70, 10, n_subjects)) for _ in range(2000)]
    assert np.mean([low < 70 < high for low, high in intervals]) == pytest.approx(0.95, abs=0.02)


def test_an_interval_of_accuracies_ends_at_100_percent():
    low, high = mean_interval(np.array([99.0, 100.0, 90.0, 100.0]), (0.0, 100.0))
    assert (low < 97.25, high) == (True, 100.0)


def test_equal_values_have_an_interval_of_length_zero():
    assert mean_interval(np.array([70.0, 70.0, 70.0])) == (70.0, 70.0)


def test_one_subject_has_no_interval():
    assert np.isnan(mean_interval(np.array([70.0]))).all()
