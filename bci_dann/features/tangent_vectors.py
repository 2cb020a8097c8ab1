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
from bci_dann.alignment.outlying_directions import robust_mean, trial_gains, without_outliers
from bci_dann.alignment.result_cache import ResultCache, cached
from bci_dann.alignment.riemannian import mean_covariance
from bci_dann.alignment.whitening import eigen, inverse_square_root
from bci_dann.features.covariance_views import Views

__all__ = [
    "References",
    "domain_features",
    "references_by_view",
    "tangent_vectors",
    "view_covariances",
]

# Domains, their references in one view, and the numbers of trials behind these.
References = tuple[list[str], list[NDArray[Any]], NDArray[np.int_]]


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
    is_robust = views.robust and mean == "riemannian"
    references = [
        robust_mean(of_view) if is_robust else mean_covariance(of_view, mean)
        for of_view in covariances
    ]
    whitenings = [inverse_square_root(one) for one in references]
    return tangent_vectors(covariances, references, whitenings, views.robust), *references


def references_by_view(
    names: list[str], counts: NDArray[np.int_], features: Sequence[tuple[NDArray[Any], ...]]
) -> list[References]:
    """Return what :func:`domain_features` found for several domains, by view.

    Parameters
    ----------
    names : list of str
        The domains.
    counts : ndarray of int, shape (n_domains,)
        Their numbers of trials.
    features : sequence of tuple of ndarray
        The vectors and the references of each domain.

    Returns
    -------
    list of References
        For each view the domains, their references, and their numbers of trials.
    """
    by_view = zip(*(references for _, *references in features), strict=True)
    return [(names, list(references), counts) for references in by_view]


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
    references: Sequence[NDArray[np.float64]],
    whitenings: Sequence[NDArray[np.float64]],
    robust: bool = False,
    cache: ResultCache | None = None,
) -> NDArray[np.float32]:
    """Return the logarithms of re-centred covariances, the views side by side.

    Parameters
    ----------
    covariances : iterable of ndarray, shape (n_trials, width, width)
        One for each view (µV²).
    references : sequence of ndarray, shape (width, width)
        The mean by which each view is re-centred (µV²).
    whitenings : sequence of ndarray, shape (width, width)
        Their inverse square roots (1/µV).
    robust : bool
        Whether directions of outlying power are replaced by the reference; see
        :mod:`bci_dann.alignment.outlying_directions`.
    cache : ResultCache or None
        Cache for decompositions of the same matrices.

    Returns
    -------
    ndarray, shape (n_trials, n_features)
        Float32, without unit.
    """
    covariances = list(covariances)
    gains = [
        trial_gains(of_view, np.diagonal(reference)) if robust else None
        for of_view, reference in zip(covariances, references, strict=True)
    ]
    centred = (w @ of_view @ w for of_view, w in zip(covariances, whitenings, strict=True))
    if cache is None and len(covariances[0]) == 1:
        return _vectors_of_trial(list(centred), gains)
    blocks = [
        _flat_logarithms(of_view, gain, cache).astype(np.float32)
        for of_view, gain in zip(centred, gains, strict=True)
    ]
    return np.concatenate(blocks, axis=1)


def _vectors_of_trial(
    centred: Sequence[NDArray[np.float64]], gains: Sequence[NDArray[np.float64] | None]
) -> NDArray[np.float32]:
    """Return the vectors of a single trial.

    Neighbouring views of equal width are computed in one call, since calls take longer than the
    arithmetic of one trial.
    """
    blocks = []
    for _, group in itertools.groupby(range(len(centred)), lambda one: centred[one].shape[1]):
        places = list(group)
        together = np.concatenate([centred[one] for one in places])
        known = [gain for one in places if (gain := gains[one]) is not None]
        vectors = _flat_logarithms(together, np.concatenate(known) if known else None, None)
        blocks.append(vectors.astype(np.float32).reshape(1, -1))
    return np.concatenate(blocks, axis=1)


def _flat_logarithms(
    centred: NDArray[np.float64], gains: NDArray[np.float64] | None, cache: ResultCache | None
) -> NDArray[np.float64]:
    """Return the upper triangles of the logarithms, scaled so that norms are kept."""
    values, vectors = cached(cache, eigen, centred)
    log_powers = floored_log(values)
    if gains is not None:
        log_powers = without_outliers(log_powers, gains)
    logarithms = (vectors * log_powers[:, None]) @ vectors.swapaxes(1, 2)
    places, scale = _upper_triangle(centred.shape[1])
    flat = np.take(logarithms.reshape(len(logarithms), -1), places, axis=1)
    return np.asarray(np.multiply(flat, scale, out=flat))


@functools.lru_cache(maxsize=16)
def _upper_triangle(width: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the places of the upper triangle in a flat matrix, and factors that keep norms."""
    rows, columns = np.triu_indices(width)
    return rows * width + columns, np.where(rows == columns, 1.0, np.sqrt(2.0))
