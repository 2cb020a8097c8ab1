"""Samples of a trial that stick out, pulled in.

An electrode that moves or a muscle that twitches writes a few samples many times as large as EEG,
and a covariance, a mean of squares, is then theirs rather than the brain's. One step of Huber's
M-estimator of scatter gives each sample no more weight than a normal distribution would allow it:
Maronna (1976), "Robust M-estimators of multivariate location and scatter", Ann. Stat. 4(1), 51-67.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

__all__ = ["winsorised"]

# Share of the samples of a normal distribution that are left as they are.
ORDINARY = 0.99
# Trials that are looked at together.
CHUNK = 256


def winsorised(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials whose outlying samples are scaled down to where ordinary ones end.

    How far out sample ``x_t`` of a trial lies is its Mahalanobis norm ``d_t = sqrt(x_t' C^+ x_t)``,
    where ``C`` is the trial's covariance, which is the same however channels are mixed. The limit
    is ``median(d) sqrt(q_0.99 / q_0.5)``, with quantiles of the chi-squared distribution of as
    many degrees of freedom as there are channels.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A copy, of the same type.
    """
    levelled = np.array(X)
    reach = math.sqrt(chi2.ppf(ORDINARY, X.shape[1]) / chi2.ppf(0.5, X.shape[1]))
    for start in range(0, len(levelled), CHUNK):
        chunk = levelled[start : start + CHUNK]
        distances = _mahalanobis(chunk.astype(np.float64))
        limits = reach * np.median(distances, axis=1, keepdims=True)
        shares = np.minimum(1.0, limits / np.maximum(distances, np.finfo(np.float64).tiny))
        chunk *= shares[:, None].astype(levelled.dtype)
    return levelled


def _mahalanobis(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far out each sample of each trial lies, ``(n_trials, n_times)``."""
    inverse = np.linalg.pinv(X @ X.swapaxes(1, 2), hermitian=True)
    return np.sqrt(np.maximum((X * (inverse @ X)).sum(axis=1), 0.0))
