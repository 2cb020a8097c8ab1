"""Bootstrap confidence intervals of means over subjects."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONFIDENCE_LEVEL", "mean_interval"]

# Nominal coverage of confidence intervals.
CONFIDENCE_LEVEL = 0.95
N_BOOTSTRAP_SAMPLES = 9999


def mean_interval(values: NDArray[np.float64], random_state: int = 0) -> tuple[float, float]:
    """Return the 95 % confidence interval of a mean over subjects.

    Parameters
    ----------
    values : ndarray, shape (n_subjects,)
        One value for each subject.
    random_state : int
        Seed of the bootstrap.

    Returns
    -------
    low, high : float
        Limits from a bootstrap over subjects (BCa, Efron 1987, "Better bootstrap confidence
        intervals", J. Am. Stat. Assoc. 82, 171-185). NaN for fewer than two subjects; the common
        value if all values are equal.

    See Also
    --------
    compare_pipelines : Intervals of differences.
    scipy.stats.bootstrap : Computes the bootstrap.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.evaluation.statistics.intervals import mean_interval
    >>> low, high = mean_interval(np.array([60.0, 70.0, 65.0, 80.0, 75.0]))
    >>> low < 70.0 < high
    True
    """
    from scipy.stats import bootstrap

    if len(values) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    interval = bootstrap(
        (values,),
        np.mean,
        n_resamples=N_BOOTSTRAP_SAMPLES,
        confidence_level=CONFIDENCE_LEVEL,
        method="BCa",
        rng=np.random.default_rng(random_state),
    ).confidence_interval
    return float(interval.low), float(interval.high)
