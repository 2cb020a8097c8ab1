"""Tangent-space features: covariances of trials mapped to vectors at their Riemannian mean.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from bci_dann._compat import pyriemann_module
from bci_dann.alignment.shrunk_covariance import shrunk_covariances

__all__ = ["covariances", "reduce_features", "tangent_space", "vectors_of_covariances"]


def covariances() -> FunctionTransformer:
    """Return a transformer that computes the shrunk covariances of trials.

    It maps ``(n_trials, n_chans, n_times)`` to ``(n_trials, n_chans, n_chans)``. Oracle
    approximating shrinkage keeps covariances of short trials and dependent channels positive
    definite.

    Returns
    -------
    sklearn.preprocessing.FunctionTransformer
        Stateless.
    """
    return FunctionTransformer(shrunk_covariances)


def tangent_space() -> Pipeline:
    """Return an unfitted transformer that computes tangent vectors of trials.

    It maps ``(n_trials, n_chans, n_times)`` to ``(n_trials, n_chans (n_chans + 1) / 2)``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Shrunk covariances, then their logarithms at the Riemannian mean of the trials in ``fit``.
    """
    vectors = pyriemann_module("tangentspace").TangentSpace("riemann")
    return make_pipeline(covariances(), vectors)


def vectors_of_covariances(X: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return the tangent vectors of covariances at their Riemannian mean.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_chans)
        Covariances of trials, instead of their signals.

    Returns
    -------
    ndarray, shape (n_trials, n_chans (n_chans + 1) / 2)
        As :func:`tangent_space` computes them from signals.
    """
    vectors = tangent_space()[1:].fit_transform(X.astype(np.float64))
    return np.asarray(vectors, dtype=np.float32)


def reduce_features(vectors: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    """Return feature vectors standardised and reduced by principal component analysis.

    Domain classifiers need few features: with as many features as trials the domains separate
    perfectly, and importance weights are meaningless.

    Parameters
    ----------
    vectors : ndarray, shape (n_trials, n_features)
        Features of all source and target trials; constant features do not contribute.
    n_components : int
        Largest number of principal components.

    Returns
    -------
    ndarray, shape (n_trials, min(n_components, n_features, n_trials))
        Scores of the components, largest variance first.
    """
    n_components = min(n_components, *vectors.shape)
    pca = PCA(n_components, svd_solver="full")
    scores: NDArray[np.float64] = make_pipeline(StandardScaler(), pca).fit_transform(vectors)
    return scores
