"""Resampling of epochs to the same number of samples, from different sampling frequencies."""

from __future__ import annotations

import math
from collections.abc import Callable

import mne

__all__ = ["resampled_epochs"]

# Number of samples, at the lower of two sampling frequencies, by which trials of the same window
# may differ: both ends of a window are included, and each is rounded to a whole sample.
MAX_LENGTH_DIFFERENCE = 2


def resampled_epochs(
    cut: Callable[[float], mne.Epochs], end: float, sfreq: float | None, n_times: int | None
) -> mne.Epochs:
    """Cut and resample trials; if they are a few samples too short or too long, correct that.

    Trials that are too short are cut again with a later end; trials that are too long are cropped.

    Parameters
    ----------
    cut : callable
        Returns the trials; its argument is the end of the window (s).
    end : float
        End of the window (s).
    sfreq : float or None
        New sampling frequency (Hz); ``None`` does not resample.
    n_times : int or None
        Required number of samples of a resampled trial; see ``n_times`` of ``cut_trials``.

    Returns
    -------
    mne.Epochs
        Trials of ``n_times`` samples, or of another length if it differs by more than two samples
        at the lower sampling frequency.
    """
    epochs = cut(end)
    if sfreq is None or not len(epochs):
        return epochs
    tolerance = math.ceil(MAX_LENGTH_DIFFERENCE * max(1.0, sfreq / epochs.info["sfreq"]))
    epochs.resample(sfreq, verbose="error")
    missing = 0 if n_times is None else n_times - len(epochs.times)
    if n_times is None or abs(missing) > tolerance:
        return epochs
    # one more sample if the number of samples of the longer trials is rounded down
    for added in (missing, missing + 1):
        if len(epochs.times) < n_times:
            epochs = cut(end + added / sfreq)
            if not len(epochs):
                return epochs
            epochs.resample(sfreq, verbose="error")
    if len(epochs.times) > n_times:
        epochs.crop(epochs.times[0], epochs.times[n_times - 1], verbose="error")
    return epochs
