"""Covariances of several views of a trial: windows, delayed channels and frequency bands.

Carrara and Papadopoulo (2024), "Classification of BCI-EEG based on the augmented covariance
matrix", IEEE Trans. Biomed. Eng. 71(9), 2651-2662: delayed copies of the channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import chunks
from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.filter_bank import band_passed
from bci_dann.alignment.shrunk_covariance import shrunk, shrunk_covariances
from bci_dann.exceptions import DataError

__all__ = [
    "Views",
    "delayed_covariances",
    "lag_between_copies",
    "most_negative_lag",
    "overlapping_windows",
    "possible_copies",
    "possible_lag",
]

# Longest lag that is searched, as a share of the trial. Empirical: half a period of the mu rhythm,
# 50 ms, is well below a tenth of a trial of 3 s.
LONGEST_LAG = 0.1
# Largest number of channels times delayed copies, and the larger limit for few copies. Empirical,
# knowing the scores: with 132 rows, 18 simulated datasets of 20 to 44 channels are on average as
# accurate as with 200 (+.3 points, +.002), in half the time; six of 50 to 58 channels lose .7 and
# .007 with two copies in place of three or four.
WIDEST, WIDEST_OF_FEW_COPIES, FEW_COPIES = 132, 200, 3
# Number of delayed copies by default. Few channels get more of them, at the same distance: as many
# as give ROWS_OF_FEW rows of the covariance, and at most MOST_COPIES. Empirical: 14 copies are more
# accurate with three channels, and less so with five channels and few trials.
REGULAR_COPIES, MOST_COPIES, ROWS_OF_FEW = 7, 14, 50
# Smallest power (µV²), so that the autocorrelation of a flat channel is 0.
LEAST_POWER = 1e-30
# Fewest samples of a window: a covariance of fewer samples is hardly defined.
LEAST_WINDOW = 3


@dataclass(frozen=True)
class Views:
    """Settings of the views of a trial: the whole trial, windows, delayed channels, narrow bands.

    Parameters
    ----------
    n_windows : int
        Number of time windows; 1 for the whole trial alone.
    n_copies : int
        Copies of the channels, each delayed further than the one before; 1 for no delayed copies.
    lag : int
        Delay from one copy to the next (samples).
    bands : tuple of (float, float)
        Lower and upper edge of each band (Hz).
    sfreq : float or None
        Sampling frequency (Hz), which bands need.
    robust : bool
        Whether artefacts of each trial are first suppressed, and covariances are shrunk towards the
        median variance; see :func:`~bci_dann.alignment.artefacts.suppress_artefacts` and
        :func:`~bci_dann.alignment.shrunk_covariance.shrunk`.
    """

    n_windows: int
    n_copies: int
    lag: int
    bands: tuple[tuple[float, float], ...]
    sfreq: float | None
    robust: bool

    def covariances(self, X: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
        """Yield the shrunk covariances of each view.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Yields
        ------
        ndarray, shape (n_trials, width, width)
            Covariances of one view (µV²), with oracle approximating shrinkage; the order of views
            is that of :meth:`widths`.

        Raises
        ------
        DataError
            When there are bands but no sampling frequency.
        """
        X = suppress_artefacts(X) if self.robust else X
        yield self._shrunk(X, lambda part: part)
        if self.n_windows > 1:
            for window in overlapping_windows(X.shape[2], self.n_windows):
                yield self._shrunk(X, lambda part, where=window: part[:, :, where])
        if self.n_copies > 1:
            parts = chunks(len(X))
            yield np.concatenate(
                [delayed_covariances(X[i], self.n_copies, self.lag, self.robust) for i in parts]
            )
        for low, high in self.bands:
            yield self._shrunk(X, lambda part, edges=(low, high): self._filtered(part, *edges))

    def widths(self, n_chans: int, n_times: int) -> list[int]:
        """Return the number of rows of each view's covariances.

        Parameters
        ----------
        n_chans : int
            Channels of a trial.
        n_times : int
            Samples of a trial.

        Returns
        -------
        list of int
            For the whole trial, each window, the delayed copies, and each band, as far as these
            views are taken.
        """
        windows = overlapping_windows(n_times, self.n_windows) if self.n_windows > 1 else []
        widths = [n_chans] * (1 + len(windows))
        widths += [n_chans * int(self.n_copies)] if self.n_copies > 1 else []
        return widths + [n_chans] * len(self.bands)

    def check_rest_length(self, n_times: int, n_rest_times: int) -> None:
        """Raise where rest windows are too short for the views of the trials.

        Parameters
        ----------
        n_times : int
            Samples of a trial.
        n_rest_times : int
            Samples of a rest window.

        Raises
        ------
        DataError
            With the length that they need.
        """
        needed = 2 * self.n_copies * possible_lag(n_times, self.n_copies, self.lag)
        needed = max(needed if self.n_copies > 1 else 2, self.n_windows * LEAST_WINDOW)
        if n_rest_times < min(needed, n_times):
            raise DataError(
                f"rest windows have {n_rest_times} samples, and the delayed copies and windows of "
                f"trials need {needed}: set a longer preprocessing `rest_window`, or take fewer "
                "n_delays and n_windows."
            )

    def _shrunk(self, X: NDArray[Any], view: Callable[..., NDArray[Any]]) -> NDArray[np.float64]:
        parts = chunks(len(X))
        return np.concatenate([shrunk_covariances(view(X[part]), self.robust) for part in parts])

    def _filtered(self, X: NDArray[Any], low: float, high: float) -> NDArray[np.float64]:
        if self.sfreq is None:
            raise DataError("bands need the sampling frequency: give sfreq=..., or epochs.")
        return band_passed(X, low, high, self.sfreq)


def overlapping_windows(n_times: int, n_windows: int) -> list[slice]:
    """Return windows of equal length that cover a trial, neighbours overlapping by a third.

    Parameters
    ----------
    n_times : int
        Length of the trial (samples).
    n_windows : int
        Number of windows; fewer where they would be shorter than three samples.

    Returns
    -------
    list of slice
        Slices along the time axis.
    """
    n_windows = max(1, min(n_windows, n_times // LEAST_WINDOW))
    length = n_times / (1 + 2 * (n_windows - 1) / 3)
    starts = [round(2 * length / 3 * index) for index in range(n_windows)]
    return [slice(start, min(start + round(length), n_times)) for start in starts]


def delayed_covariances(
    X: NDArray[Any], n_copies: int, lag: int, robust: bool = False
) -> NDArray[np.float64]:
    """Return the shrunk covariances of the channels together with their delayed copies.

    The product of two copies is a sum over the same samples as the product of the copies before
    these, except for ``lag`` samples at either end. Only the first row of blocks is therefore
    computed from all samples, and each further row from the row before. This takes a fraction of
    the operations; the result is equal up to rounding.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    n_copies : int
        Copies of the channels, the first without delay.
    lag : int
        The delay from one copy to the next (samples); see :func:`possible_lag`.
    robust : bool
        See :func:`~bci_dann.alignment.shrunk_covariance.shrunk`.

    Returns
    -------
    ndarray, shape (n_trials, n_copies * n_chans, n_copies * n_chans)
        By oracle approximating shrinkage (µV²); the channels of a copy are side by side.

    Raises
    ------
    DataError
        When trials have fewer samples than there are copies.
    """
    n_chans, n_times = X.shape[1:]
    lag = possible_lag(n_times, n_copies, lag)
    n_samples = n_times - (n_copies - 1) * lag  # of a copy
    if n_samples < 1:
        raise DataError(
            f"trials of {n_times} samples are too short for {n_copies} delayed copies of the "
            "channels: take longer trials, or fewer n_delays."
        )
    signals = np.asarray(X, dtype=np.float64)
    # rounding errors are smaller without the mean; that of each copy differs, and follows below
    signals = signals - signals.mean(axis=2, keepdims=True)
    first = signals[:, :, :n_samples]
    # samples of each copy that the next one lacks, and samples that the next one has instead
    blocks = range(0, (n_copies - 1) * lag, lag)
    lost = np.concatenate([signals[:, :, i : i + lag] for i in blocks], axis=1)
    gained = np.concatenate(
        [signals[:, :, n_samples + i : n_samples + i + lag] for i in blocks], axis=1
    )
    change = gained @ gained.swapaxes(1, 2) - lost @ lost.swapaxes(1, 2)
    change_of_sums = gained.sum(axis=2) - lost.sum(axis=2)
    width = n_copies * n_chans
    # first products and sums, divided by the number of samples below
    covariances, means = np.empty((len(X), width, width)), np.empty((len(X), width))
    means[:, :n_chans] = first.sum(axis=2)
    for copy in range(n_copies):
        here = slice(copy * n_chans, (copy + 1) * n_chans)
        delayed = signals[:, :, copy * lag : copy * lag + n_samples].swapaxes(1, 2)
        np.matmul(first, delayed, out=covariances[:, :n_chans, here])
    for row in range(n_chans, width, n_chans):
        above, here = slice(row - n_chans, row), slice(row, row + n_chans)
        means[:, here] = means[:, above] + change_of_sums[:, above]
    _fill_from_first_row(covariances, change, n_chans)
    covariances /= n_samples
    means /= n_samples
    covariances -= means[:, :, None] * means[:, None]
    return shrunk(covariances, n_samples, robust)


def _fill_from_first_row(
    products: NDArray[np.float64], change: NDArray[np.float64], n_chans: int
) -> None:
    """Compute all blocks of products from those of the first row, in place.

    ``change`` is the difference of each block from the block before it on the same diagonal.
    """
    width = products.shape[1]
    for row in range(n_chans, width, n_chans):  # blocks on and above the diagonal
        above, here = slice(row - n_chans, row), slice(row, row + n_chans)
        known, differing = products[:, above, above.start : -n_chans], change[:, above]
        np.add(known, differing[:, :, above.start :], out=products[:, here, row:])
    for row in range(0, width - n_chans, n_chans):  # blocks below the diagonal, by symmetry
        here, later = slice(row, row + n_chans), slice(row + n_chans, None)
        products[:, later, here] = products[:, here, later].swapaxes(1, 2)


def possible_lag(n_times: int, n_delays: int, lag: int) -> int:
    """Return the lag, shortened where the delayed copies would leave less than half of the trial.

    Parameters
    ----------
    n_times : int
        Length of the trial (samples).
    n_delays : int
        Number of copies of the channels.
    lag : int
        Requested delay from one copy to the next (samples).

    Returns
    -------
    int
        The lag (samples).
    """
    return min(lag, max(1, n_times // (2 * n_delays)))


def possible_copies(n_chans: int, n_delays: int | None) -> int:
    """Return the number of copies of the channels, reduced where covariances would be too large.

    Parameters
    ----------
    n_chans : int
        Number of channels.
    n_delays : int or None
        Requested number of copies; ``None`` for seven, and up to 14 with fewer than seven channels,
        so that the covariance has about 50 rows.

    Returns
    -------
    int
        At least 1.
    """
    if n_delays is None:
        n_delays = min(MOST_COPIES, max(REGULAR_COPIES, ROWS_OF_FEW // n_chans))
    few = min(FEW_COPIES, WIDEST_OF_FEW_COPIES // n_chans)
    return min(n_delays, max(1, few, WIDEST // n_chans))


def lag_between_copies(X: NDArray[Any], span: int | None, n_delays: int | None) -> int:
    """Return the delay from one copy to the next.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Source trials (µV).
    span : int or None
        Delay between the first and the last copy (samples); ``None`` for twice the lag of the most
        negative autocorrelation of the trials.
    n_delays : int or None
        Requested number of copies; ``None`` for the default number. Then ``span`` is the delay
        between the first and the seventh copy.

    Returns
    -------
    int
        At least 1 (samples).
    """
    n_copies = possible_copies(X.shape[1], n_delays or REGULAR_COPIES)
    span = span or (2 * most_negative_lag(X) if n_copies > 1 else 0)
    return max(1, round(span / max(1, n_copies - 1)))


def most_negative_lag(X: NDArray[Any]) -> int:
    """Return the lag of the smallest (usually most negative) mean autocorrelation of trials.

    For narrow-band EEG this is half a period of the strongest rhythm.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV); all have the same weight, regardless of their amplitude.

    Returns
    -------
    int
        From 1 to a tenth of the trial (samples).
    """
    n_times = X.shape[2]
    longest = max(1, int(LONGEST_LAG * n_times))
    total = np.zeros(longest + 1)
    for part in chunks(len(X)):
        trials = np.asarray(X[part], dtype=np.float64)
        power = np.abs(np.fft.rfft(trials, 2 * n_times, axis=2)) ** 2
        correlation = np.fft.irfft(power, axis=2)[:, :, : longest + 1]
        total += (correlation / np.maximum(correlation[:, :, :1], LEAST_POWER)).sum((0, 1))
    return 1 + int(np.argmin(total[1:]))
