"""Coordinates in the span of the trials, for problems with more features than trials.

The weights of a linear decoder with a ridge penalty lie in the span of its training trials, and so
do directions of drift. Computing both in coordinates of the span takes a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Subspace"]

# Directions with an eigenvalue below this share of the largest one hold only rounding errors, since
# the trials of each re-centred domain are linearly dependent. Four digits above double precision.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Subspace:
    """A linear subspace of the feature space, or the whole space.

    Parameters
    ----------
    basis : ndarray, shape (n_features, n_directions), or None
        Orthonormal columns; ``None`` for the full feature space.

    See Also
    --------
    bci_dann.training.LinearHead : A head can be mapped between both spaces.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.features import Subspace
    >>> X = np.random.default_rng(0).normal(size=(20, 500))
    >>> span = Subspace.spanned_by(X)
    >>> span.coordinates(X).shape, np.allclose(span.vectors(span.coordinates(X)), X)
    ((20, 20), True)
    """

    basis: NDArray[np.float64] | None

    @classmethod
    def spanned_by(cls, X: NDArray[Any]) -> Self:
        """Return the span of trials, or the full space where features are not more than trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Feature vectors of trials.

        Returns
        -------
        Subspace
            With as many dimensions as there are linearly independent trials.
        """
        n_trials, n_features = X.shape
        if n_features <= n_trials:
            return cls(None)
        X = np.asarray(X, dtype=np.float64)
        # the eigenvectors of the Gram matrix take half the time of a singular value decomposition
        values, vectors = np.linalg.eigh(X @ X.T)
        independent = values > RANK_TOLERANCE * max(values[-1], np.finfo(np.float64).tiny)
        return cls(X.T @ (vectors[:, independent] / np.sqrt(values[independent])))

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
        return X if self.basis is None else np.asarray(X, dtype=np.float64) @ self.basis

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
        return coordinates if self.basis is None else coordinates @ self.basis.T
