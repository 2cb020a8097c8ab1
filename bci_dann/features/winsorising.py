"""Winsorised trials: outlying samples, such as artefacts, scaled down to the range of the others.

A moving electrode or a muscle twitch produces a few samples many times as large as EEG, which then
dominate the covariance, since it is a mean of squares. Huber's M-estimator of scatter bounds the
weight of each sample by what a normal distribution would allow: Maronna (1976), "Robust
M-estimators of multivariate location and scatter", Ann. Stat. 4(1), 51-67. Here the samples
themselves are scaled, so that whatever is computed from them is robust.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from bci_dann._arrays import chunks

__all__ = ["winsorise"]

# Share of the samples of a normal distribution that are not scaled. Empirical: in trials without
# artefacts one sample in a hundred is scaled, which hardly changes their covariance.
ORDINARY_SHARE = 0.99
# Steps of the fixed-point iteration. Empirical: samples thirty times as large as the others need
# about fifty steps to converge, but have lost most of their variance after ten.
N_STEPS = 10


def winsorise(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials whose outlying samples are scaled down to a limit.

    Sample ``x_t`` of a trial has the Mahalanobis norm ``d_t = sqrt(x_t' C^+ x_t)``, where ``C``
    is the scatter matrix of the scaled samples; the scaling is therefore invariant to linear mixing
    of the channels. The limit is ``median(d) sqrt(q_0.99 / q_0.5)``, with quantiles of the
    chi-squared distribution whose degrees of freedom are the rank of the trial.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A copy (µV), in single or double precision.
    """
    scaled = np.array(X, dtype=np.result_type(X, np.float32))
    for part in chunks(len(scaled)):
        factors = _scale_factors(scaled[part].astype(np.float64))
        scaled[part] *= factors[:, None].astype(scaled.dtype)
    return scaled


def _scale_factors(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor, at most 1, of each sample of each trial, ``(n_trials, n_times)``."""
    distances = _mahalanobis(X, X)
    # leverages sum to the rank, which is lower after an average reference
    rank = np.maximum(np.square(distances).sum(axis=1, keepdims=True).round(), 1)
    relative_limit = np.vectorize(_relative_limit, otypes=[float])(rank)
    for _ in range(N_STEPS):
        median = np.median(distances, axis=1, keepdims=True)
        # a trial that is mostly flat has a median of zero, and is not changed
        limits = np.where(median > 0, relative_limit * median, np.inf)
        factors = np.minimum(1.0, limits / np.maximum(distances, np.finfo(np.float64).tiny))
        distances = _mahalanobis(X, X * factors[:, None])
    return factors


@functools.cache
def _relative_limit(rank: float) -> float:
    """Return the limit of distances as a multiple of their median; see :func:`winsorise`."""
    return float(np.sqrt(chi2.ppf(ORDINARY_SHARE, rank) / chi2.ppf(0.5, rank)))


def _mahalanobis(X: NDArray[np.float64], scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the norm of each sample under the scatter of ``scaled``, ``(n_trials, n_times)``."""
    inverse = np.linalg.pinv(scaled @ scaled.swapaxes(1, 2), hermitian=True)
    return np.sqrt(np.maximum((X * (inverse @ X)).sum(axis=1), 0.0))
