"""Diagnostics of importance weights: effective sample size, share of the largest weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from bci_dann._validation import check_between
from bci_dann.exceptions import DataError

__all__ = ["effective_sample_size", "top_share"]


def effective_sample_size(weights: ArrayLike) -> float:
    """Return the effective sample size ``(sum w)^2 / sum w^2`` of weighted trials [1]_.

    This is the number of equally weighted trials with the same variance of a mean.

    Parameters
    ----------
    weights : array-like, shape (n_trials,)
        Non-negative weights.

    Returns
    -------
    float
        Between 1 and ``n_trials``; 0 when all weights are zero.

    See Also
    --------
    top_share : The share of the total weight in few trials.
    weigh_sources : Returns weights with this diagnostic.

    References
    ----------
    .. [1] Kish, L. (1965). Survey sampling. Wiley.

    Examples
    --------
    >>> from bci_dann.reweighting import effective_sample_size
    >>> effective_sample_size([1, 1, 1, 1])
    4.0
    >>> effective_sample_size([97, 1, 1, 1])
    1.062473438164046
    """
    w = np.asarray(weights, dtype=np.float64)
    total = np.square(w).sum()
    return float(w.sum() ** 2 / total) if total > 0 else 0.0


def top_share(weights: ArrayLike, share: float = 0.01) -> float:
    """Return the share of the total weight in the trials with the largest weights.

    Parameters
    ----------
    weights : array-like, shape (n_trials,)
        Non-negative weights, not all zero.
    share : float
        Share of the trials that are included, above 0 and at most 1; at least one trial is.

    Returns
    -------
    float
        Between ``share``, where all weights are equal, and 1; with fewer than ``1 / share``
        trials, between ``1 / n_trials`` and 1.

    Raises
    ------
    DataError
        When there are no weights, or they are negative, not finite, or all zero.
    ConfigError
        When ``share`` is outside its range.

    See Also
    --------
    effective_sample_size : The corresponding number of equally weighted trials.

    Examples
    --------
    >>> from bci_dann.reweighting import top_share
    >>> top_share([97, 1, 1, 1], share=0.25)
    0.97
    """
    if share != 1:
        check_between("share", share, 0.0, 1.0)
    w = np.asarray(weights, dtype=np.float64).ravel()
    if not (np.isfinite(w).all() and (w >= 0).all() and w.sum() > 0):
        raise DataError(
            "weights must be finite, not negative, and not all zero; got "
            f"{len(w)}, of them {int((w > 0).sum())} above 0. Check the weighting."
        )
    # without rounding, 1 % of 300 trials would give 4
    n_top = max(1, math.ceil(round(share * len(w), 9)))
    return float(np.sort(w)[-n_top:].sum() / w.sum())
