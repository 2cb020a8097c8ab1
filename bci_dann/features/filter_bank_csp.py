"""Filter-bank common spatial patterns (FBCSP): log-power of spatial filters in each band.

Ang, Chin, Wang, Guan and Zhang (2012), "Filter bank common spatial pattern algorithm on BCI
competition IV datasets 2a and 2b", Front. Neurosci. 6:39.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from bci_dann._arrays import floored_log
from bci_dann._compat import pyriemann_module
from bci_dann.alignment.shrunk_covariance import shrunk_covariances

__all__ = ["FilterBankCSP"]


class FilterBankCSP(TransformerMixin, BaseEstimator):
    """Log-power of the common spatial patterns of each band, from shrunk covariances.

    Parameters
    ----------
    n_components : int
        Number of patterns in each band, at most the number of channels. Four are the two pairs
        of Ang et al. (2012), section 2.1.

    Attributes
    ----------
    filters_ : ndarray, shape (n_bands, n_components, n_chans)
        Spatial filters.
    """

    filters_: NDArray[np.float64]

    def __init__(self, n_components: int = 4) -> None:
        self.n_components = n_components

    def fit(self, X: NDArray[np.float64], y: NDArray[np.int64]) -> Self:
        """Estimate the spatial filters of each band.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_chans, n_times)
            Trials (µV), band-pass filtered.
        y : ndarray of int, shape (n_trials,)
            Indices of the classes.

        Returns
        -------
        FilterBankCSP
            ``self``.
        """
        n_components = min(self.n_components, X.shape[2])
        bands = (shrunk_covariances(X[:, band]) for band in range(X.shape[1]))
        CSP = pyriemann_module("spatialfilters").CSP
        self.filters_ = np.stack([CSP(n_components).fit(band, y).filters_ for band in bands])
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of the mean power of each pattern.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_bands, n_chans, n_times)
            Trials (µV), filtered like those of :meth:`fit`.

        Returns
        -------
        ndarray, shape (n_trials, n_bands * n_components)
            Natural logarithms of µV², band after band.
        """
        power = np.stack(
            [
                np.square(filters @ X[:, band]).mean(axis=2)
                for band, filters in enumerate(self.filters_)
            ],
            axis=1,
        )
        return floored_log(power).reshape(len(X), -1)
