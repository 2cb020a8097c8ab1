"""Confidence intervals of accuracy, balanced accuracy and ROC AUC for one set of trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann._validation import check_between
from bci_dann.evaluation.statistics.intervals import CONFIDENCE_LEVEL

__all__ = [
    "Estimate",
    "accuracy_estimate",
    "auc_estimate",
    "balanced_accuracy_estimate",
    "trials_for_half_width",
]

# Distance from 0 and 1 at which the search for the limits of an AUC of 0 or 1 begins.
AUC_MARGIN = 1e-9


class Estimate(NamedTuple):
    """A value and its 95 % confidence interval.

    Attributes
    ----------
    value : float
        The value, between 0 and 1.
    low, high : float
        Limits of the interval; NaN if unknown.

    See Also
    --------
    accuracy_estimate : Returns an estimate.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.proportions import Estimate
    >>> Estimate(0.8, 0.7, 0.9).low
    0.7
    """

    value: float
    low: float
    high: float


def accuracy_estimate(n_right: int, n_trials: int) -> Estimate:
    """Return an accuracy with its exact binomial interval.

    Parameters
    ----------
    n_right : int
        Number of correctly decoded trials.
    n_trials : int
        Number of trials, at least one.

    Returns
    -------
    Estimate
        The accuracy with the interval of Clopper and Pearson (1934), "The use of confidence or
        fiducial limits illustrated in the case of the binomial", Biometrika 26, 404-413. Its
        coverage is at least 95 % for any number of independent trials.

    See Also
    --------
    scipy.stats.binomtest : Has the same interval.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.proportions import accuracy_estimate
    >>> value, low, high = accuracy_estimate(10, 10)
    >>> value, round(low, 2), high
    (1.0, 0.69, 1.0)
    """
    low, high = _exact_limits(n_right, n_trials)
    return Estimate(n_right / n_trials, float(low), float(high))


def balanced_accuracy_estimate(n_right: Sequence[int], n_trials: Sequence[int]) -> Estimate:
    """Return the mean accuracy over classes with its interval.

    Parameters
    ----------
    n_right : sequence of int
        Number of correctly decoded trials of each class.
    n_trials : sequence of int
        Number of trials of each class, at least one.

    Returns
    -------
    Estimate
        The balanced accuracy. The limits of single classes, see :func:`accuracy_estimate`, are
        combined by the method of Zou and Donner (2008), "Construction of confidence limits about
        effect measures: a general approach", Stat. Med. 27, 1693-1702.

    See Also
    --------
    accuracy_estimate : Accuracy over all trials.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.proportions import balanced_accuracy_estimate
    >>> value, low, high = balanced_accuracy_estimate([10, 30], [20, 30])
    >>> value, round(low, 2), round(high, 2)
    (0.75, 0.62, 0.86)
    """
    single = [accuracy_estimate(*counts) for counts in zip(n_right, n_trials, strict=True)]
    value = float(np.mean([one.value for one in single]))
    below = math.hypot(*(one.value - one.low for one in single)) / len(single)
    above = math.hypot(*(one.high - one.value for one in single)) / len(single)
    return Estimate(value, max(0.0, value - below), min(1.0, value + above))


def auc_estimate(auc: float, n_positive: int, n_negative: int) -> Estimate:
    """Return an area under the ROC curve of two classes with its interval.

    Parameters
    ----------
    auc : float
        The area, between 0 and 1.
    n_positive, n_negative : int
        Number of trials of each class, at least one.

    Returns
    -------
    Estimate
        The area with the interval of method 5 of Newcombe (2006), "Confidence intervals for an
        effect size measure based on the Mann-Whitney statistic. Part 2", Stat. Med. 25, 559-573:
        the areas ``a`` whose distance from ``auc`` is at most 1.96 standard deviations, with the
        variance
        ``a (1 - a) (1 + m ((1 - a) / (2 - a) + a / (1 + a))) / (n_positive n_negative)`` and
        ``m = (n_positive + n_negative) / 2 - 1``. Its width is not zero even if all trials are
        ranked correctly.

    See Also
    --------
    sklearn.metrics.roc_auc_score : Computes the area.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.proportions import auc_estimate
    >>> value, low, high = auc_estimate(1.0, 10, 10)
    >>> round(low, 2), high
    (0.8, 1.0)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    z, m = ndtri((1 + CONFIDENCE_LEVEL) / 2), (n_positive + n_negative) / 2 - 1

    def excess(a: float) -> float:
        spread = 1 + m * ((1 - a) / (2 - a) + a / (1 + a))
        return float((a - auc) ** 2 - z**2 * a * (1 - a) * spread / (n_positive * n_negative))

    inside = min(max(auc, AUC_MARGIN), 1 - AUC_MARGIN)  # the function has further zeros at 0 and 1
    low = 0.0 if auc <= 0 else float(brentq(excess, 0.0, inside))
    high = 1.0 if auc >= 1 else float(brentq(excess, inside, 1.0))
    return Estimate(auc, low, high)


def trials_for_half_width(accuracy: float, half_width: float = 0.05) -> int:
    """Return the number of trials that are needed for a given width of an accuracy's interval.

    Parameters
    ----------
    accuracy : float
        The expected accuracy, between 0 and 1.
    half_width : float
        Half of the width of the interval, at least 0.01 and below 0.5.

    Returns
    -------
    int
        The smallest number of independent trials for which the interval of
        :func:`accuracy_estimate` is not wider.

    Raises
    ------
    ConfigError
        When the width is outside its limits.

    See Also
    --------
    accuracy_estimate : The interval.

    Examples
    --------
    >>> from bci_dann.evaluation.statistics.proportions import trials_for_half_width
    >>> trials_for_half_width(0.8)
    264
    """
    check_between("half_width", half_width, 0.01, 0.5, inclusive=True)
    n = np.arange(1, math.ceil(2 / half_width**2))
    low, high = _exact_limits(accuracy * n, n)
    return int(n[np.argmax(high - low <= 2 * half_width)])


def _exact_limits(n_right: ArrayLike, n_trials: ArrayLike) -> NDArray[np.float64]:
    """Return the limits of Clopper and Pearson, which are quantiles of beta distributions."""
    from scipy.special import betaincinv

    right, wrong = np.asarray(n_right), np.asarray(n_trials) - np.asarray(n_right)
    tail = (1 - CONFIDENCE_LEVEL) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(right > 0, betaincinv(right, wrong + 1, tail), 0.0)
        high = np.where(wrong > 0, betaincinv(right + 1, wrong, 1 - tail), 1.0)
    return np.stack([low, high])
