"""Tangent vectors of the covariances of several views, each view at its own reference.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928: the logarithm of a covariance, flattened.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import floored_log
from bci_dann.alignment.result_cache import ResultCache, cached
from bci_dann.alignment.riemannian import mean_covariance
from bci_dann.alignment.running_reference import eigen
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.features.covariance_views import Views

__all__ = ["domain_features", "tangent_vectors", "view_covariances"]


def domain_features(X: NDArray[Any], views: Views, mean: str) -> tuple[NDArray[Any], ...]:
    """Return the tangent vectors of a domain at its own means, and these means.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    views : Views
        The views.
    mean : {"riemannian", "euclidean"}
        The kind of mean.

    Returns
    -------
    tuple of ndarray
        The vectors, ``(n_trials, n_features)``, then the mean of each view, ``(width, width)``
        (µV²).
    """
    covariances = list(views.covariances(X))
    references = [mean_covariance(of_view, mean) for of_view in covariances]
    whitenings = [inverse_square_root(one) for one in references]
    return tangent_vectors(covariances, whitenings), *references


def view_covariances(X: NDArray[Any], views: Views) -> tuple[NDArray[np.float64], ...]:
    """Return the covariances of trials in each view, as a tuple that can be cached.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    views : Views
        The views.

    Returns
    -------
    tuple of ndarray, shape (n_trials, width, width)
        One for each view (µV²).
    """
    return tuple(views.covariances(X))


def tangent_vectors(
    covariances: Iterable[NDArray[np.float64]],
    whitenings: Sequence[NDArray[np.float64]],
    cache: ResultCache | None = None,
) -> NDArray[np.float32]:
    """Return the logarithms of re-centred covariances, the views side by side.

    Parameters
    ----------
    covariances : iterable of ndarray, shape (n_trials, width, width)
        One for each view (µV²).
    whitenings : sequence of ndarray, shape (width, width)
        The inverse square root of the mean by which each view is re-centred (1/µV).
    cache : ResultCache or None
        Cache for decompositions of the same matrices.

    Returns
    -------
    ndarray, shape (n_trials, n_features)
        Float32, without unit.
    """
    if cache is None:
        covariances = list(covariances)
        if len(covariances[0]) == 1:
            return _vectors_of_trial(covariances, whitenings)
    blocks = [
        _flat_logarithms(whitening @ of_view @ whitening, cache).astype(np.float32)
        for of_view, whitening in zip(covariances, whitenings, strict=True)
    ]
    return np.concatenate(blocks, axis=1)


def _vectors_of_trial(
    covariances: Sequence[NDArray[np.float64]], whitenings: Sequence[NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Return the vectors of a single trial.

    Neighbouring views of equal width are computed in one call, since calls take longer than the
    arithmetic of one trial.
    """
    blocks = []
    for _, group in itertools.groupby(range(len(covariances)), lambda one: len(whitenings[one])):
        places = list(group)
        whitening = np.stack([whitenings[one] for one in places])
        of_views = np.concatenate([covariances[one] for one in places])
        vectors = _flat_logarithms(whitening @ of_views @ whitening, None)
        blocks.append(vectors.astype(np.float32).reshape(1, -1))
    return np.concatenate(blocks, axis=1)


def _flat_logarithms(
    covariances: NDArray[np.float64], cache: ResultCache | None
) -> NDArray[np.float64]:
    """Return the upper triangles of the logarithms, scaled so that norms are kept."""
    values, vectors = cached(cache, eigen, covariances)
    logarithms = (vectors * floored_log(values)[:, None]) @ vectors.swapaxes(1, 2)
    places, scale = _upper_triangle(covariances.shape[1])
    flat = np.take(logarithms.reshape(len(logarithms), -1), places, axis=1)
    return np.asarray(np.multiply(flat, scale, out=flat))


@functools.lru_cache(maxsize=16)
def _upper_triangle(width: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the places of the upper triangle in a flat matrix, and factors that keep norms."""
    rows, columns = np.triu_indices(width)
    return rows * width + columns, np.where(rows == columns, 1.0, np.sqrt(2.0))
