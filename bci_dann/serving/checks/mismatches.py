"""Differences between a recording in memory and what a model was trained on: filters, reference."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    import mne

    from bci_dann.data.preprocessing import Preprocessing

__all__ = ["filtered_epochs", "warn_of_former_filter", "warn_of_reference"]

# Hz by which the edges of a filter that MNE has noted may differ from the model's. Empirical:
# steps between the bands that are in use are at least twice as wide.
BAND_TOLERANCE = 0.5

# Periods of the lowest frequency that epochs should have on either side of the window, so that the
# filter's response to the ends of an epoch has decayed inside of it. Empirical: on noise, in the
# 50 ms at either end of the window, 4 periods leave an error of 0.1 % of the signal, one leaves
# 5 %, and none 60 to 100 %.
MARGIN_PERIODS = 4.0


def filtered_epochs(
    epochs: mne.BaseEpochs, steps: Preprocessing, window: tuple[float, float], label: str
) -> mne.BaseEpochs:
    """Bring epochs into the band of a model, as far as it can be done.

    Parameters
    ----------
    epochs : mne.Epochs
        With their signals in memory; changed in place.
    steps : Preprocessing
        The steps of training.
    window : tuple of float
        Start and end of the model's trials after the event (s).
    label : str
        Of the recording, for messages.

    Returns
    -------
    mne.Epochs
        Filtered where MNE has noted a wider band than the model's; otherwise as they were, with a
        warning where they hold less than the model's band.
    """
    from bci_dann.data.filtering.signal_filters import filter_band

    if steps.band is None:
        return epochs
    low, high = steps.band
    noted = (epochs.info["highpass"], epochs.info["lowpass"])
    if abs(noted[0] - low) <= BAND_TOLERANCE and abs(noted[1] - high) <= BAND_TOLERANCE:
        return epochs
    if noted[0] > low + BAND_TOLERANCE or noted[1] < high - BAND_TOLERANCE:
        _warn(
            f"{label}: the epochs hold {noted[0]:g} to {noted[1]:g} Hz by their info, and the "
            f"model was trained on {low:g} to {high:g} Hz: rhythms that it decodes are missing. "
            "Filter the recording less before cutting it, or give the Raw."
        )
        return epochs
    margin = min(window[0] - epochs.times[0], epochs.times[-1] - window[1])
    filtered = filter_band(epochs, steps, picks="all")
    if margin < MARGIN_PERIODS / low:
        _warn(
            f"{label}: the epochs hold {noted[0]:g} to {noted[1]:g} Hz by their info, and were "
            f"filtered to the model's {low:g} to {high:g} Hz. They end {max(margin, 0):.2g} s "
            "from the model's window, so that the ends of its trials are distorted. Cut them "
            f"{MARGIN_PERIODS / low:.2g} s longer on both sides, or give the Raw."
        )
    return filtered


def warn_of_former_filter(raw: mne.io.BaseRaw, steps: Preprocessing, label: str) -> None:
    """Warn where a recording was filtered into or beyond the band of a model before.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    steps : Preprocessing
        The steps of training.
    label : str
        Of the recording, for messages.
    """
    if steps.band is None:
        return
    low, high = steps.band
    noted = (raw.info["highpass"], raw.info["lowpass"])
    is_low_passed = noted[1] < raw.info["sfreq"] / 2 - BAND_TOLERANCE
    if noted[0] >= low - BAND_TOLERANCE or (is_low_passed and noted[1] <= high + BAND_TOLERANCE):
        _warn(
            f"{label}: the recording holds {noted[0]:g} to {noted[1]:g} Hz by its info, and the "
            f"model filters to {low:g} to {high:g} Hz itself: rhythms that it decodes are weaker "
            "than in training. Give the recording as it was read."
        )


def warn_of_reference(
    data: mne.io.BaseRaw | mne.BaseEpochs, steps: Preprocessing, label: str
) -> None:
    """Warn where a recording has another reference than the training recordings.

    Parameters
    ----------
    data : mne.io.Raw or mne.Epochs
        The recording.
    steps : Preprocessing
        The steps of training.
    label : str
        Of the recording, for messages.
    """
    if steps.reference is None and data.info["custom_ref_applied"]:
        _warn(
            f"{label}: the recording was re-referenced in MNE, and the training recordings keep "
            "their own reference. Give it as it was read, or train with `reference: average`."
        )


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=5)
