"""Whitening by a mean covariance, and eigenvalues of whitened covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["RANK_TOLERANCE", "eigen", "inverse_square_root"]

# Directions with an eigenvalue below this share of the largest one carry no signal, as after an
# average reference; whitening them would amplify rounding errors of double precision (1e-16).
RANK_TOLERANCE = 1e-10


def inverse_square_root(reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``R^(-1/2)`` of a symmetric positive semi-definite matrix.

    Directions without signal are mapped to zero (pseudo-inverse).

    Parameters
    ----------
    reference : ndarray, shape (n_chans, n_chans)
        A mean covariance.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric.

    Raises
    ------
    DataError
        When the matrix has values that are not finite, or is zero.
    """
    if not np.isfinite(reference).all():
        raise DataError("The alignment reference is not finite: look for NaN in the trials.")
    values, vectors = np.linalg.eigh(reference)
    with_signal = values > RANK_TOLERANCE * max(values[-1], 0.0)
    if values[-1] <= 0:
        raise DataError("The alignment reference is zero: the trials hold no signal.")
    scale = np.zeros_like(values)
    scale[with_signal] = values[with_signal] ** -0.5
    whitening: NDArray[np.float64] = (vectors * scale) @ vectors.T
    return whitening


def eigen(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eigenvalues and eigenvectors of symmetric matrices, as a plain tuple for the cache.

    Parameters
    ----------
    matrix : ndarray, shape (..., n, n)
        Symmetric.

    Returns
    -------
    values : ndarray, shape (..., n)
        In ascending order.
    vectors : ndarray, shape (..., n, n)
        One in each column.
    """
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors
