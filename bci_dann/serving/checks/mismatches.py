"""Comparison of a recording with the training recordings: filters and reference."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    import mne

    from bci_dann.data.preprocessing import Preprocessing

__all__ = [
    "filtered_epochs",
    "warn_of_lacking_reference",
    "warn_of_prior_filter",
    "warn_of_reference",
]

# Tolerance (Hz) for the edges of a filter that MNE has noted in the info. Empirical: bands in use
# differ by at least twice as much.
BAND_TOLERANCE = 0.5

# Periods of the lowest frequency that epochs should have on either side of the window, so that
# edge effects of the filter have decayed inside the window. Empirical, on noise, for the 50 ms at
# either end of the window: 4 periods leave an error of 0.1 % of the signal, one period 5 %, and
# none 60 to 100 %.
MARGIN_PERIODS = 4.0


def filtered_epochs(
    epochs: mne.BaseEpochs, steps: Preprocessing, window: tuple[float, float], label: str
) -> mne.BaseEpochs:
    """Apply the filters of a model to epochs where that is possible.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs in memory; changed in place.
    steps : Preprocessing
        The preprocessing of the training recordings.
    window : tuple of float
        Start and end of the trials of the model, relative to the event (s).
    label : str
        Name of the recording, for messages.

    Returns
    -------
    mne.Epochs
        Filtered to the band if their info notes a wider one; unchanged, with a warning, if they
        lack a part of it. The info does not note notch filters: the notch of the model is applied
        if its frequency is in the band. A second notch changes the epochs little.
    """
    from bci_dann.data.filtering.signal_filters import filter_epochs, notch_epochs

    noted = (epochs.info["highpass"], epochs.info["lowpass"])
    low, high = noted if steps.band is None else steps.band
    if abs(noted[0] - low) <= BAND_TOLERANCE and abs(noted[1] - high) <= BAND_TOLERANCE:
        is_inside = steps.notch is not None and steps.notch < noted[1]
        return notch_epochs(epochs, steps) if is_inside else epochs
    if noted[0] > low + BAND_TOLERANCE or noted[1] < high - BAND_TOLERANCE:
        _warn(
            f"{label}: by their info, the epochs contain {noted[0]:g} to {noted[1]:g} Hz, but the "
            f"model was trained on {low:g} to {high:g} Hz: a part of the band is missing. Use a "
            "wider filter before cutting the epochs, or give the Raw."
        )
        return epochs
    margin = min(window[0] - epochs.times[0], epochs.times[-1] - window[1])
    filtered = filter_epochs(epochs, steps)
    if margin < MARGIN_PERIODS / low:
        _warn(
            f"{label}: by their info, the epochs contain {noted[0]:g} to {noted[1]:g} Hz; they "
            f"were filtered to the {low:g} to {high:g} Hz of the model. They extend only "
            f"{max(margin, 0):.2g} s beyond the window of the model, so the ends of its trials are "
            f"distorted. Cut them {MARGIN_PERIODS / low:.2g} s longer on both sides, or give the "
            "Raw."
        )
    return filtered


def warn_of_prior_filter(raw: mne.io.BaseRaw, steps: Preprocessing, label: str) -> None:
    """Warn if a recording has already been filtered to the band of a model, or more narrowly.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    steps : Preprocessing
        The preprocessing of the training recordings.
    label : str
        Name of the recording, for messages.
    """
    if steps.band is None:
        return
    low, high = steps.band
    noted = (raw.info["highpass"], raw.info["lowpass"])
    is_low_passed = noted[1] < raw.info["sfreq"] / 2 - BAND_TOLERANCE
    if noted[0] >= low - BAND_TOLERANCE or (is_low_passed and noted[1] <= high + BAND_TOLERANCE):
        _warn(
            f"{label}: by its info, the recording contains {noted[0]:g} to {noted[1]:g} Hz, but "
            f"the model itself filters to {low:g} to {high:g} Hz: unless its training recordings "
            "were filtered in the same way, frequencies at the ends of the band are weaker than in "
            "training. Give the recording without a filter."
        )


def warn_of_reference(
    data: mne.io.BaseRaw | mne.BaseEpochs, steps: Preprocessing, label: str
) -> None:
    """Warn if a recording has another reference than the training recordings.

    Parameters
    ----------
    data : mne.io.Raw or mne.Epochs
        The recording.
    steps : Preprocessing
        The preprocessing of the training recordings.
    label : str
        Name of the recording, for messages.
    """
    from bci_dann.data.channels.recorded_reference import is_rereferenced

    if steps.reference is None and is_rereferenced(data.info):
        _warn(
            f"{label}: the recording was re-referenced in MNE, and the model keeps the reference "
            "of each recording. Unless its training recordings have the same reference, give the "
            "recording with its original one, or train with `reference: average`."
        )


def warn_of_lacking_reference(epochs: mne.BaseEpochs, steps: Preprocessing, label: str) -> None:
    """Warn if epochs lack reference channels of a model, and were not re-referenced before.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs that lack a channel of the reference.
    steps : Preprocessing
        The preprocessing of the training recordings.
    label : str
        Name of the epochs, for messages.
    """
    if not epochs.info["custom_ref_applied"]:
        _warn(
            f"{label}: the training recordings were re-referenced to {steps.reference}. The epochs "
            "lack these channels, and by their info they were not re-referenced. Do so before "
            "cutting them, keep the channels, or give the Raw."
        )


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=5)
