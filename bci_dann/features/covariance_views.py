"""What is looked at of a trial: the covariances of several views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.filter_bank import band_passed
from bci_dann.exceptions import DataError
from bci_dann.features.outliers import winsorised
from bci_dann.features.shrunk_covariance import shrunk_covariances

__all__ = ["Views", "overlapping_windows"]

# Trials whose covariances are computed at a time.
CHUNK = 256


@dataclass(frozen=True)
class Views:
    """The whole trial, windows of it, delayed copies of its channels, and narrow bands.

    Parameters
    ----------
    n_windows : int
        Windows of time; 1 for none but the whole trial.
    n_copies, lag : int
        Copies of the channels, each ``lag`` samples later than the one before; 1 for none.
    bands : tuple of (float, float)
        Lower and upper edge of each band (Hz).
    sfreq : float or None
        Sampling frequency (Hz), which bands need.
    robust : bool
        Whether outlying samples of each trial are pulled in first.
    """

    n_windows: int
    n_copies: int
    lag: int
    bands: tuple[tuple[float, float], ...]
    sfreq: float | None
    robust: bool

    def covariances(self, X: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
        """Yield the covariances of each view.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Yields
        ------
        ndarray, shape (n_trials, width, width)
            Oracle approximating shrinkage.
        """
        X = winsorised(X) if self.robust else X
        yield _shrunk(X, lambda part: part)
        if self.n_windows > 1:
            for window in overlapping_windows(X.shape[2], self.n_windows):
                yield _shrunk(X, lambda part, where=window: part[:, :, where])
        if self.n_copies > 1:
            yield _shrunk(X, lambda part: _delayed(part, self.n_copies, self.lag))
        for low, high in self.bands:
            yield _shrunk(X, lambda part, edges=(low, high): self._filtered(part, *edges))

    def widths(self, n_chans: int, n_times: int) -> list[int]:
        """Return the width of each view's covariances.

        Parameters
        ----------
        n_chans, n_times : int
            Of a trial.

        Returns
        -------
        list of int
        """
        windows = overlapping_windows(n_times, self.n_windows) if self.n_windows > 1 else []
        widths = [n_chans] * (1 + len(windows))
        widths += [n_chans * self.n_copies] * (self.n_copies > 1)
        return widths + [n_chans] * len(self.bands)

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


def _delayed(X: NDArray[Any], n_delays: int, lag: int) -> NDArray[Any]:
    """Return the channels and their delayed copies, ``(n_trials, n_chans * n_delays, ...)``."""
    lag = min(lag, max(1, X.shape[2] // (2 * n_delays)))
    n_times = X.shape[2] - (n_delays - 1) * lag
    return np.concatenate([X[:, :, i * lag : i * lag + n_times] for i in range(n_delays)], axis=1)


def _shrunk(X: NDArray[Any], view: Callable[..., NDArray[Any]]) -> NDArray[np.float64]:
    chunks = (X[start : start + CHUNK] for start in range(0, len(X), CHUNK))
    return np.concatenate([shrunk_covariances(view(chunk)) for chunk in chunks])
