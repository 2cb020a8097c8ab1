"""Trials as tangent vectors of re-centred covariances, seen in several ways.

Barachant et al. (2012), "Multiclass brain-computer interface classification by Riemannian
geometry", IEEE Trans. Biomed. Eng. 59(4), 920-928: the logarithm of a covariance, flattened.
Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels bring the
spectrum into the covariance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from bci_dann._validation import check_count, check_option
from bci_dann.alignment.covariance import shrunk_covariances
from bci_dann.alignment.filter_bank import band_passed, check_bands
from bci_dann.alignment.outliers import winsorised
from bci_dann.alignment.riemannian import MEANS, CovarianceRecentring
from bci_dann.exceptions import DataError

__all__ = ["TangentViews", "overlapping_windows", "strongest_opposition"]

# Trials whose covariances are computed at a time.
CHUNK = 256
# Longest delay that is looked at, as a share of the trial.
LONGEST_LAG = 0.1
# Channels and their delayed copies together: wider covariances take minutes.
WIDEST = 200


class TangentViews(TransformerMixin, BaseEstimator):
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
        100 ms. Where it is not given, twice the lag at which the source trials are least like
        themselves.
    bands : sequence of (float, float)
        Lower and upper edge of each band (Hz); none by default.
    sfreq : float, optional
        Sampling frequency (Hz), which bands need.
    robust : bool
        Whether outlying samples of each trial are pulled in first; see :func:`winsorised`.

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

    def fit(
        self,
        X: NDArray[Any],
        y: Any = None,  # noqa: ARG002 (scikit-learn's signature)
        domains: ArrayLike | None = None,
    ) -> Self:
        """Find the delay, and the means of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        y : None
            Ignored.
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        TangentViews
            ``self``.
        """
        n_copies = self._n_copies(X.shape[1])
        span = self.span or (2 * strongest_opposition(X) if n_copies > 1 else 0)
        self.lag_ = max(1, round(span / max(1, n_copies - 1)))
        known = domains if self.mean is not None else None
        self.centres_ = [
            CovarianceRecentring(self.mean or "riemannian").fit(covariances, domains=known)
            for covariances in self._covariances(X)
        ]
        return self

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Add the means of further domains; see :meth:`Recentring.extend`."""
        if self.mean is not None:
            for centre, covariances in zip(self.centres_, self._covariances(X), strict=True):
                centre.extend(covariances, domains)
        return self

    def transform(
        self,
        X: NDArray[Any],
        domains: ArrayLike | None = None,
        out: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Return the tangent vectors of all views, side by side.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; strangers get the fallback.
        out : ndarray, shape (n_trials, n_features), optional
            Where to write.

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Without unit; float32 where no ``out`` is given.
        """
        shape = (len(X), *self.shape_of(X.shape[1:]))
        vectors = np.empty(shape, dtype=np.float32) if out is None else out
        known = domains if self.mean is not None else None
        start = 0
        for centre, covariances in zip(self.centres_, self._covariances(X), strict=True):
            block = _flat_logarithms(centre.transform(covariances, known))
            vectors[:, start : start + block.shape[1]] = block
            start += block.shape[1]
        return vectors

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``(n_features,)`` of a trial of ``shape`` (n_chans, n_times)."""
        n_chans, n_times = shape
        windows = overlapping_windows(n_times, self.n_windows) if self.n_windows > 1 else []
        widths = [n_chans] * (1 + len(windows) + len(self.bands))
        n_copies = self._n_copies(n_chans)
        widths += [n_chans * n_copies] * (n_copies > 1)
        return (sum(width * (width + 1) // 2 for width in widths),)

    @property
    def domains_(self) -> list[str]:
        """The names of the domains met, in the order of their references."""
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

    def _covariances(self, X: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
        """Yield the covariances of each view, ``(n_trials, width, width)``."""
        X = winsorised(X) if self.robust else X
        yield _shrunk(X, lambda part: part)
        if self.n_windows > 1:
            for window in overlapping_windows(X.shape[2], self.n_windows):
                yield _shrunk(X, lambda part, where=window: part[:, :, where])
        n_copies = self._n_copies(X.shape[1])
        if n_copies > 1:
            yield _shrunk(X, lambda part: _delayed(part, n_copies, self.lag_))
        for low, high in self.bands:
            yield _shrunk(X, lambda part, edges=(low, high): self._filtered(part, *edges))

    def _n_copies(self, n_chans: int) -> int:
        return min(self.n_delays, max(1, WIDEST // n_chans))

    def _filtered(self, X: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
        if self.sfreq is None:
            raise DataError("bands need the sampling frequency: give sfreq=..., or epochs.")
        return band_passed(X, low, high, self.sfreq)


def overlapping_windows(n_times: int, n_windows: int) -> list[slice]:
    """Return windows of one length that cover a trial, each a third over the next.

    Parameters
    ----------
    n_times : int
        Length of the trial (samples).
    n_windows : int
        How many; fewer where they would be shorter than three samples.

    Returns
    -------
    list of slice
    """
    n_windows = max(1, min(n_windows, n_times // 3))
    length = n_times / (1 + 2 * (n_windows - 1) / 3)
    starts = [round(2 * length / 3 * index) for index in range(n_windows)]
    return [slice(start, min(start + round(length), n_times)) for start in starts]


def strongest_opposition(X: NDArray[Any]) -> int:
    """Return the lag at which trials are least like themselves.

    For narrow-band EEG it is half a period of the strongest rhythm. Delayed by it, a channel
    says most that it does not say itself.

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


def _delayed(X: NDArray[Any], n_delays: int, lag: int) -> NDArray[Any]:
    """Return the channels and their delayed copies, ``(n_trials, n_chans * n_delays, ...)``."""
    lag = min(lag, max(1, X.shape[2] // (2 * n_delays)))
    n_times = X.shape[2] - (n_delays - 1) * lag
    return np.concatenate([X[:, :, i * lag : i * lag + n_times] for i in range(n_delays)], axis=1)


def _shrunk(X: NDArray[Any], view: Any) -> NDArray[np.float64]:
    chunks = (X[start : start + CHUNK] for start in range(0, len(X), CHUNK))
    return np.concatenate([shrunk_covariances(view(chunk)) for chunk in chunks])


def _flat_logarithms(covariances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper triangles of the logarithms, so that norms are kept."""
    values, vectors = np.linalg.eigh(covariances)
    floor = np.finfo(np.float64).tiny
    logarithms = (vectors * np.log(np.maximum(values, floor))[:, None]) @ vectors.swapaxes(1, 2)
    rows, columns = np.triu_indices(covariances.shape[1])
    scale = np.where(rows == columns, 1.0, np.sqrt(2.0))
    return np.asarray(logarithms[:, rows, columns] * scale)
