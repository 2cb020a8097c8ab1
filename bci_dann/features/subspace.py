"""The space that trials span: where there are fewer of them than features, all there is to learn.

A linear decoder with a ridge never leaves it, whatever else it is trained on but these trials, and
neither do directions of drift. So both are found in coordinates of it, in a fraction of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Subspace"]

# Directions with less than this share of the largest eigenvalue hold rounding errors alone: each
# domain that was re-centred is one trial short of independent ones.
RANK_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Subspace:
    """A subspace of features, or all of space.

    Parameters
    ----------
    basis : ndarray, shape (n_features, n_directions), or None
        Orthonormal columns; ``None`` for all of space.
    """

    basis: NDArray[np.float64] | None

    @classmethod
    def of(cls, X: NDArray[Any]) -> Self:
        """Return the span of trials, or all of space where features are not more than they.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_features)
            Trials.

        Returns
        -------
        Subspace
        """
        n_trials, n_features = X.shape
        if n_features <= n_trials:
            return cls(None)
        wide = np.asarray(X, dtype=np.float64)
        # the eigenvectors of products between trials take half the time of a decomposition of them
        values, vectors = np.linalg.eigh(wide @ wide.T)
        kept = values > RANK_TOLERANCE * max(values[-1], np.finfo(np.float64).tiny)
        return cls(wide.T @ (vectors[:, kept] / np.sqrt(values[kept])))

    def coordinates(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return where vectors lie in the subspace, ``(n_rows, n_directions)``.

        Parameters
        ----------
        X : ndarray, shape (n_rows, n_features)
            Vectors; what of them is outside of it is left out.
        """
        return X if self.basis is None else np.asarray(X, dtype=np.float64) @ self.basis

    def vectors(self, coordinates: NDArray[Any]) -> NDArray[Any]:
        """Return the vectors with some coordinates, ``(n_rows, n_features)``.

        Parameters
        ----------
        coordinates : ndarray, shape (n_rows, n_directions)
            As :meth:`coordinates` gives them.
        """
        return coordinates if self.basis is None else coordinates @ self.basis.T
