"""Trials replaced by re-centred covariances of their channels and delayed copies of these.

Zanini et al. (2018), "Transfer learning: a Riemannian geometry framework with applications to
brain-computer interfaces", IEEE Trans. Biomed. Eng. 65(5), 1107-1116: re-centring.
Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels.
"""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bci_dann._arrays import chunks
from bci_dann._validation import check_count, check_option
from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.recentring import domain_names
from bci_dann.alignment.result_cache import cached
from bci_dann.alignment.riemannian import MEANS, CovarianceRecentring
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.features.covariance_views import (
    delayed_covariances,
    lag_between_copies,
    possible_copies,
)

__all__ = ["CovarianceAlignment"]


class CovarianceAlignment(Alignment, BaseEstimator):
    """Replace each trial by its covariance, re-centred by the mean of its domain.

    The covariance ``C_i`` (with oracle approximating shrinkage) of the channels and their delayed
    copies [2]_ becomes ``M^(-1/2) C_i M^(-1/2)``, where ``M`` is the mean of the domain [1]_: the
    input of the backbone ``"SPDNet"``. Networks get these matrices as they are, without
    standardisation.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"}
        The mean by which each domain is re-centred.
    n_delays : int
        Copies of the channels, each delayed further than the one before; 1 for no delayed copies.
        With many channels there are fewer, so that channels times copies do not exceed 132, or 200
        with up to three copies.
    span : int, optional
        Delay between the first and the last copy (samples); one period of the mu rhythm is 100 ms.
        By default twice the lag of the most negative autocorrelation of the source trials.
    robust : bool
        Whether artefacts of each trial are first suppressed, see
        :func:`~bci_dann.alignment.artefacts.suppress_artefacts`, and outlying directions are
        replaced; see :mod:`bci_dann.alignment.outlying_directions`.

    Attributes
    ----------
    lag_ : int
        Delay from one copy to the next (samples).
    width_ : int
        Number of channels times copies.
    recentring_ : CovarianceRecentring
        The means of the domains.

    See Also
    --------
    TangentViews : Logarithms of such covariances, as plain vectors.
    bci_dann.alignment.RiemannianAlignment : Re-centring of the signals.

    References
    ----------
    .. [1] Zanini, P. et al. (2018). Transfer learning: a Riemannian geometry framework with
       applications to brain-computer interfaces. IEEE Transactions on Biomedical Engineering 65(5),
       1107-1116. doi:10.1109/TBME.2017.2742541.
    .. [2] Carrara, I. and Papadopoulo, T. (2024). Classification of BCI-EEG based on the augmented
       covariance matrix. IEEE Trans. Biomed. Eng. 71(9), 2651-2662. arXiv:2302.04508.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.features import CovarianceAlignment
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 128))
    >>> CovarianceAlignment(n_delays=2).fit(X).transform(X).shape
    (20, 6, 6)
    """

    returns_covariances = True
    lag_: int
    width_: int
    recentring_: CovarianceRecentring

    def __init__(
        self,
        mean: str = "riemannian",
        n_delays: int = 7,
        span: int | None = None,
        robust: bool = True,
    ) -> None:
        self.mean = mean
        self.n_delays = n_delays
        self.span = span
        self.robust = robust

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Learn the delay, and the means of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        CovarianceAlignment
            ``self``.

        Raises
        ------
        ConfigError
            When a parameter cannot be used.
        """
        check_option("mean", self.mean, MEANS)
        check_count("n_delays", self.n_delays)
        self.lag_ = lag_between_copies(X, self.span, self.n_delays)
        self.width_ = X.shape[1] * possible_copies(X.shape[1], self.n_delays)
        self.recentring_ = CovarianceRecentring(self.mean, self.robust)
        self.recentring_.cache = self.cache
        self.recentring_.fit(self._covariances(X, domains), domains)
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Add the means of further domains, and keep the others.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials of the new domains (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        CovarianceAlignment
            ``self``.
        """
        self.recentring_.extend(self._covariances(X, domains), domains)
        return self

    @property
    def is_incremental(self) -> bool:
        """Whether means can be updated trial by trial; see :meth:`Alignment.update`.

        Returns
        -------
        bool
            True.
        """
        return True

    def update(self, X: NDArray[Any], domain: str) -> Self:
        """Move the mean of a domain by one trial.

        Parameters
        ----------
        X : ndarray, shape (1, n_chans, n_times)
            The next trial (µV).
        domain : str
            Its domain.

        Returns
        -------
        CovarianceAlignment
            ``self``.
        """
        covariances = self._covariances_of_domain(X)
        self.recentring_ = copy.copy(self.recentring_).update(covariances, domain)
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the re-centred covariances.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; unseen domains are re-centred by the pooled reference.

        Returns
        -------
        ndarray, shape (n_trials, width, width)
            Float32, without unit; ``width`` is the number of channels times copies.
        """
        covariances = self._covariances(X, domains)
        recentred = np.empty(covariances.shape, dtype=np.float32)
        self.recentring_.transform_into(covariances, domains, recentred)
        return recentred

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:  # noqa: ARG002
        """Return the shape of the covariance of a trial.

        Parameters
        ----------
        shape : tuple of int
            Shape of a trial, ``(n_chans, n_times)``.

        Returns
        -------
        tuple of int
            ``(width, width)``.
        """
        return (self.width_, self.width_)

    @property
    def domains_(self) -> list[str]:
        """The names of the known domains.

        Returns
        -------
        list of str
            In the order of their references.
        """
        return self.recentring_.domains_

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the learned state, for saving.

        Returns
        -------
        dict of str to ndarray
            The lag and the references.
        """
        return {"lag": np.array(self.lag_), **self.recentring_.to_arrays()}

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        domains : list of str
            The domains in the order of their references.
        arrays : dict of str to ndarray
            As :meth:`to_arrays` returned them.

        Returns
        -------
        CovarianceAlignment
            ``self``.
        """
        self.lag_ = int(arrays["lag"].item())
        references = {name: array for name, array in arrays.items() if name != "lag"}
        recentring = CovarianceRecentring(self.mean, self.robust)
        self.recentring_ = recentring.from_arrays(domains, references)
        self.width_ = len(self.recentring_.fallback_)
        return self

    def _covariances(self, X: NDArray[Any], domains: ArrayLike | None) -> NDArray[np.float64]:
        """Return the covariances of trials, those of each domain from the cache where possible."""
        names = domain_names(domains, len(X))
        covariances = np.empty((len(X), *self.shape_of(X.shape[1:])))
        for name in np.unique(names):
            covariances[names == name] = self._covariances_of_domain(X[names == name])
        return covariances

    def _covariances_of_domain(self, X: NDArray[Any]) -> NDArray[np.float64]:
        settings = (self.width_ // X.shape[1], self.lag_, self.robust)
        return cached(self.cache, augmented_covariances, X, *settings)


def augmented_covariances(
    X: NDArray[Any], n_copies: int, lag: int, robust: bool
) -> NDArray[np.float64]:
    """Return the shrunk covariances of the channels together with their delayed copies.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    n_copies : int
        Copies of the channels, the first without delay.
    lag : int
        Delay from one copy to the next (samples).
    robust : bool
        Whether artefacts are first suppressed, and variances limited in the shrinkage.

    Returns
    -------
    ndarray, shape (n_trials, n_copies * n_chans, n_copies * n_chans)
        By oracle approximating shrinkage (µV²).
    """
    trials = suppress_artefacts(X) if robust else X
    parts = [trials[part] for part in chunks(len(trials))]
    if n_copies == 1:
        return np.concatenate([shrunk_covariances(part, robust) for part in parts])
    return np.concatenate([delayed_covariances(part, n_copies, lag, robust) for part in parts])
