"""Notch and band-pass filters of recordings, zero-phase or causal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import mne
import numpy as np
from numpy.typing import NDArray

from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.screening.interruptions import uninterrupted_segments
from bci_dann.exceptions import ConfigError

__all__ = [
    "band_sections",
    "causal_sections",
    "check_frequencies",
    "filter_band",
    "filter_epochs",
    "filter_recording",
    "notch_epochs",
]

Recording = TypeVar("Recording", mne.io.BaseRaw, mne.BaseEpochs)

# Order of the Butterworth filter: MNE's default for IIR filters, which MOABB uses.
ORDER = 4
# Quality factor of the causal notch: frequency divided by the -3 dB bandwidth, 1.7 Hz at 50 Hz.
# Narrower notches ring longer.
NOTCH_QUALITY = 30.0
# Reflected signal at both ends of epochs for a zero-phase notch, in time constants of its ringing.
NOTCH_PADDING = 5.0


def band_sections(sfreq: float, band: tuple[float, float]) -> NDArray[np.float64]:
    """Return the causal band-pass filter: a Butterworth filter of order 4, applied forward only.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    band : tuple of float
        Cut-off frequencies (-3 dB) of the pass band (Hz).

    Returns
    -------
    ndarray, shape (4, 6)
        Second-order sections.
    """
    from scipy.signal import butter

    return np.asarray(butter(ORDER, band, "bandpass", fs=sfreq, output="sos"))


def causal_sections(sfreq: float, preprocessing: Preprocessing) -> NDArray[np.float64]:
    """Return the causal notch and band-pass filters of preprocessing as one cascade.

    Parameters
    ----------
    sfreq : float
        Sampling frequency (Hz).
    preprocessing : Preprocessing
        The keys ``notch`` and ``band``.

    Returns
    -------
    ndarray, shape (n_sections, 6)
        Second-order sections; none without filters.
    """
    parts = []
    if preprocessing.notch is not None:
        parts.append(_notch_sections(sfreq, preprocessing.notch))
    if preprocessing.band is not None:
        parts.append(band_sections(sfreq, preprocessing.band))
    return np.concatenate(parts) if parts else np.empty((0, 6))


def _notch_sections(sfreq: float, frequency: float) -> NDArray[np.float64]:
    from scipy.signal import iirnotch, tf2sos

    return np.asarray(tf2sos(*iirnotch(frequency, NOTCH_QUALITY, fs=sfreq)))


def filter_recording(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Apply the notch and band-pass filters of preprocessing in place.

    Segments between annotated interruptions are filtered separately.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory, with only the selected channels.
    preprocessing : Preprocessing
        The keys ``notch``, ``band`` and ``filter_method``.

    Returns
    -------
    mne.io.Raw
        The same recording.
    """
    is_causal = preprocessing.filter_method == "causal"
    if is_causal and preprocessing.band is not None:
        segments = uninterrupted_segments(raw)
        raw.apply_function(_from_first_samples, picks="data", segments=segments, verbose="error")
    if preprocessing.notch is not None:
        sections = _notch_sections(raw.info["sfreq"], preprocessing.notch)
        causal = {"method": "iir", "phase": "forward", "iir_params": _designed(sections)}
        more = causal if is_causal else {}
        raw.notch_filter(preprocessing.notch, picks="data", verbose="error", **more)
    return filter_band(raw, preprocessing)


def filter_epochs(epochs: mne.BaseEpochs, preprocessing: Preprocessing) -> mne.BaseEpochs:
    """Apply the notch and band-pass filters of preprocessing to epochs in place.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs in memory.
    preprocessing : Preprocessing
        The keys ``notch``, ``band`` and ``filter_method``.

    Returns
    -------
    mne.Epochs
        The same epochs.
    """
    return filter_band(notch_epochs(epochs, preprocessing), preprocessing, picks="all")


def notch_epochs(epochs: mne.BaseEpochs, preprocessing: Preprocessing) -> mne.BaseEpochs:
    """Apply the notch filter of preprocessing to epochs in place.

    The notch of recordings lasts longer than most epochs. Epochs get the causal one instead,
    forward and backward if the other filters are zero-phase; none if they are sampled too slowly
    to contain its frequency.

    Parameters
    ----------
    epochs : mne.Epochs
        Epochs in memory.
    preprocessing : Preprocessing
        The keys ``notch`` and ``filter_method``.

    Returns
    -------
    mne.Epochs
        The same epochs.
    """
    from scipy.signal import sosfilt, sosfilt_zi, sosfiltfilt

    frequency, sfreq = preprocessing.notch, epochs.info["sfreq"]
    if frequency is None or frequency >= sfreq / 2:
        return epochs
    sections = _notch_sections(sfreq, frequency)
    if preprocessing.filter_method == "causal":
        start = sosfilt_zi(sections)  # as if the first sample had lasted, for its offset
        return epochs.apply_function(
            lambda signal: sosfilt(sections, signal, zi=start * signal[0])[0], picks="all"
        )
    ringing = NOTCH_QUALITY / (np.pi * frequency) * sfreq
    n_padded = min(len(epochs.times) - 1, round(NOTCH_PADDING * ringing))
    return epochs.apply_function(
        lambda signal: sosfiltfilt(sections, signal, padlen=n_padded), picks="all"
    )


def filter_band(
    recording: Recording, preprocessing: Preprocessing, picks: str = "data"
) -> Recording:
    """Apply the band-pass filter of preprocessing in place.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        The recording in memory.
    preprocessing : Preprocessing
        The keys ``band`` and ``filter_method``.
    picks : str
        The channels, in the notation of MNE's ``picks``.

    Returns
    -------
    mne.io.Raw or mne.Epochs
        The same recording.
    """
    if preprocessing.band is None:
        return recording
    low, high = preprocessing.band
    if preprocessing.filter_method != "causal":
        method = preprocessing.filter_method
        return recording.filter(low, high, method=method, picks=picks, verbose="error")
    designed = _designed(band_sections(recording.info["sfreq"], preprocessing.band))
    return recording.filter(
        low,
        high,
        method="iir",
        phase="forward",
        iir_params=designed,
        picks=picks,
        verbose="error",
    )


def _designed(sections: NDArray[np.float64]) -> dict[str, object]:
    return {"sos": sections, "output": "sos", "padlen": 0}


def _from_first_samples(
    signal: NDArray[np.float64], segments: Sequence[slice]
) -> NDArray[np.float64]:
    """Subtract the first sample of each segment: the filter's response to it may reach trials."""
    signal = signal.copy()
    for segment in segments:
        finite = np.flatnonzero(np.isfinite(signal[segment]))
        if len(finite):
            signal[segment] -= signal[segment][finite[0]]
    return signal


def check_frequencies(sfreq: float, preprocessing: Preprocessing) -> None:
    """Raise an error if a filter frequency is not below the Nyquist frequency.

    Parameters
    ----------
    sfreq : float
        Sampling frequency of the recording (Hz).
    preprocessing : Preprocessing
        The keys ``band`` and ``notch``.

    Raises
    ------
    ConfigError
        When a frequency is at least half the sampling frequency.
    """
    highest = preprocessing.band[1] if preprocessing.band else 0.0
    for name, value in {"band": highest, "notch": preprocessing.notch or 0.0}.items():
        if value < sfreq / 2:
            continue
        advice = f"choose less than {sfreq / 2:g} Hz."
        if name == "notch":
            advice += (
                " For a saved model, whose notch is fixed, resample the recording in MNE to more "
                f"than {2 * value:g} Hz."
            )
        raise ConfigError(
            f"preprocessing.{name} has {value:g} Hz, and the recording is sampled at {sfreq:g} Hz: "
            f"{advice}"
        )
