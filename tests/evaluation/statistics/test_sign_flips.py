"""The sign-flip test is exact for few subjects, and reproducible for many."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bci_dann.evaluation.statistics.sign_flips import EXACT_SUBJECTS, sign_flip_p_value


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
def test_p_value_is_the_share_of_sign_patterns_with_a_mean_as_extreme(alternative):
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.15])
    patterns = np.array(list(itertools.product((-1, 1), repeat=len(differences))))
    means = (patterns * differences).mean(axis=1)
    share = (means >= differences.mean() - 1e-12).mean()
    expected = share if alternative == "greater" else 2 * share
    assert sign_flip_p_value(differences, alternative) == pytest.approx(expected)


def test_p_value_for_many_subjects_does_not_change():
    differences = np.random.default_rng(1).normal(0.3, 1.0, EXACT_SUBJECTS + 5)
    first = sign_flip_p_value(differences, "greater")
    assert first == sign_flip_p_value(differences, "greater")
    assert 0.0 < first < 1.0


def test_equal_means_count_as_equal_whatever_their_rounding():
    hits, others = np.array([[13, 14, 8, 8], [12, 10, 12, 9]])  # of 23 trials
    expected = sign_flip_p_value((hits - others).astype(float), "greater")
    assert sign_flip_p_value(hits / 23 - others / 23, "greater") == expected
