"""Shrunk covariances of many trials at once, by oracle approximating shrinkage (OAS).

Chen, Wiesel, Eldar and Hero (2010), "Shrinkage algorithms for MMSE covariance estimation",
IEEE Trans. Signal Process. 58(10), 5016-5029, eq. 23, in the form of scikit-learn's ``oas``, with
equal results. That function takes one trial at a time, and for a trial of EEG its input checks take
ten times as long as its arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_VARIANCE", "shrunk", "shrunk_covariances"]

# Limit of the variances behind that of the sphere, in relation to their median. Empirical, on
# MI-OpenBCI with five channels and two simulated datasets whose channels differ in variance: with
# the median itself the latter lose two to four points; with a limit of 10, trials with a loose
# electrode lose three.
LARGEST_VARIANCE = 5.0


def shrunk_covariances(X: NDArray[Any], robust: bool = False) -> NDArray[np.float64]:
    """Return the shrunk covariance over time of every trial.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    robust : bool
        See :func:`shrunk`.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_chans)
        In double precision (µV²); positive definite unless a trial is flat.
    """
    n_times = X.shape[2]
    centred = np.asarray(X, dtype=np.float64)
    centred = centred - centred.mean(axis=2, keepdims=True)
    empirical = centred @ centred.swapaxes(1, 2) / n_times
    return shrunk(empirical, n_times, robust)


def shrunk(
    empirical: NDArray[np.float64], n_times: int, robust: bool = False
) -> NDArray[np.float64]:
    """Return empirical covariances after shrinkage towards a sphere.

    Parameters
    ----------
    empirical : ndarray, shape (n_trials, n_chans, n_chans)
        Of centred samples, divided by their number (µV²).
    n_times : int
        From how many samples each was computed.
    robust : bool
        Whether the variance of the sphere is the mean of variances of at most five times their
        median, so that one channel full of noise adds little to the variance of the others.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_chans)
        In double precision (µV²).
    """
    n_chans = empirical.shape[1]
    mean_variance = np.trace(empirical, axis1=1, axis2=2) / n_chans
    mean_square = np.square(empirical).mean((1, 2))
    spread = (n_times + 1) * (mean_square - mean_variance**2 / n_chans)
    optimal = (mean_square + mean_variance**2) / np.where(spread > 0, spread, 1.0)
    shrinkage = np.where(spread > 0, np.minimum(optimal, 1.0), 1.0)[:, None, None]
    covariances = (1.0 - shrinkage) * empirical
    variance = _limited_mean(empirical, mean_variance) if robust else mean_variance
    np.einsum("nii->ni", covariances)[:] += shrinkage[:, 0] * variance[:, None]
    return np.asarray(covariances)


def _limited_mean(
    empirical: NDArray[np.float64], mean_variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of limited variances, or of all where most channels are flat."""
    variances = np.diagonal(empirical, axis1=1, axis2=2)
    medians = np.median(variances, axis=1)
    limited = np.minimum(variances, LARGEST_VARIANCE * medians[:, None]).mean(axis=1)
    return np.where(medians > 0, limited, mean_variance)
