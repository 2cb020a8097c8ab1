"""Tangent-space features of trials: the covariances, flattened around their mean.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928.
"""

from __future__ import annotations

from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["reduced_tangent_space", "tangent_space"]


def tangent_space() -> Pipeline:
    """Return ``(n_trials, n_chans, n_times) -> (n_trials, n_chans (n_chans + 1) / 2)``.

    Covariances are shrunk (oracle approximating shrinkage), so short trials and dependent
    channels stay positive definite.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    return make_pipeline(Covariances("oas"), TangentSpace("riemann"))


def reduced_tangent_space(n_components: int) -> Pipeline:
    """Return tangent-space features, standardised and reduced by PCA.

    Domain classifiers need few features: with as many as trials the domains separate
    perfectly and the weights say nothing.

    Parameters
    ----------
    n_components : int
        Number of principal components to keep.

    Returns
    -------
    sklearn.pipeline.Pipeline
        ``(n_trials, n_chans, n_times) -> (n_trials, n_components)``.
    """
    return make_pipeline(
        *(step for _, step in tangent_space().steps), StandardScaler(), PCA(n_components)
    )
