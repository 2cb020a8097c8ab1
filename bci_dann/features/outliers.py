"""Samples of a trial that stick out, pulled in.

An electrode that moves or a muscle that twitches writes a few samples many times as large as EEG,
and a covariance, a mean of squares, is then theirs rather than the brain's. Huber's M-estimator of
scatter gives a sample no more weight than a normal distribution would allow it: Maronna (1976),
"Robust M-estimators of multivariate location and scatter", Ann. Stat. 4(1), 51-67. Here the samples
themselves are scaled, so that whatever is computed of them is robust.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

__all__ = ["winsorised"]

# Share of the samples of a normal distribution that are left as they are.
ORDINARY = 0.99
# Trials that are looked at together.
CHUNK = 256
# Steps of the fixed-point iteration.
STEPS = 10


def winsorised(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials whose outlying samples are scaled down to where ordinary ones end.

    How far out sample ``x_t`` of a trial lies is its Mahalanobis norm ``d_t = sqrt(x_t' C^+ x_t)``,
    where ``C`` is the covariance of the samples as scaled; so it does not matter how channels are
    mixed. The limit is ``median(d) sqrt(q_0.99 / q_0.5)``, with quantiles of the chi-squared
    distribution of as many degrees of freedom as the trial has dimensions.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A copy, in single precision or double.
    """
    levelled = np.array(X, dtype=np.result_type(X, np.float32))
    for start in range(0, len(levelled), CHUNK):
        chunk = levelled[start : start + CHUNK]
        chunk *= _shares(chunk.astype(np.float64))[:, None].astype(levelled.dtype)
    return levelled


def _shares(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of each sample of each trial, ``(n_trials, n_times)``."""
    distances = _mahalanobis(X, X)
    # leverages sum to the rank, which is lower after an average reference
    rank = np.maximum(np.square(distances).sum(axis=1, keepdims=True).round(), 1)
    reach = np.sqrt(chi2.ppf(ORDINARY, rank) / chi2.ppf(0.5, rank))
    for _ in range(STEPS):
        middle = np.median(distances, axis=1, keepdims=True)
        limits = np.where(middle > 0, reach * middle, np.inf)  # flat for the most part: let it be
        shares = np.minimum(1.0, limits / np.maximum(distances, np.finfo(np.float64).tiny))
        distances = _mahalanobis(X, X * shares[:, None])
    return shares


def _mahalanobis(X: NDArray[np.float64], scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far out samples lie by the covariance of scaled ones, ``(n_trials, n_times)``."""
    inverse = np.linalg.pinv(scaled @ scaled.swapaxes(1, 2), hermitian=True)
    return np.sqrt(np.maximum((X * (inverse @ X)).sum(axis=1), 0.0))
