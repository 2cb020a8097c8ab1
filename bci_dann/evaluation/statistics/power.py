"""Statistical power: the smallest difference that a paired test detects."""

from __future__ import annotations

from bci_dann.exceptions import ConfigError

__all__ = ["detectable_difference"]


def detectable_difference(
    n_subjects: int, std: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest mean difference that a two-sided paired t-test detects.

    Parameters
    ----------
    n_subjects : int
        Number of subjects, at least two.
    std : float
        Standard deviation of the differences over subjects, in units of the metric.
    alpha : float
        Significance level: probability of a significant result if there is no difference.
    power : float
        Probability of a significant result for the returned difference.

    Returns
    -------
    float
        The difference, in units of the metric.

    Raises
    ------
    ConfigError
        When there are fewer than two subjects.

    See Also
    --------
    statsmodels.stats.power.TTestPower : Computes the difference.

    Examples
    --------
    Ten subjects, with a standard deviation of the differences of six points:

    >>> from bci_dann.evaluation.statistics.power import detectable_difference
    >>> round(detectable_difference(10, 6.0), 1)
    6.0
    """
    from statsmodels.stats.power import TTestPower

    if n_subjects < 2:
        raise ConfigError(f"a paired test needs two subjects or more; got {n_subjects}.")
    effect = TTestPower().solve_power(nobs=n_subjects, alpha=alpha, power=power)
    return float(effect) * std
