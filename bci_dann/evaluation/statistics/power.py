"""What a number of subjects can show: the smallest difference that a paired test detects."""

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
        Number of subjects, two or more.
    std : float
        Standard deviation of the differences over subjects, in units of the metric.
    alpha : float
        Probability of finding a difference where there is none.
    power : float
        Probability of finding the difference that is returned.

    Returns
    -------
    float
        In units of the metric.

    Raises
    ------
    ConfigError
        When there are fewer than two subjects.

    See Also
    --------
    statsmodels.stats.power.TTestPower : Solves for it.

    Examples
    --------
    Ten subjects whose gains spread by six points:

    >>> from bci_dann.evaluation.statistics.power import detectable_difference
    >>> round(detectable_difference(10, 6.0), 1)
    6.0
    """
    from statsmodels.stats.power import TTestPower

    if n_subjects < 2:
        raise ConfigError(f"a paired test needs two subjects or more; got {n_subjects}.")
    effect = TTestPower().solve_power(nobs=n_subjects, alpha=alpha, power=power)
    return float(effect) * std
