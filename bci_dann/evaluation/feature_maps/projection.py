"""Choice of trials for a map, and their projection to two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["principal_components", "spread_rows"]


def spread_rows(groups: NDArray[np.str_], largest: int) -> dict[str, NDArray[np.intp]]:
    """Select trials of each group, evenly spaced in the order of recording.

    Parameters
    ----------
    groups : ndarray of str, shape (n_trials,)
        The group of each trial, such as its subject.
    largest : int
        Maximum number of trials of a group.

    Returns
    -------
    dict of str to ndarray of int
        Indices of the selected trials by group, in the order in which groups occur.
    """
    rows = {}
    for group in dict.fromkeys(groups.tolist()):
        own = np.flatnonzero(groups == group)
        places = np.linspace(0, len(own) - 1, min(len(own), largest))
        rows[group] = own[places.round().astype(int)]
    return rows


def principal_components(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first two principal components of vectors.

    Parameters
    ----------
    vectors : ndarray, shape (n_points, n_features)
        The vectors; a single feature gets a second component of zeros.

    Returns
    -------
    points : ndarray, shape (n_points, 2)
        The components of each vector.
    explained : ndarray, shape (2,)
        Share of the variance that each component explains.
    """
    from sklearn.decomposition import PCA

    vectors = np.pad(vectors, [(0, 0), (0, max(0, 2 - vectors.shape[1]))])
    pca = PCA(2, svd_solver="randomized", random_state=0)
    points: NDArray[Any] = pca.fit_transform(vectors)
    return points.astype(np.float32), pca.explained_variance_ratio_.astype(np.float32)
