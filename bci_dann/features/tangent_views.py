"""Alignment and features in one: tangent vectors of re-centred covariances of several views.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928: the logarithm of a covariance, flattened.
Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels bring the
spectrum into the covariance.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bci_dann._validation import check_count, check_option
from bci_dann.alignment.artefacts import longest_norm, shorten
from bci_dann.alignment.filter_bank import check_bands
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.last_whitenings import LastWhitenings
from bci_dann.alignment.recentring import domain_names
from bci_dann.alignment.result_cache import ResultCache, cached
from bci_dann.alignment.riemannian import MEANS, CovarianceRecentring
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.features.covariance_views import Views, lag_between_copies, possible_copies
from bci_dann.features.tangent_vectors import (
    References,
    domain_features,
    references_by_view,
    tangent_vectors,
    view_covariances,
)

__all__ = ["TangentViews"]

# Size of the cache for the last predicted trial, so that `update` with it computes nothing twice:
# covariances and decompositions of a trial of 22 channels take 1 MB.
BYTES_OF_LAST_TRIAL = 2**22


class TangentViews(Alignment, BaseEstimator):
    """Re-centring and tangent-space features of several views of a trial.

    The views are the whole trial, windows of it, the whole trial with delayed copies of its
    channels, and the whole trial in narrow bands. The covariance of each view (with oracle
    approximating shrinkage) is re-centred by the mean of the domain and mapped to the tangent
    space [1]_. Delayed copies bring the spectrum into the covariance [2]_.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"} or None
        The mean by which each domain is re-centred; ``None`` re-centres all domains by the
        Riemannian mean of the sources.
    n_windows : int
        Number of time windows, which overlap by a third; 1 for the whole trial alone.
    n_delays : int, optional
        Copies of the channels, each delayed further than the one before; 1 for no delayed copies.
        By default seven, up to 14 with fewer than seven channels, and fewer with many, so that
        channels times copies do not exceed 132, or 200 with up to three copies.
    span : int, optional
        Delay between the first and the last copy (samples), or the seventh one where ``n_delays``
        is not given; one period of the mu rhythm is 100 ms. By default twice the lag of the most
        negative autocorrelation of the source trials.
    bands : sequence of (float, float)
        Lower and upper edge of each band (Hz); none by default.
    sfreq : float, optional
        Sampling frequency (Hz), which bands need.
    robust : bool
        Whether artefacts are suppressed, vectors longer than twice the median of the source trials
        shortened (:mod:`bci_dann.alignment.artefacts`), and directions of outlying power replaced
        by the reference (:mod:`bci_dann.alignment.outlying_directions`).

    Attributes
    ----------
    lag_ : int
        Delay from one copy to the next (samples).
    n_copies_ : int
        Copies of the channels; 1 for no delayed copies.
    longest_ : float
        Norm to which longer vectors are shortened; infinite unless ``robust``.
    centres_ : list of CovarianceRecentring
        The re-centring of each view.

    See Also
    --------
    bci_dann.RiemannianClassifier : A linear head on these features.
    bci_dann.alignment.RiemannianAlignment : Re-centring of the signals.

    References
    ----------
    .. [1] Barachant, A. et al. (2012). Multiclass brain-computer interface classification by
       Riemannian geometry. IEEE Trans. Biomed. Eng. 59(4), 920-928. doi:10.1109/TBME.2011.2172210.
    .. [2] Carrara, I. and Papadopoulo, T. (2024). Classification of BCI-EEG based on the augmented
       covariance matrix. IEEE Trans. Biomed. Eng. 71(9), 2651-2662. arXiv:2302.04508.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.features import TangentViews
    >>> X = np.random.default_rng(0).normal(0, 10, (20, 3, 128))
    >>> views = TangentViews("riemannian", n_windows=3, n_delays=2, span=13)
    >>> views.fit(X).transform(X).shape, views.lag_
    ((20, 45), 13)
    """

    lag_: int
    n_copies_: int
    longest_: float
    centres_: list[CovarianceRecentring]
    _last_trial_cache: ResultCache | None = None
    _whitenings: LastWhitenings | None = None

    def __init__(
        self,
        mean: str | None = "riemannian",
        n_windows: int = 3,
        n_delays: int | None = None,
        span: int | None = None,
        bands: tuple[tuple[float, float], ...] = (),
        sfreq: float | None = None,
        robust: bool = True,
    ) -> None:
        self.mean = mean
        self.n_windows = n_windows
        self.n_delays = n_delays
        self.span = span
        self.bands = bands
        self.sfreq = sfreq
        self.robust = robust

    def check_parameters(self) -> None:
        """Raise on a parameter that cannot be used.

        Raises
        ------
        ConfigError
            With the parameter and its accepted values.
        """
        if self.mean is not None:
            check_option("alignment", self.mean, MEANS)
        check_count("n_windows", self.n_windows)
        if self.n_delays is not None:
            check_count("n_delays", self.n_delays)
        if self.sfreq is not None:
            check_bands(self.bands, self.sfreq)

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
        TangentViews
            ``self``.
        """
        self.lag_ = lag_between_copies(X, self.span, self.n_delays)
        self.n_copies_ = possible_copies(X.shape[1], self.n_delays)
        names, counts, features = self._domain_features(X, domains)
        self.centres_ = [
            CovarianceRecentring(self._mean).set_references(*of_view)
            for of_view in references_by_view(names, counts, features)
        ]
        self.longest_ = self._longest_norm([vectors for vectors, *_ in features])
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
        TangentViews
            ``self``; unchanged where ``mean`` is ``None``.
        """
        if self.mean is not None:
            by_view = self._references(X, domains)
            for recentring, of_view in zip(self.centres_, by_view, strict=True):
                recentring.add_references(*of_view)
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
        """Move the mean of a domain in each view by one trial.

        Parameters
        ----------
        X : ndarray, shape (1, n_chans, n_times)
            The next trial (µV).
        domain : str
            Its domain.

        Returns
        -------
        TangentViews
            ``self``; unchanged where ``mean`` is ``None``.
        """
        if self.mean is None:
            return self
        if self._last_trial_cache is None:
            self._last_trial_cache = ResultCache(BYTES_OF_LAST_TRIAL)
        covariances = self._last_trial_covariances(X, self._last_trial_cache)
        self.centres_ = [
            copy.copy(recentring).update_with_covariance(of_view[0], domain, self._last_trial_cache)
            for recentring, of_view in zip(self.centres_, covariances, strict=True)
        ]
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the tangent vectors of all views, side by side.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; unseen domains are re-centred by the pooled reference.

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Float32, without unit.
        """
        vectors = np.empty((len(X), *self.shape_of(X.shape[1:])), dtype=np.float32)
        self.transform_into(X, domains, vectors)
        return vectors

    def transform_into(self, X: NDArray[Any], domains: ArrayLike | None, out: NDArray[Any]) -> None:
        """Write the tangent vectors of all views into an array.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), or None
            The domain of each trial.
        out : ndarray, shape (n_trials, n_features)
            Where to write.
        """
        if domains is None or self.mean is None:
            out[:] = self._vectors(X, None)
        else:
            names = domain_names(domains, len(X))
            for name in np.unique(names):
                out[names == name] = self._vectors(X[names == name], str(name))
        shorten(out, self.longest_)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the tangent vector of a trial.

        Parameters
        ----------
        shape : tuple of int
            Shape of a trial, ``(n_chans, n_times)``.

        Returns
        -------
        tuple of int
            ``(n_features,)``.
        """
        widths = self._views.widths(*shape)
        return (sum(width * (width + 1) // 2 for width in widths),)

    @property
    def domains_(self) -> list[str]:
        """The names of the known domains.

        Returns
        -------
        list of str
            In the order of their references.
        """
        return self.centres_[0].domains_

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the learned state, for saving.

        Returns
        -------
        dict of str to ndarray
            The lag, the largest norm, and the references of each view under its index.
        """
        arrays = {"lag": np.array(self.lag_), "longest": np.array(self.longest_)}
        for index, recentring in enumerate(self.centres_):
            arrays.update({f"{index}.{k}": v for k, v in recentring.to_arrays().items()})
        return arrays

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
        TangentViews
            ``self``.
        """
        self.lag_ = int(arrays["lag"].item())  # saved with one dimension
        longest = arrays.get("longest")  # models of format 5 have none
        self.longest_ = np.inf if longest is None else float(longest.item())
        n_views = sum(name.endswith(".fallback") for name in arrays)
        parts = ("references", "fallback", "running", "outlying_share")
        self.centres_ = [
            CovarianceRecentring(self.mean or "riemannian").from_arrays(
                domains, {k: arrays[f"{index}.{k}"] for k in parts if f"{index}.{k}" in arrays}
            )
            for index in range(n_views)
        ]
        widths = [len(one.fallback_) for one in self.centres_]
        self.n_copies_ = max(widths) // widths[0]
        return self

    def _references(self, X: NDArray[Any], domains: ArrayLike | None) -> list[References]:
        """Return, for each view, the domains, their means, and their numbers of trials."""
        return references_by_view(*self._domain_features(X, domains))

    def _domain_features(
        self, X: NDArray[Any], domains: ArrayLike | None
    ) -> tuple[list[str], NDArray[np.int_], list[tuple[NDArray[Any], ...]]]:
        """Return the domains, their numbers of trials, and the vectors and means of each."""
        names = domain_names(None if self.mean is None else domains, len(X))
        own, counts = np.unique(names, return_counts=True)
        views = self._views
        features = [
            cached(self.cache, domain_features, X[names == name], views, self._mean) for name in own
        ]
        return own.tolist(), counts, features

    def _longest_norm(self, vectors: Sequence[NDArray[Any]]) -> float:
        return longest_norm(vectors) if self.robust else np.inf

    def _vectors(self, X: NDArray[Any], domain: str | None) -> NDArray[np.float32]:
        """Return the tangent vectors of trials of one domain; None for an unseen domain."""
        references = [
            one.fallback_ if domain is None else one.references_.get(domain, one.fallback_)
            for one in self.centres_
        ]
        views = self._views
        cache = self.cache
        # the cache has vectors at the domain's own means, computed in `fit` or `extend`
        known = None if cache is None else cache.find(domain_features, X, views, self._mean)
        if known is not None and all(map(np.array_equal, known[1:], references)):
            return known[0]
        last = self._last_trial_cache
        if last is not None and len(X) == 1:  # `update` with this trial may follow
            whitenings = [cached(last, inverse_square_root, one) for one in references]
            covariances = self._last_trial_covariances(X, last)
            return tangent_vectors(covariances, references, whitenings, self.robust, last)
        self._whitenings = self._whitenings or LastWhitenings()
        whitenings = self._whitenings.of(references)
        return tangent_vectors(views.covariances(X), references, whitenings, self.robust)

    def _last_trial_covariances(
        self, X: NDArray[Any], cache: ResultCache
    ) -> tuple[NDArray[np.float64], ...]:
        return cache.compute(view_covariances, X, self._views)

    @property
    def _views(self) -> Views:
        bands = tuple((low, high) for low, high in self.bands)
        return Views(self.n_windows, self.n_copies_, self.lag_, bands, self.sfreq, self.robust)

    @property
    def _mean(self) -> str:
        return self.mean or "riemannian"
