"""Resampling of epochs to one number of samples, from recordings of different rates."""

from __future__ import annotations

from collections.abc import Callable

import mne

__all__ = ["resampled_epochs"]

# Samples by which trials of one window may differ after resampling from different rates: both
# ends of a window are included, and each is rounded to a whole sample.
MAX_LENGTH_DIFFERENCE = 2


def resampled_epochs(
    cut: Callable[[float], mne.Epochs], end: float, sfreq: float | None, n_times: int | None
) -> mne.Epochs:
    """Cut and resample, so that trials have ``n_times`` samples where one or two are missing.

    Parameters
    ----------
    cut : callable
        Gives the trials up to the time that it is called with (s).
    end : float
        End of the window (s).
    sfreq : float or None
        New sampling frequency (Hz).
    n_times : int or None
        Samples that a resampled trial has to have; see ``n_times`` of ``cut_trials``.

    Returns
    -------
    mne.Epochs
        All of one length.
    """
    epochs = cut(end)
    if sfreq is None or not len(epochs):
        return epochs
    epochs.resample(sfreq, verbose="error")
    if n_times is None:
        return epochs
    missing = n_times - len(epochs.times)
    if 0 < missing <= MAX_LENGTH_DIFFERENCE:
        epochs = cut(end + missing / sfreq)
        if not len(epochs):
            return epochs
        epochs.resample(sfreq, verbose="error")
    if -MAX_LENGTH_DIFFERENCE <= n_times - len(epochs.times) < 0:
        epochs.crop(epochs.times[0], epochs.times[n_times - 1], verbose="error")
    return epochs
