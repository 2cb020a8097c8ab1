"""Winsorising: outlying samples and feature vectors, scaled down to the range of the others.

A moving electrode or a muscle twitch produces a few samples many times as large as EEG, which then
dominate the covariance, since it is a mean of squares. Huber's M-estimator of scatter bounds the
weight of each sample by what a normal distribution would allow: Maronna (1976), "Robust
M-estimators of multivariate location and scatter", Ann. Stat. 4(1), 51-67. Here the samples
themselves are scaled, so that whatever is computed from them is robust.

An artefact that fills a whole trial has no outlying samples, but a feature vector much longer than
those of other trials, and so an output far from all others. Such vectors are shortened.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri
from scipy.special import chdtri

__all__ = ["longest_norm", "shorten", "winsorise"]

# Share of the samples of a normal distribution that are not scaled. Empirical: in trials without
# artefacts one sample in a hundred is scaled, which hardly changes their covariance.
ORDINARY_SHARE = 0.99
# Steps of the fixed-point iteration at most. Empirical: samples thirty times as large as the others
# need about fifty steps to converge, but have lost most of their variance after ten.
N_STEPS = 10
# Change of all factors in a step at which the iteration stops: the rounding of single precision.
CONVERGED = 1e-7
# A trial does not have full rank, as after an average reference, if a diagonal entry of the
# Cholesky factor of its scatter is below this share of the largest.
LEAST_PIVOT = 1e-4
# Then directions whose variance is below this share of the largest hold rounding errors.
LEAST_VARIANCE = 1e-13
# Least share of the scatter that is left when outlying samples are scaled, for it to be found as a
# difference: of smaller ones, the rounding errors of what is taken away would be a large part.
LEAST_KEPT = 0.01

# Limit of the norm of feature vectors, in relation to their median. Empirical, knowing the scores:
# with 2, ten regimes with artefacts in 5 % of the trials gain .012 of ROC AUC on average (-.009 to
# .032), and 43 others nothing; in MI-OpenBCI 3 vectors of 1,000 are longer. With 1.5 the drift
# guard rejected adaptation in two subjects of one regime.
LONGEST = 2.0


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
    for trial in scaled:
        trial *= _scale_factors(trial.astype(np.float64)).astype(scaled.dtype)
    return scaled


def longest_norm(vectors: Sequence[NDArray[Any]]) -> float:
    """Return the limit of the norm of feature vectors: twice the median over source trials.

    Parameters
    ----------
    vectors : sequence of ndarray, shape (n_trials, n_features)
        Feature vectors of the source trials, in any number of parts.

    Returns
    -------
    float
        The limit for :func:`shorten`; infinite where most vectors are zero, and there is no scale.
    """
    median = float(np.median(np.concatenate([_norms(part) for part in vectors])))
    return LONGEST * median if median > 0 else math.inf


def shorten(vectors: NDArray[Any], longest: float) -> None:
    """Scale vectors that are longer than a limit down to it, in place.

    Parameters
    ----------
    vectors : ndarray, shape (n_trials, n_features)
        Feature vectors.
    longest : float
        The largest norm.
    """
    norms = _norms(vectors)
    far = np.flatnonzero(norms > longest)
    vectors[far] *= (longest / norms[far])[:, None].astype(vectors.dtype)


def _norms(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))


def _scale_factors(trial: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor, at most 1, of each sample of a trial, ``(n_times,)``."""
    scatter = trial @ trial.T
    squares = _squared_norms(trial, scatter)
    # leverages sum to the rank, which is lower after an average reference
    limit = _relative_limit(max(round(float(squares.sum())), 1))
    factors = np.ones(len(squares))
    for _ in range(N_STEPS):
        before, factors = factors, _limited(squares, limit)
        if np.abs(factors - before).max() <= CONVERGED:
            break
        squares = _squared_norms(trial, _scaled_scatter(trial, factors, scatter))
    return factors


def _scaled_scatter(
    trial: NDArray[np.float64], factors: NDArray[np.float64], scatter: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the scatter of the scaled samples, from that of all and the few that are scaled."""
    far = np.flatnonzero(factors < 1.0)
    outlying = trial[:, far]
    kept = scatter - (outlying * (1.0 - factors[far] ** 2)) @ outlying.T
    if kept.trace() >= LEAST_KEPT * scatter.trace():
        return np.asarray(kept)
    scaled = trial * factors
    return np.asarray(scaled @ scaled.T)


def _limited(squares: NDArray[np.float64], relative_limit: float) -> NDArray[np.float64]:
    """Return the factor of each sample from its squared norm and the limit of all."""
    factors = np.ones(len(squares))
    largest = (relative_limit * _median_root(squares)) ** 2
    if largest > 0:  # a trial that is flat for the most part has no scale, and is not changed
        far = np.flatnonzero(squares > largest)
        factors[far] = np.sqrt(largest / squares[far])
    return factors


def _median_root(squares: NDArray[np.float64]) -> float:
    """Return the median of the square roots."""
    middle = len(squares) // 2
    ranks = (middle,) if len(squares) % 2 else (middle - 1, middle)
    return float(np.sqrt(np.partition(squares, ranks)[list(ranks)]).mean())


@functools.cache
def _relative_limit(rank: int) -> float:
    """Return the largest ordinary norm in relation to the median; see :func:`winsorise`."""
    # chdtri inverts the upper tail of the chi-squared distribution
    return float(np.sqrt(chdtri(rank, 1.0 - ORDINARY_SHARE) / chdtri(rank, 0.5)))


def _squared_norms(X: NDArray[np.float64], scatter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared Mahalanobis norm of each sample under a scatter, ``(n_times,)``."""
    factor, failed = dpotrf(scatter, lower=1)
    pivots = factor.diagonal()
    if failed or pivots.min() < LEAST_PIVOT * pivots.max():
        inverse = np.linalg.pinv(scatter, rcond=LEAST_VARIANCE, hermitian=True)
        return np.maximum((X * (inverse @ X)).sum(axis=0), 0.0)
    whitened = dtrtri(factor, lower=1)[0] @ X
    return np.asarray(np.square(whitened, out=whitened).sum(axis=0))
