"""Tangent-space features of trials: the covariances, flattened around their mean.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from bci_dann._compat import pyriemann_module
from bci_dann.features.shrunk_covariance import shrunk_covariances

__all__ = ["covariances", "reduced", "tangent_space"]


def covariances() -> FunctionTransformer:
    """Return ``(n_trials, n_chans, n_times) -> (n_trials, n_chans, n_chans)``.

    Covariances are shrunk (oracle approximating shrinkage), so short trials and dependent
    channels stay positive definite.

    Returns
    -------
    sklearn.preprocessing.FunctionTransformer
    """
    return FunctionTransformer(shrunk_covariances)


def tangent_space() -> Pipeline:
    """Return ``(n_trials, n_chans, n_times) -> (n_trials, n_chans (n_chans + 1) / 2)``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        From the covariances of :func:`covariances`, around their Riemannian mean.
    """
    vectors = pyriemann_module("tangentspace").TangentSpace("riemann")
    return make_pipeline(covariances(), vectors)


def reduced(vectors: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    """Return feature vectors standardised and reduced by PCA.

    Domain classifiers need few features: with as many as trials the domains separate
    perfectly and the weights say nothing.

    Parameters
    ----------
    vectors : ndarray, shape (n_trials, n_features)
        Features of all trials; constant ones are passed over.
    n_components : int
        Number of principal components to keep, at most.

    Returns
    -------
    ndarray, shape (n_trials, min(n_components, n_features, n_trials))
    """
    kept = min(n_components, *vectors.shape)
    found: NDArray[np.float64] = make_pipeline(
        StandardScaler(), PCA(kept, svd_solver="full")
    ).fit_transform(vectors)
    return found
