"""Tangent vectors of several re-centred covariances of each trial.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928: the logarithm of a covariance, flattened.
Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels bring the
spectrum into the covariance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from bci_dann._validation import check_count, check_option
from bci_dann.alignment.filter_bank import check_bands
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.recentring import domain_names, inverse_square_root
from bci_dann.alignment.result_cache import cached
from bci_dann.alignment.riemannian import MEANS, CovarianceRecentring, mean_covariance
from bci_dann.features.covariance_views import CHUNK, Views

__all__ = ["AlignedViews", "TangentViews", "lag_of_least_autocorrelation"]

# Longest delay that is looked at, as a share of the trial.
LONGEST_LAG = 0.1
# Channels and their delayed copies together: wider covariances take minutes.
WIDEST = 200


class TangentViews(Alignment, BaseEstimator):
    """Alignment and features in one: each view of a trial, re-centred for each domain.

    The views are the whole trial, windows of it, the whole trial with delayed copies of its
    channels, and the whole trial in narrow bands. Each gives the matrix logarithm of its
    covariance (oracle approximating shrinkage), after the domain's mean was moved to the
    identity.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"} or None
        The mean by which each domain is re-centred; ``None`` centres all domains together
        by the Riemannian mean of the sources.
    n_windows : int
        Windows of time that overlap by a third; 1 for none but the whole trial.
    n_delays : int
        Copies of the channels, each later than the one before; 1 for none. With many channels
        fewer, so that there are no more than 200 copies in all.
    span : int, optional
        How much later the last copy is than the first (samples); one period of the mu rhythm is
        100 ms. Where it is not given, twice the lag at which the autocorrelation of the source
        trials is lowest.
    bands : sequence of (float, float)
        Lower and upper edge of each band (Hz); none by default.
    sfreq : float, optional
        Sampling frequency (Hz), which bands need.
    robust : bool
        Whether outlying samples of each trial are pulled in first; see ``outliers.py``.

    Attributes
    ----------
    lag_ : int
        The delay between copies (samples).
    centres_ : list of CovarianceRecentring
        One for each view.
    """

    lag_: int
    centres_: list[CovarianceRecentring]

    def __init__(
        self,
        mean: str | None = "riemannian",
        n_windows: int = 3,
        n_delays: int = 7,
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
        """Raise ConfigError on a parameter that cannot be used."""
        if self.mean is not None:
            check_option("alignment", self.mean, MEANS)
        check_count("n_windows", self.n_windows)
        check_count("n_delays", self.n_delays)
        if self.sfreq is not None:
            check_bands(self.bands, self.sfreq)

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Find the delay, and the means of the source domains.

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
        n_copies = self._n_copies(X.shape[1])
        span = self.span or (2 * lag_of_least_autocorrelation(X) if n_copies > 1 else 0)
        self.lag_ = max(1, round(span / max(1, n_copies - 1)))
        self.centres_ = [
            CovarianceRecentring(self._mean).set_references(names, references, counts)
            for names, references, counts in self._references(X, domains)
        ]
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Add the means of further domains; see :meth:`Recentring.extend`."""
        if self.mean is not None:
            for centre, found in zip(self.centres_, self._references(X, domains), strict=True):
                centre.add_references(*found)
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the tangent vectors of all views, side by side.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; unseen domains get the fallback.

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Without unit, float32.
        """
        vectors = np.empty((len(X), *self.shape_of(X.shape[1:])), dtype=np.float32)
        self.transform_into(X, domains, vectors)
        return vectors

    def transform_into(self, X: NDArray[Any], domains: ArrayLike | None, out: NDArray[Any]) -> None:
        """Write tangent vectors into ``out``, shape (n_trials, n_features)."""
        if domains is None or self.mean is None:
            out[:] = self._vectors(X, None)
            return
        names = domain_names(domains, len(X))
        for name in np.unique(names):
            out[names == name] = self._vectors(X[names == name], str(name))

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``(n_features,)`` of a trial of ``shape`` (n_chans, n_times)."""
        widths = self._views(shape[0], lag=1).widths(*shape)
        return (sum(width * (width + 1) // 2 for width in widths),)

    @property
    def domains_(self) -> list[str]:
        """The names of the domains learned, in the order of their references."""
        return self.centres_[0].domains_

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, to be saved; the domains' names are kept apart."""
        arrays = {"lag": np.array(self.lag_)}
        for index, centre in enumerate(self.centres_):
            arrays.update({f"{index}.{k}": v for k, v in centre.to_arrays().items()})
        return arrays

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Take over what :meth:`to_arrays` returned, for domains in the same order."""
        self.lag_ = int(arrays["lag"].item())  # saved with one dimension
        n_views = sum(name.endswith(".fallback") for name in arrays)
        parts = ("references", "fallback")
        self.centres_ = [
            CovarianceRecentring(self.mean or "riemannian").from_arrays(
                domains, {part: arrays[f"{index}.{part}"] for part in parts}
            )
            for index in range(n_views)
        ]
        return self

    def _references(
        self, X: NDArray[Any], domains: ArrayLike | None
    ) -> list[tuple[list[str], list[NDArray[Any]], NDArray[np.int_]]]:
        """Return, for each view, domains, their means, and their numbers of trials."""
        names = domain_names(None if self.mean is None else domains, len(X))
        own, counts = np.unique(names, return_counts=True)
        views = self._views(X.shape[1], self.lag_)
        features = [
            cached(self.cache, _domain_features, X[names == name], views, self._mean)
            for name in own
        ]
        return [
            (own.tolist(), list(references), counts)
            for references in zip(*(one[1:] for one in features), strict=True)
        ]

    def _vectors(self, X: NDArray[Any], domain: str | None) -> NDArray[np.float32]:
        """Return the tangent vectors of a domain's trials; of an unseen domain for None."""
        references = [
            centre.fallback_ if domain is None else centre.references_.get(domain, centre.fallback_)
            for centre in self.centres_
        ]
        views = self._views(X.shape[1], self.lag_)
        cache = self.cache
        known = None if cache is None else cache.find(_domain_features, X, views, self._mean)
        if known is not None and all(map(np.array_equal, known[1:], references)):
            return known[0]
        return _tangent_vectors(views.covariances(X), references)

    def _views(self, n_chans: int, lag: int) -> Views:
        bands = tuple((low, high) for low, high in self.bands)
        n_copies = self._n_copies(n_chans)
        return Views(self.n_windows, n_copies, lag, bands, self.sfreq, self.robust)

    def _n_copies(self, n_chans: int) -> int:
        return min(self.n_delays, max(1, WIDEST // n_chans))

    @property
    def _mean(self) -> str:
        return self.mean or "riemannian"


class AlignedViews(Alignment):
    """Signals aligned by an alignment of one's own, and then the views of all domains together.

    Parameters
    ----------
    first : Alignment
        Unfitted; it must keep the shape ``(n_trials, n_chans, n_times)``.
    views : TangentViews
        Unfitted, with ``mean=None``.
    """

    def __init__(self, first: Alignment, views: TangentViews) -> None:
        self.first = first
        self.views = views

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Fit the alignment, and the views to what it gives; see :class:`Alignment`."""
        self.first.cache = self.views.cache = self.cache
        aligned = self.first.fit(X, domains).transform(X, domains)
        self.views.fit(np.asarray(aligned, dtype=np.float32), domains)
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Extend the alignment; the views have no references of single domains."""
        self.first.extend(X, domains)
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[Any]:
        """Return the tangent vectors of aligned trials; see :class:`TangentViews`."""
        aligned = np.asarray(self.first.transform(X, domains), dtype=np.float32)
        return self.views.transform(aligned, domains)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``(n_features,)``; see :class:`TangentViews`."""
        return self.views.shape_of(self.first.shape_of(shape))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the references of both; see :class:`Alignment`."""
        own = {f"first.{name}": array for name, array in self.first.to_arrays().items()}
        return {**own, **{f"views.{k}": v for k, v in self.views.to_arrays().items()}}

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore the references of both; see :class:`Alignment`."""
        for part, prefix, names in ((self.first, "first.", domains), (self.views, "views.", [""])):
            own = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            part.from_arrays(names, own)
        return self


def lag_of_least_autocorrelation(X: NDArray[Any]) -> int:
    """Return the lag at which the autocorrelation of trials is lowest.

    For narrow-band EEG it is half a period of the strongest rhythm.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials; they are weighted alike, whatever their amplitude.

    Returns
    -------
    int
        From 1 to a tenth of the trial (samples).
    """
    n_times = X.shape[2]
    longest = max(1, int(LONGEST_LAG * n_times))
    total = np.zeros(longest + 1)
    for start in range(0, len(X), CHUNK):
        chunk = np.asarray(X[start : start + CHUNK], dtype=np.float64)
        power = np.abs(np.fft.rfft(chunk, 2 * n_times, axis=2)) ** 2
        correlation = np.fft.irfft(power, axis=2)[:, :, : longest + 1]
        total += (correlation / np.maximum(correlation[:, :, :1], 1e-30)).sum((0, 1))
    return 1 + int(np.argmin(total[1:]))


def _domain_features(X: NDArray[Any], views: Views, mean: str) -> tuple[NDArray[Any], ...]:
    """Return a domain's tangent vectors at its own means, and its mean in each view."""
    covariances = list(views.covariances(X))
    references = [mean_covariance(of_view, mean) for of_view in covariances]
    return _tangent_vectors(covariances, references), *references


def _tangent_vectors(
    covariances: Iterable[NDArray[np.float64]], references: Sequence[NDArray[Any]]
) -> NDArray[np.float32]:
    """Return the logarithms of re-centred covariances, the views side by side."""
    blocks = [
        _flat_logarithms(whitening @ of_view @ whitening).astype(np.float32)
        for of_view, whitening in zip(
            covariances, map(inverse_square_root, references), strict=True
        )
    ]
    return np.concatenate(blocks, axis=1)


def _flat_logarithms(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper triangles of the logarithms, so that norms are kept."""
    values, vectors = np.linalg.eigh(covariances)
    floor = np.finfo(np.float64).tiny
    logarithms = (vectors * np.log(np.maximum(values, floor))[:, None]) @ vectors.swapaxes(1, 2)
    rows, columns = np.triu_indices(covariances.shape[1])
    scale = np.where(rows == columns, 1.0, np.sqrt(2.0))
    return np.asarray(logarithms[:, rows, columns] * scale)
