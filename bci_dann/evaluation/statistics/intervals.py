"""Confidence intervals of means over subjects."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE_LEVEL", "mean_interval"]

# Nominal coverage of confidence intervals.
CONFIDENCE_LEVEL = 0.95


def mean_interval(
    values: NDArray[np.float64], limits: tuple[float, float] = (-math.inf, math.inf)
) -> tuple[float, float]:
    """Return the 95 % confidence interval of a mean over subjects.

    Parameters
    ----------
    values : ndarray, shape (n_subjects,)
        One value for each subject.
    limits : tuple of (float, float)
        Smallest and largest possible value, to which the interval is cut.

    Returns
    -------
    low, high : float
        ``mean -+ t s / sqrt(n)`` with the quantile ``t`` of Student's distribution for ``n - 1``
        degrees of freedom (Student 1908, "The probable error of a mean", Biometrika 6(1), 1-25).
        With few subjects its coverage is closer to 95 % than that of a bootstrap (BCa), which is
        about 80 % in simulations with six normally distributed values. NaN for fewer than two
        subjects.

    See Also
    --------
    compare_pipelines : Intervals of differences.
    scipy.stats.t : Student's distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.evaluation.statistics.intervals import mean_interval
    >>> low, high = mean_interval(np.array([60.0, 70.0, 65.0, 80.0, 75.0]))
    >>> round(low, 1), round(high, 1)
    (60.2, 79.8)
    """
    from scipy.special import stdtrit

    if len(values) < 2:
        return math.nan, math.nan
    quantile = stdtrit(len(values) - 1, (1 + CONFIDENCE_LEVEL) / 2)
    margin = float(quantile * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return max(mean - margin, limits[0]), min(mean + margin, limits[1])
