"""Tangent vectors of several views, re-centred by rest windows between the trials."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.alignment.riemannian import CovarianceRecentring
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.features.rest_reference import blended_reference
from bci_dann.features.tangent_vectors import References
from bci_dann.features.tangent_views import TangentViews

__all__ = ["RestViews"]


class RestViews(TangentViews):
    """:class:`TangentViews` with references from rest windows, or from these and the trials.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"}
        The kind of mean that is taken of the rest windows and of the trials of each domain.
    n_windows, n_delays, span, bands, sfreq, robust : object
        As for :class:`TangentViews`.
    weight : float
        Position of the reference of each domain between the mean of its trials (0) and the mean of
        its rest windows (1); see :func:`~bci_dann.features.rest_reference.rest_weight`.

    See Also
    --------
    bci_dann.RiemannianClassifier : Uses it with ``reference="rest"``.
    """

    takes_rest = True

    def __init__(
        self,
        mean: str | None = "riemannian",
        n_windows: int = 3,
        n_delays: int | None = None,
        span: int | None = None,
        bands: tuple[tuple[float, float], ...] = (),
        sfreq: float | None = None,
        robust: bool = True,
        weight: float = 1.0,
    ) -> None:
        super().__init__(mean, n_windows, n_delays, span, bands, sfreq, robust)
        self.weight = weight

    def check_parameters(self) -> None:
        """Raise on a parameter that cannot be used.

        Raises
        ------
        ConfigError
            As :class:`TangentViews`, and where there is no mean to re-centre by.
        """
        super().check_parameters()
        if self.mean is None:
            raise ConfigError(
                "reference='rest' is the mean by which covariances are re-centred, so it takes "
                "alignment='riemannian' or 'euclidean'; with another alignment, or none, take "
                "reference='trials'."
            )

    def fit(
        self,
        X: NDArray[Any],
        domains: ArrayLike | None = None,
        rest: NDArray[Any] | None = None,
        rest_domains: ArrayLike | None = None,
    ) -> Self:
        """Learn the delay, and the references of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.
        rest : ndarray, shape (n_windows, n_chans, n_rest_times)
            Rest windows (µV).
        rest_domains : array-like of str, shape (n_windows,), optional
            The domain of each window; every domain of the trials needs at least one.

        Returns
        -------
        RestViews
            ``self``.
        """
        super().fit(X, domains)
        self.centres_ = [
            CovarianceRecentring(self._mean).set_references(*of_view)
            for of_view in self._references_with_rest(X, domains, rest, rest_domains)
        ]
        self.longest_ = np.inf  # at these references vectors are longer than at means of trials
        self.longest_ = self._longest_norm([self.transform(X, domains)])
        return self

    def extend(
        self,
        X: NDArray[Any],
        domains: ArrayLike | None = None,
        rest: NDArray[Any] | None = None,
        rest_domains: ArrayLike | None = None,
    ) -> Self:
        """Add the references of further domains, and keep the others.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials of the new domains (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.
        rest, rest_domains : array-like
            As for :meth:`fit`.

        Returns
        -------
        RestViews
            ``self``.
        """
        by_view = self._references_with_rest(X, domains, rest, rest_domains)
        for recentring, of_view in zip(self.centres_, by_view, strict=True):
            recentring.add_references(*of_view)
        return self

    @property
    def is_incremental(self) -> bool:
        """Whether references can be updated trial by trial.

        Returns
        -------
        bool
            False: they are learned again from the last trials and their rest windows.
        """
        return False

    def _references_with_rest(
        self,
        X: NDArray[Any],
        domains: ArrayLike | None,
        rest: NDArray[Any] | None,
        rest_domains: ArrayLike | None,
    ) -> list[References]:
        """Return, for each view, references between the means of trials and of rest windows."""
        if rest is None:
            raise DataError("a reference of rest windows needs rest windows: give rest=....")
        self._views.check_rest_length(X.shape[2], rest.shape[2])
        of_rest = self._references(rest, rest_domains)
        if self.weight == 1:
            return of_rest
        return list(map(self._blended, self._references(X, domains), of_rest))

    def _blended(self, of_trials: References, of_rest: References) -> References:
        names, means, n_trials = of_trials
        _, rest_means, n_windows = of_rest
        blended = [
            blended_reference(*both, self.weight, self._mean)
            for both in zip(means, rest_means, strict=True)
        ]
        return names, blended, np.minimum(n_trials, n_windows)
