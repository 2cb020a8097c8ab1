"""Directions of a trial whose power is far from usual, and means of covariances without them.

A loose electrode or tense muscles increase the power along some directions of a whole trial,
without any outlying samples in it; where a link loses data, a time window has no power at all. Such
directions are treated as missing: their power is replaced by that of the reference of the session,
and the other directions of the trial keep theirs. The reference itself is an M-estimator of
location on the manifold of covariances: Ilea et al. (2016), "An M-estimator for robust centroid
estimation on the manifold of covariance matrices", IEEE Signal Process. Lett. 23(9), 1255-1259, who
weigh whole trials; here single directions of trials are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import floored_log
from bci_dann.alignment.whitening import RANK_TOLERANCE, eigen, inverse_square_root

__all__ = [
    "FLAT_RATIO",
    "LARGEST_GAIN",
    "LARGEST_OUTLYING_SHARE",
    "OUTLYING_RATIO",
    "robust_mean",
    "robust_mean_of_signals",
    "trial_gains",
    "with_usual_amplitudes",
    "with_usual_powers",
    "without_outliers",
]

Floats = NDArray[np.float64]

# Largest ratio of power between a direction of a trial and the reference, after division by the
# gain of the trial. Empirical: in MI-OpenBCI, whole or cut to five channels, one trial in a hundred
# has a larger ratio among its delayed copies, and one in a thousand among its channels; an
# electrode with ten times the noise has 400.
OUTLYING_RATIO = 20.0
# Smallest ratio: directions of less power are flat. Weak directions are not outlying: where
# electrodes change during a session, the weakest ones of either part are 100 times weaker than the
# mean in every trial.
FLAT_RATIO = 1e-6
# Ratio to which larger ones are limited (Huber's function) to find where the mean starts.
# Empirical: few directions of trials without artefacts are above it.
LARGEST_INFLUENCE = 7.5
# Gain of a trial, as a ratio of power or its inverse, beyond which it has none: it is flat.
LARGEST_GAIN = 1e12
# Trials of less power than this share of the median are flat, and do not count in the mean.
LEAST_POWER = 1e-9
# Largest share of trials with outlying directions. Where there are more, as after a change of the
# electrodes half way, they are not outliers but another state of the session, and the mean has to
# be between both states.
LARGEST_OUTLYING_SHARE = 0.4
# Norms of the mean tangent vector at which the iterations stop: the first one only has to come
# close enough to tell outlying directions.
ROUGH_TOLERANCE, TOLERANCE = 0.1, 1e-5
# Largest number of steps of each; a direction at the limit can alternate.
N_STEPS = 30


def trial_gains(covariances: NDArray[Any], variances: NDArray[Any]) -> Floats:
    """Return the median, over channels, of the logarithm of power in relation to a reference.

    An artefact in fewer than half of the channels hardly changes it.

    Parameters
    ----------
    covariances : ndarray, shape (n_trials, n_chans, n_chans)
        Covariances of trials (µV²).
    variances : ndarray, shape (n_chans,)
        The diagonal of the reference (µV²).

    Returns
    -------
    ndarray, shape (n_trials,)
        Natural logarithms; 0 for flat trials.
    """
    own = np.diagonal(covariances, axis1=1, axis2=2)
    least = np.finfo(np.float64).tiny
    gains = np.median(floored_log(own) - floored_log(np.maximum(variances, least)), axis=1)
    return np.where(np.abs(gains) > math.log(LARGEST_GAIN), 0.0, gains)


def without_outliers(log_powers: Floats, gains: Floats) -> Floats:
    """Return log powers in which outlying and flat ones are replaced by the gain of the trial.

    Parameters
    ----------
    log_powers : ndarray, shape (n_trials, n_directions)
        Logarithms of the eigenvalues of re-centred covariances.
    gains : ndarray, shape (n_trials,)
        See :func:`trial_gains`.

    Returns
    -------
    ndarray, shape (n_trials, n_directions)
        A copy.
    """
    centres = gains[:, None]
    ratios = log_powers - centres
    is_missing = (ratios > math.log(OUTLYING_RATIO)) | (ratios < math.log(FLAT_RATIO))
    return np.where(is_missing, centres, log_powers)


def robust_mean(covariances: NDArray[Any], mean: str = "riemannian") -> Floats:
    """Return a mean of covariances, without the influence of outlying directions.

    Directions of more than 20 times the power of the Riemannian mean are left out. Without such
    directions, or with some in more than 40 % of the trials, it is the usual mean.

    Parameters
    ----------
    covariances : ndarray, shape (n_trials, n_chans, n_chans)
        Symmetric and positive definite, except for flat trials (µV²).
    mean : {"riemannian", "euclidean"}
        The Karcher mean, or the arithmetic one, in which outlying and flat directions have the
        power of the Riemannian mean.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric and positive definite (µV²).
    """
    covariances = _without_flat_trials(np.asarray(covariances, dtype=np.float64))
    start = _median_covariance(covariances)
    # which directions are outlying is known only near the mean; until then they are limited
    rough = _mean_by_influence(covariances, start, _limited, ROUGH_TOLERANCE)
    centre = _mean_by_influence(covariances, rough, without_outliers, TOLERANCE)
    is_usual = _outlying_share(covariances, centre) <= LARGEST_OUTLYING_SHARE
    if mean == "euclidean":
        return _arithmetic_mean(covariances, centre) if is_usual else covariances.mean(axis=0)
    return centre if is_usual else _mean_by_influence(covariances, rough, _unlimited, TOLERANCE)


def robust_mean_of_signals(covariances: Floats, mean: str, shrinkage: float = 0.0) -> Floats:
    """Return :func:`robust_mean` within the directions that hold signal.

    Parameters
    ----------
    covariances : ndarray, shape (n_trials, n_chans, n_chans)
        They may be rank-deficient, as after an average reference (µV²).
    mean : {"riemannian", "euclidean"}
        The kind of mean.
    shrinkage : float
        Share, 0 to 1, by which covariances are first shrunk to one of median variances.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric (µV²). Values that are not finite, and zero, are passed on: whitening raises an
        error for them.
    """
    arithmetic = covariances.mean(axis=0)
    if not np.isfinite(arithmetic).all():
        return np.asarray(arithmetic)
    values, vectors = eigen(arithmetic)
    if not values[-1] > 0:
        return np.asarray(arithmetic)
    has_signal = values > RANK_TOLERANCE * values[-1]
    span = np.eye(len(values)) if has_signal.all() else vectors[:, has_signal]
    within = span.T @ _without_flat_trials(covariances) @ span
    within = (1.0 - shrinkage) * within + shrinkage * _median_covariance(within)
    return np.asarray(span @ robust_mean(within, mean) @ span.T)


def with_usual_powers(recentred: Floats, covariances: Floats, variances: Floats) -> Floats:
    """Return re-centred covariances in which outlying and flat directions have the usual power.

    Parameters
    ----------
    recentred : ndarray, shape (n_trials, n_chans, n_chans)
        Re-centred covariances.
    covariances : ndarray, shape (n_trials, n_chans, n_chans)
        The same before re-centring (µV²).
    variances : ndarray, shape (n_chans,)
        The diagonal of the reference (µV²).

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_chans)
        See :func:`without_outliers`.
    """
    values, vectors = eigen(recentred)
    powers = without_outliers(floored_log(values), trial_gains(covariances, variances))
    return np.asarray((vectors * np.exp(powers)[:, None]) @ vectors.swapaxes(1, 2))


def with_usual_amplitudes(whitened: Floats, trial: Floats, variances: Floats) -> Floats:
    """Return a whitened trial in which outlying directions have the usual amplitude.

    Parameters
    ----------
    whitened : ndarray, shape (n_chans, n_times)
        The trial, whitened by the reference.
    trial : ndarray, shape (n_chans, n_times)
        The trial (µV).
    variances : ndarray, shape (n_chans,)
        The diagonal of the reference (µV²).

    Returns
    -------
    ndarray, shape (n_chans, n_times)
        Flat directions stay flat.
    """
    n_times = trial.shape[1]
    values, vectors = eigen(whitened @ whitened.T / n_times)
    gain = trial_gains((trial @ trial.T / n_times)[None], variances)
    ratios = floored_log(values) - gain
    is_outlying = ratios > math.log(OUTLYING_RATIO)
    if not is_outlying.any():
        return whitened
    outlying = vectors[:, is_outlying]
    surplus = 1.0 - np.exp(-ratios[is_outlying] / 2)
    return whitened - (outlying * surplus) @ (outlying.T @ whitened)


def _without_flat_trials(covariances: Floats) -> Floats:
    """Return the covariances of trials that are not flat; all of them where most are flat."""
    powers = np.trace(covariances, axis1=1, axis2=2)
    has_power = powers > LEAST_POWER * np.median(powers)
    return covariances if has_power.all() or not has_power.any() else covariances[has_power]


def _median_covariance(covariances: Floats) -> Floats:
    """Return a covariance of median variances and mean correlations."""
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    variances = np.maximum(variances, LEAST_POWER * variances.max(axis=1, keepdims=True))
    scales = np.sqrt(variances)
    correlations = (covariances / (scales[:, :, None] * scales[:, None])).mean(axis=0)
    scale = np.sqrt(np.median(variances, axis=0))
    return np.asarray(correlations * (scale[:, None] * scale))


def _mean_by_influence(
    covariances: Floats,
    mean: Floats,
    influence: Callable[[Floats, Floats], Floats],
    tolerance: float,
) -> Floats:
    """Return an M-estimate of the mean covariance, by iterations from a first estimate ``mean``.

    ``influence`` maps the log powers of the directions of each trial, in relation to the current
    estimate, and the gains of the trials to those that count. Each step moves along the mean of the
    tangent vectors with these log powers, until this mean is zero up to the tolerance.
    """
    length, shortest = 1.0, math.inf
    for _ in range(N_STEPS):
        whitening = inverse_square_root(mean)
        values, vectors = eigen(whitening @ covariances @ whitening)
        gains = trial_gains(covariances, np.diagonal(mean))
        log_powers = influence(floored_log(values), gains)
        step, directions = np.linalg.eigh(_mean_of_products(vectors, log_powers))
        root = mean @ whitening @ directions
        mean = (root * np.exp(length * step)) @ root.T
        mean = (mean + mean.T) / 2
        norm = float(np.linalg.norm(step))
        if norm <= tolerance:
            break
        # full steps do not converge where trials differ much
        length *= 1.0 if norm < shortest else 0.5
        shortest = min(norm, shortest)
    return mean


def _arithmetic_mean(covariances: Floats, centre: Floats) -> Floats:
    """Return the arithmetic mean of covariances without outlying directions."""
    whitening = inverse_square_root(centre)
    recentred = whitening @ covariances @ whitening
    usual = with_usual_powers(recentred, covariances, np.diagonal(centre))
    root = centre @ whitening
    mean = root @ usual.mean(axis=0) @ root
    return np.asarray((mean + mean.T) / 2)


def _mean_of_products(vectors: Floats, values: Floats) -> Floats:
    """Return the mean over trials of ``V diag(v) V'``."""
    scaled = vectors * values[:, None]
    return np.asarray(np.tensordot(scaled, vectors, axes=((0, 2), (0, 2))) / len(vectors))


def _outlying_share(covariances: Floats, mean: Floats) -> float:
    """Return the share of trials with an outlying direction."""
    whitening = inverse_square_root(mean)
    largest = np.linalg.eigvalsh(whitening @ covariances @ whitening)[:, -1]
    ratios = floored_log(largest) - trial_gains(covariances, np.diagonal(mean))
    return float(np.mean(ratios > math.log(OUTLYING_RATIO)))


def _unlimited(log_powers: Floats, gains: Floats) -> Floats:  # noqa: ARG001
    """Return all log powers; the mean is then the Karcher mean."""
    return log_powers


def _limited(log_powers: Floats, gains: Floats) -> Floats:
    """Return log powers up to a limit (Huber's function)."""
    return np.minimum(log_powers, gains[:, None] + math.log(LARGEST_INFLUENCE))
