"""Intervals of one subject's scores: they hold the truth as often as they say, with few trials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from bci_dann.evaluation.statistics.proportions import (
    accuracy_estimate,
    auc_estimate,
    balanced_accuracy_estimate,
    trials_for_half_width,
)
from bci_dann.exceptions import ConfigError


def holds(estimate, truth):
    return estimate.low <= truth <= estimate.high


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (7, 12), (40, 40), (0, 40)])
def test_limits_are_those_at_which_the_outcome_has_a_tail_of_a_fortieth(right, n):
    from scipy.stats import binom

    value, low, high = accuracy_estimate(right, n)
    assert value == right / n
    assert low == 0 if right == 0 else binom.sf(right - 1, n, low) == pytest.approx(0.025)
    assert high == 1 if right == n else binom.cdf(right, n, high) == pytest.approx(0.025)


@pytest.mark.parametrize("recalls", [(0.5, 0.5), (0.9, 0.7), (0.98, 0.4), (0.6, 0.8, 0.7)])
def test_balanced_accuracy_is_held_as_often_as_promised(recalls):
    rng = np.random.default_rng(0)
    sizes = (8, 25, 15)[: len(recalls)]
    drawn = rng.binomial(sizes, recalls, (300, len(recalls)))
    held = [holds(balanced_accuracy_estimate(row, sizes), np.mean(recalls)) for row in drawn]
    assert np.mean(held) >= 0.95


@pytest.mark.parametrize("auc", [0.5, 0.8, 0.97])
@pytest.mark.parametrize("sizes", [(10, 10), (60, 15)])
def test_auc_is_held_about_as_often_as_promised(auc, sizes):
    rng = np.random.default_rng(0)
    positive = rng.standard_normal((400, sizes[0], 1)) + np.sqrt(2) * norm.ppf(auc)
    areas = (positive > rng.standard_normal((400, 1, sizes[1]))).mean(axis=(1, 2))
    assert np.mean([holds(auc_estimate(area, *sizes), auc) for area in areas]) >= 0.92


def test_a_perfect_order_of_few_trials_is_no_certainty():
    assert auc_estimate(1.0, 5, 5).low < 0.75
    assert auc_estimate(0.0, 5, 5) == (0.0, 0.0, pytest.approx(1 - auc_estimate(1.0, 5, 5).low))
    assert auc_estimate(1.0, 50, 50).low > 0.9


@pytest.mark.parametrize("accuracy", [0.5, 0.75, 1.0])
def test_the_trials_that_are_asked_for_are_just_enough(accuracy):
    n = trials_for_half_width(accuracy, 0.1)
    for size, is_enough in ((n, True), (n - 2, False)):
        _, low, high = accuracy_estimate(round(accuracy * size), size)
        assert (high - low <= 0.2) is is_enough


def test_a_width_that_would_take_forever_is_refused():
    with pytest.raises(ConfigError, match=r"half_width must be a number at least 0\.01"):
        trials_for_half_width(0.8, 0.001)
