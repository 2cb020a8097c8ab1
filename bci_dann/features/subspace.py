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
from scipy.linalg.blas import dsyrk
from scipy.linalg.lapack import dpstrf

from bci_dann._arrays import chunks

__all__ = ["Subspace"]

# A trial adds no direction if its squared distance from the span of others is below this share of
# the largest squared norm. The trials of each re-centred domain are linearly dependent up to the
# tolerance of its mean, and rounding errors of features in single precision are smaller still.
RANK_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Subspace:
    """The span of linearly independent trials in the feature space, or the whole space.

    Parameters
    ----------
    trials : ndarray, shape (n_trials, n_features), or None
        Feature vectors, not copied; ``None`` for the full feature space.
    rows : ndarray of int, shape (n_directions,), or None
        Indices of linearly independent ones among them.
    factor : ndarray, shape (n_directions, n_directions), or None
        The lower Cholesky factor of the scalar products of these. Coordinates refer to the
        orthonormal basis ``inv(factor) @ trials[rows]``, which is not computed.

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
    rows: NDArray[np.intp] | None = None
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
        for column in range(1, rank):
            factor[:column, column] = 0.0
        coordinates = np.empty((n_trials, rank))
        coordinates[order] = factor[:, :rank]
        return cls(X, order[:rank], factor[:rank, :rank]), coordinates

    @classmethod
    def spanned_by_few(cls, X: NDArray[Any]) -> tuple[Self, NDArray[Any]]:
        """Return the span of trials where this saves time: at most half as many as features.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Feature vectors of trials.

        Returns
        -------
        subspace : Subspace
            The span; the full space with more trials.
        coordinates : ndarray, shape (n_trials, n_directions)
            As :meth:`spanned_by` returns them.
        """
        return cls.spanned_by(X) if 2 * len(X) <= X.shape[1] else (cls(), X)

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
        if self.factor is None:
            return X
        X = np.asarray(X, dtype=np.float64)
        products = [block @ X.T for block in self._independent_trials()]
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
        if self.factor is None or self.trials is None:
            return coordinates
        weights = solve_triangular(self.factor, coordinates.T, lower=True, trans="T").T
        vectors = np.zeros((len(coordinates), self.trials.shape[1]))
        for part, block in zip(chunks(len(self.factor)), self._independent_trials(), strict=True):
            vectors += weights[:, part] @ block
        return vectors

    def _independent_trials(self) -> Iterator[NDArray[np.float64]]:
        """Yield blocks of the linearly independent trials, in double precision."""
        if self.trials is None or self.rows is None:
            return
        for part in chunks(len(self.rows)):
            yield self.trials[self.rows[part]].astype(np.float64)


def _scalar_products(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the products of all pairs of trials, the lower triangle, in the layout of LAPACK.

    Blocks of features are converted to double precision one by one.
    """
    products = np.zeros((len(X), len(X)), order="F")
    for features in chunks(X.shape[1]):
        columns = np.asfortranarray(X[:, features], dtype=np.float64)
        products = dsyrk(1.0, columns, beta=1.0, c=products, lower=1, overwrite_c=1)
    return products
