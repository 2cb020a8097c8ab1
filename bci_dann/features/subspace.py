"""Coordinates in the span of the trials, for problems with more features than trials.

The weights of a linear decoder with a ridge penalty lie in the span of its training trials, and so
do directions of drift. Computing both in coordinates of the span takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf

__all__ = ["Subspace"]

# A trial adds no direction if its squared distance from the span of others is below this share of
# the largest squared norm. The trials of each re-centred domain are linearly dependent up to the
# tolerance of its mean, and rounding errors of features in single precision are smaller still.
RANK_TOLERANCE = 1e-10
# Rows (trials, or features of all trials) that are converted to double precision at a time.
BLOCK = 512


@dataclass(frozen=True)
class Subspace:
    """The span of linearly independent trials in the feature space, or the whole space.

    Parameters
    ----------
    trials : ndarray, shape (n_directions, n_features), or None
        Linearly independent feature vectors; ``None`` for the full feature space.
    factor : ndarray, shape (n_directions, n_directions), or None
        The lower Cholesky factor of their scalar products. Coordinates refer to the orthonormal
        basis ``inv(factor) @ trials``, which is not computed.

    See Also
    --------
    bci_dann.training.LinearHead : A head can be mapped between both spaces.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.features import Subspace
    >>> X = np.random.default_rng(0).normal(size=(20, 500))
    >>> span, coordinates = Subspace.spanned_by(X)
    >>> coordinates.shape, np.allclose(span.vectors(coordinates), X)
    ((20, 20), True)
    """

    trials: NDArray[Any] | None = None
    factor: NDArray[np.float64] | None = None

    @classmethod
    def spanned_by(cls, X: NDArray[Any]) -> tuple[Self, NDArray[Any]]:
        """Return the span of trials, or the full space where features are not more than trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Feature vectors of trials.

        Returns
        -------
        subspace : Subspace
            With as many dimensions as there are linearly independent trials.
        coordinates : ndarray, shape (n_trials, n_directions)
            The trials in coordinates of the subspace, in double precision; ``X`` itself in the full
            space.
        """
        n_trials, n_features = X.shape
        if n_features <= n_trials:
            return cls(), X
        products = _scalar_products(X)
        tolerance = RANK_TOLERANCE * max(products.diagonal().max(), np.finfo(np.float64).tiny)
        # the Cholesky factor with pivoting holds the coordinates of all trials, at a fraction of
        # the cost of a singular value decomposition
        factor, order, rank, _ = dpstrf(products, tol=tolerance, lower=1, overwrite_a=True)
        order -= 1  # indices of LAPACK start at 1
        factor = np.tril(factor)[:, :rank]
        coordinates = np.empty_like(factor, order="C")
        coordinates[order] = factor
        return cls(X[order[:rank]], factor[:rank].copy()), coordinates

    def coordinates(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the coordinates of vectors in the subspace.

        Parameters
        ----------
        X : ndarray, shape (n_rows, n_features)
            Vectors; components orthogonal to the subspace are dropped.

        Returns
        -------
        ndarray, shape (n_rows, n_directions)
            In double precision; ``X`` itself in the full space.
        """
        if self.trials is None or self.factor is None:
            return X
        X = np.asarray(X, dtype=np.float64)
        products = [block @ X.T for block in _in_double_precision(self.trials)]
        stacked = np.concatenate(products) if products else np.empty((0, len(X)))
        return np.asarray(solve_triangular(self.factor, stacked, lower=True).T)

    def vectors(self, coordinates: NDArray[Any]) -> NDArray[Any]:
        """Return the vectors with the given coordinates.

        Parameters
        ----------
        coordinates : ndarray, shape (n_rows, n_directions)
            As :meth:`coordinates` returns them.

        Returns
        -------
        ndarray, shape (n_rows, n_features)
            Vectors of the feature space that lie in the subspace.
        """
        if self.trials is None or self.factor is None:
            return coordinates
        weights = solve_triangular(self.factor, coordinates.T, lower=True, trans="T").T
        vectors = np.zeros((len(coordinates), self.trials.shape[1]))
        for index, block in enumerate(_in_double_precision(self.trials)):
            vectors += weights[:, index * BLOCK : (index + 1) * BLOCK] @ block
        return vectors


def _scalar_products(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the products of all pairs of trials, from blocks of features in double precision."""
    products = np.zeros((len(X), len(X)))
    for columns in _in_double_precision(X.T):
        products += columns.T @ columns
    return products


def _in_double_precision(rows: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of rows; a copy of all of them in double precision may not fit into memory."""
    for start in range(0, len(rows), BLOCK):
        yield np.asarray(rows[start : start + BLOCK], dtype=np.float64)
