"""Amplitude, unit and mains frequency of recordings, from some seconds of their signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mne
import numpy as np
from numpy.typing import NDArray

__all__ = ["MAINS_HZ", "SignalSample", "guess_mains", "guess_scale", "sample_signals"]

# Length of the sample, which is read from the middle of a recording (s).
SAMPLE_S = 30.0

# The band of motor rhythms (Hz), in which drifts and mains do not affect the amplitude.
BAND_HZ = (8.0, 30.0)

# Lowest and highest standard deviation of EEG in that band (µV). Empirical: recordings of two
# amplifiers have 2 to 30 µV, and units differ by 1000, so that at most one unit is plausible.
EEG_UV = (0.5, 300.0)

# Volt per possible unit of a file.
UNITS = {1.0: "volt", 1e-3: "millivolt", 1e-6: "microvolt", 1e-9: "nanovolt"}

# Mains frequencies of all countries, width of the peak, and limit of neighbouring frequencies (Hz).
MAINS_HZ = (50, 60)
PEAK_HZ, NEAR_HZ = 1.0, 5.0

# Ratio of the power in the peak to that at neighbouring frequencies. Empirical: without mains it is
# up to 1.5; two datasets have 2.7 to 4000.
MIN_PEAK_RATIO = 2.0


@dataclass(frozen=True)
class SignalSample:
    """Amplitudes and mains power in some seconds of a recording.

    Attributes
    ----------
    name : str
        The recording.
    amplitude_uv : dict of str to float
        Standard deviation from 8 to 30 Hz by EEG channel (µV), assuming samples in volt.
    mains : dict of int to float
        Power at 50 and 60 Hz relative to neighbouring frequencies, as far as the sampling frequency
        allows.
    flat, not_finite : tuple of str
        Channels that are constant, or have samples that are not finite.
    """

    name: str
    amplitude_uv: dict[str, float]
    mains: dict[int, float]
    flat: tuple[str, ...]
    not_finite: tuple[str, ...]

    @property
    def typical_uv(self) -> float:  # numpydoc ignore=RT01
        """Median amplitude of the channels that are not flat (µV); NaN if there are none."""
        values = [self.amplitude_uv[name] for name in self.amplitude_uv if name not in self.flat]
        return float(np.median(values)) if values else float("nan")


def sample_signals(raw: mne.io.BaseRaw, channels: Sequence[str], name: str) -> SignalSample:
    """Read some seconds from the middle of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording, not loaded.
    channels : sequence of str
        Its EEG channels.
    name : str
        Name of the recording in the survey.

    Returns
    -------
    SignalSample
        Amplitudes and mains power.
    """
    sfreq = float(raw.info["sfreq"])
    length = min(raw.n_times, int(SAMPLE_S * sfreq))
    start = (raw.n_times - length) // 2
    signals = raw.get_data(list(channels), start, start + length) * 1e6
    is_finite = np.isfinite(signals).all(axis=1)
    names = [name for name, good in zip(channels, is_finite, strict=True) if good]
    signals = signals[is_finite]
    is_flat = (signals == signals[:, :1]).all(axis=1)
    frequencies, power = _spectra(signals, sfreq)
    in_band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    amplitude = np.sqrt(power[:, in_band].sum(axis=1) * (frequencies[1] - frequencies[0]))
    return SignalSample(
        name=name,
        amplitude_uv=dict(zip(names, amplitude.tolist(), strict=True)),
        mains=_mains_ratios(frequencies, power[~is_flat]),
        flat=tuple(name for name, flat in zip(names, is_flat, strict=True) if flat),
        not_finite=tuple(n for n, good in zip(channels, is_finite, strict=True) if not good),
    )


def guess_scale(samples: Sequence[SignalSample]) -> float | None:
    """Guess the factor of samples that are read as volt, from their amplitude.

    Parameters
    ----------
    samples : sequence of SignalSample
        Samples of recordings with the same unit.

    Returns
    -------
    float or None
        1, 1e-3, 1e-6 or 1e-9; ``None`` if the amplitude is that of EEG in none of these units,
        or in different ones in different recordings.
    """
    typical = [one.typical_uv for one in samples if np.isfinite(one.typical_uv)]
    fitting = {_scale_of(value) for value in typical}
    return fitting.pop() if len(fitting) == 1 else None


def _scale_of(typical_uv: float) -> float | None:
    low, high = EEG_UV
    return next((scale for scale in UNITS if low <= typical_uv * scale <= high), None)


def guess_mains(samples: Sequence[SignalSample]) -> tuple[int | None, dict[int, float]]:
    """Guess the mains frequency from peaks in the spectra.

    Parameters
    ----------
    samples : sequence of SignalSample
        Samples of recordings with the same mains frequency.

    Returns
    -------
    frequency : int or None
        50 or 60 Hz; ``None`` if neither has a peak.
    ratios : dict of int to float
        The power at each frequency relative to neighbouring frequencies, median over recordings;
        empty if the sampling frequency is too low.
    """
    ratios = {
        hz: float(np.median([one.mains[hz] for one in samples if hz in one.mains]))
        for hz in MAINS_HZ
        if any(hz in one.mains for one in samples)
    }
    highest = max(ratios, key=lambda hz: ratios[hz], default=None)
    if highest is None or ratios[highest] < MIN_PEAK_RATIO:
        return None, ratios
    return highest, ratios


def _spectra(
    signals: NDArray[np.float64], sfreq: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frequencies (Hz) and power densities, from detrended windows of 2 s."""
    from scipy.signal import welch

    length = min(signals.shape[1], int(2 * sfreq))
    frequencies, power = welch(signals, sfreq, "hann", length, detrend="linear", axis=1)
    return np.asarray(frequencies), np.asarray(power)


def _mains_ratios(frequencies: NDArray[np.float64], power: NDArray[np.float64]) -> dict[int, float]:
    ratios: dict[int, float] = {}
    for hz in MAINS_HZ:
        distance = np.abs(frequencies - hz)
        beside = (distance > 2 * PEAK_HZ) & (distance <= NEAR_HZ)
        if not len(power) or frequencies[-1] < hz + PEAK_HZ or not beside.any():
            continue
        near = np.median(power[:, beside], axis=1)
        peak = power[:, distance <= PEAK_HZ].max(axis=1)
        known = near > 0
        if known.any():
            ratios[hz] = float(np.median(peak[known] / near[known]))
    return ratios
