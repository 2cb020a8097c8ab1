"""Artefacts in trials: bursts are projected out, and what is outlying after that is scaled down.

A moving electrode or a muscle twitch is ten to a thousand times as large as EEG for a part of a
trial, and dominates its covariance, which is a mean of squares. Two steps remove it:

1. **Bursts.** In samples where a channel is far larger than usual in this trial, the directions of
   much higher power than in the other samples are projected out: artefact subspace reconstruction
   (Mullen et al. 2015, "Real-time neuroimaging and cognitive monitoring using wearable dry EEG",
   IEEE Trans. Biomed. Eng. 62(11), 2553-2567), with the other samples of the trial as its clean
   data.
2. **Outlying samples** are scaled down. Huber's M-estimator of scatter bounds the weight of each
   sample by what a normal distribution would allow: Maronna (1976), "Robust M-estimators of
   multivariate location and scatter", Ann. Stat. 4(1), 51-67. Here the samples themselves are
   scaled, so that whatever is computed from them is robust. It does not replace the first step: no
   such estimator withstands more than ``1 / (n_chans + 1)`` of outlying samples.

An artefact that fills a whole trial has no outlying samples. In some directions, such as that of a
loose electrode, :mod:`bci_dann.alignment.outlying_directions` replaces it; in most directions, it
gives a feature vector much longer than those of other trials, and so an output far from all others.
Such vectors are shortened.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dtrtri
from scipy.ndimage import maximum_filter1d
from scipy.special import chdtri

from bci_dann.alignment.shrunk_covariance import shrunk
from bci_dann.exceptions import DataError

__all__ = [
    "burst_margin",
    "longest_norm",
    "relative_limit",
    "shorten",
    "suppress_artefacts",
    "winsorise",
    "without_bursts",
]

# A sample belongs to a burst if a channel exceeds this multiple of its typical size in the trial,
# its median absolute value as a standard deviation. Empirical, knowing the scores: with 6 to 12,
# accuracies on MI-OpenBCI and on reduced versions of it, with and without bursts of 1 to 3 mV, are
# within a point; a tenth of its trials have such samples with 10.
BURST_SIZE = 10.0
# The median absolute value of a normal distribution of standard deviation 1.
NORMAL_MEDIAN = 0.6745
# Samples before and after these that are taken for parts of the burst, as a share of the trial.
# Empirical: without them a point and a half is lost; with twice as many nothing changes.
BURST_MARGIN = 0.03
# Power of a direction in a burst, relative to that in the other samples, from which it is projected
# out: this multiple of the largest power in as many samples of white noise, (1 + sqrt(n_chans /
# n_samples))^2 (Marchenko and Pastur 1967).
BURST_POWER = 4.0
# Where samples are counted in place of a median, the limit is this much higher, so that rounding
# errors hide no burst.
ROUNDING_MARGIN = 1.001
# Bursts are left as they are if they fill more than this share of a trial, since the typical size
# of a channel is then not known.
LARGEST_BURST_SHARE = 0.5

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


def suppress_artefacts(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials without bursts, and with their outlying samples scaled down.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A copy (µV), in single or double precision.

    Raises
    ------
    DataError
        When a sample is NaN or infinite.
    """
    finite = np.isfinite(X).all(axis=(1, 2))
    if not finite.all():
        raise DataError(
            f"{(~finite).sum()} of {len(X)} trials hold samples that are NaN or inf, the first at "
            f"{int(np.flatnonzero(~finite)[0])}: leave these trials out."
        )
    return winsorise(without_bursts(X))


def without_bursts(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials in which the strong directions of bursts are projected out.

    With the covariance ``L L'`` of the samples outside of bursts, directions ``u`` of large ``u'
    S u`` are removed from the whitened samples ``w_t = inv(L) x_t`` of bursts, where ``S`` is their
    mean ``w_t w_t'``.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A copy (µV), in single or double precision.
    """
    repaired = np.array(X, dtype=np.result_type(X, np.float32))
    for trial in repaired:
        in_burst = _burst_samples(trial)
        if in_burst.any():
            trial[:, in_burst] = _without_strong_directions(
                trial[:, in_burst].astype(np.float64), trial[:, ~in_burst].astype(np.float64)
            )
    return repaired


def burst_margin(n_times: int) -> int:
    """Return how many samples before and after a large one are taken for parts of its burst.

    Parameters
    ----------
    n_times : int
        Length of the trial (samples).

    Returns
    -------
    int
        Number of samples.
    """
    return round(BURST_MARGIN * n_times)


def winsorise(X: NDArray[Any]) -> NDArray[Any]:
    """Return trials whose outlying samples are scaled down to a limit.

    Sample ``x_t`` of a trial has the Mahalanobis norm ``d_t = sqrt(x_t' C^+ x_t)``, where ``C``
    is the scatter matrix of the scaled samples; the scaling is therefore invariant to linear mixing
    of the channels. The limit is the median of the norms times :func:`relative_limit` of the rank
    of the trial.

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


@functools.cache
def relative_limit(rank: int) -> float:
    """Return the largest norm of a sample that is not scaled, in relation to the median norm.

    Parameters
    ----------
    rank : int
        Rank of the trial, at least 1.

    Returns
    -------
    float
        ``sqrt(q_0.99 / q_0.5)``, with quantiles of the chi-squared distribution whose degrees of
        freedom are the rank.
    """
    # chdtri inverts the upper tail of the chi-squared distribution
    return float(np.sqrt(chdtri(rank, 1.0 - ORDINARY_SHARE) / chdtri(rank, 0.5)))


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


def _burst_samples(trial: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which samples belong to bursts; none where they are most of the trial."""
    sizes, n_times = np.abs(trial), trial.shape[1]
    if not _may_have_bursts(sizes):
        return np.zeros(n_times, dtype=bool)
    typical = np.median(sizes, axis=1, keepdims=True) / NORMAL_MEDIAN
    # a channel that is flat for the most part has no typical size
    limits = np.where(typical > 0, BURST_SIZE * typical, np.inf)
    is_large = (sizes > limits).any(axis=0)
    if not is_large.any():
        return is_large
    in_burst = maximum_filter1d(is_large, 2 * burst_margin(n_times) + 1, mode="constant")
    is_repairable = in_burst.sum() <= LARGEST_BURST_SHARE * n_times
    return np.asarray(in_burst & is_repairable)


def _may_have_bursts(sizes: NDArray[Any]) -> bool:
    """Return False if no channel has a large sample, in a fraction of the time of a median.

    The largest sample of a channel is large if half of the samples are below a share of it.
    """
    small = sizes.max(axis=1, keepdims=True) * (ROUNDING_MARGIN * NORMAL_MEDIAN / BURST_SIZE)
    return bool(((sizes < small).sum(axis=1) >= sizes.shape[1] // 2).any())


def _without_strong_directions(
    burst: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the samples of bursts without directions of much more power than other samples."""
    n_chans, n_samples = burst.shape
    covariance = shrunk((others @ others.T / others.shape[1])[None], others.shape[1])[0]
    root, failed = dpotrf(covariance, lower=1)
    if failed:
        return burst
    whitened = solve_triangular(root, burst, lower=True)
    powers, directions = np.linalg.eigh(whitened @ whitened.T / n_samples)
    limit = BURST_POWER * (1.0 + math.sqrt(n_chans / n_samples)) ** 2
    strong = directions[:, powers > limit]
    return burst - root @ (strong @ (strong.T @ whitened))


def _norms(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))


def _scale_factors(trial: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor, at most 1, of each sample of a trial, ``(n_times,)``."""
    scatter = trial @ trial.T
    squares = _squared_norms(trial, scatter)
    # leverages sum to the rank, which is lower after an average reference
    limit = relative_limit(max(round(float(squares.sum())), 1))
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


def _squared_norms(X: NDArray[np.float64], scatter: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared Mahalanobis norm of each sample under a scatter, ``(n_times,)``."""
    factor, failed = dpotrf(scatter, lower=1)
    pivots = factor.diagonal()
    if failed or pivots.min() < LEAST_PIVOT * pivots.max():
        inverse = np.linalg.pinv(scatter, rcond=LEAST_VARIANCE, hermitian=True)
        return np.maximum((X * (inverse @ X)).sum(axis=0), 0.0)
    whitened = dtrtri(factor, lower=1)[0] @ X
    return np.asarray(np.square(whitened, out=whitened).sum(axis=0))
