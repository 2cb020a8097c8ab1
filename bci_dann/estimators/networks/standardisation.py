"""Standardisation of aligned trials to mean 0 and variance 1, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment import Alignment

__all__ = ["center_and_scale", "scaling_for", "standardise"]

# Number of trials converted to double precision at a time. Another number would change the
# rounding of sums.
TRIALS_PER_CHUNK = 64


def center_and_scale(
    X: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of trials, or of each feature of plain vectors.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Trials or vectors. All channels share one scale, which keeps their relative amplitudes; each
        feature has its own.

    Returns
    -------
    center, scale : ndarray, shape () or (n_features,)
        Computed in double precision; a standard deviation of zero is replaced by one.

    See Also
    --------
    scaling_for : The same, except for covariances.
    standardise : Applies both.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import center_and_scale
    >>> X = np.array([[1.0, 10.0], [3.0, 10.0]], np.float32)  # vectors; the second does not vary
    >>> center_and_scale(X)
    (array([ 2., 10.], dtype=float32), array([1., 1.], dtype=float32))
    """
    axis = 0 if X.ndim == 2 else None
    count = len(X) if X.ndim == 2 else X.size
    center = sum(chunk.sum(axis=axis) for chunk in _chunks(X)) / count
    power = sum(np.square(chunk - center).sum(axis=axis) for chunk in _chunks(X)) / count
    scale = np.sqrt(power)
    return (
        np.asarray(center, dtype=np.float32),
        np.asarray(np.where(scale > 0, scale, 1.0), dtype=np.float32),
    )


def scaling_for(
    alignment: Alignment | None, X: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and standard deviation by which aligned trials are standardised.

    Parameters
    ----------
    alignment : Alignment or None
        The alignment of the trials.
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned source trials, or vectors.

    Returns
    -------
    center, scale : ndarray, shape () or (n_features,)
        0 and 1 where the alignment returns covariances; otherwise as :func:`center_and_scale`
        returns them.

    See Also
    --------
    standardise : Applies both.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import scaling_for
    >>> from bci_dann.features import CovarianceAlignment
    >>> scaling_for(CovarianceAlignment(), np.ones((4, 6, 6), np.float32))
    (array(0., dtype=float32), array(1., dtype=float32))
    """
    if alignment is not None and alignment.returns_covariances:
        return np.array(0.0, dtype=np.float32), np.array(1.0, dtype=np.float32)
    return center_and_scale(X)


def standardise(
    X: NDArray[np.float32],
    center: NDArray[np.float32],
    scale: NDArray[np.float32],
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return ``(X - center) / scale``.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned trials, or plain vectors.
    center, scale : ndarray
        The result of :func:`scaling_for`.
    out : ndarray, optional
        Output array; may be ``X``.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features, 1)
        Vectors get a time axis of length one, the input shape of networks.

    See Also
    --------
    center_and_scale : Computes both.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import center_and_scale, standardise
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 128)).astype(np.float32)
    >>> float(standardise(X, *center_and_scale(X)).std().round(3))
    1.0
    """
    scaled = np.subtract(X, center, out=out)
    np.divide(scaled, scale, out=scaled)
    return scaled if X.ndim == 3 else scaled[:, :, None]


def _chunks(X: NDArray[np.float32]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(X), TRIALS_PER_CHUNK):
        yield X[start : start + TRIALS_PER_CHUNK].astype(np.float64)
