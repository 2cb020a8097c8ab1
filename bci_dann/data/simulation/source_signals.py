"""Source signals of the simulator: rhythms, background, blinks and line noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = ["blinks", "desynchronised", "line", "pink", "rhythm", "waxing"]

Array = NDArray[np.float64]

RAMP = 0.4  # seconds that desynchronisation takes to build up and to fade


def rhythm(rng: np.random.Generator, n_times: int, sfreq: float, peak: float) -> Array:
    """Return noise around a peak frequency (Hz), of unit standard deviation."""
    width = 0.8 + 0.06 * peak  # the mu peak is narrower than the beta peak

    def spectrum(frequencies: Array) -> Array:
        shape: Array = np.exp(-0.5 * ((frequencies - peak) / width) ** 2)
        return shape

    return _shaped(rng, 1, n_times, sfreq, spectrum)[0]


def pink(rng: np.random.Generator, n_sources: int, n_times: int, sfreq: float) -> Array:
    """Return 1/f noise of unit standard deviation, shape (n_sources, n_times)."""

    def spectrum(frequencies: Array) -> Array:
        # a power of 1/f above 1 Hz; amplifiers cut what is slower than half a hertz
        slope = 1 / np.sqrt(np.maximum(frequencies, 1.0))
        shape: Array = np.where(frequencies >= 0.5, slope, 0.0)
        return shape

    return _shaped(rng, n_sources, n_times, sfreq, spectrum)


def waxing(rng: np.random.Generator, n_times: int, sfreq: float, period: float) -> Array:
    """Return slow noise of unit standard deviation, nothing in it faster than ``period`` (s).

    A recording shorter than a period goes once up and down.
    """

    def spectrum(frequencies: Array) -> Array:
        fastest = max(1 / period, frequencies[1])
        shape: Array = ((frequencies > 0) & (frequencies <= fastest)).astype(float)
        return shape

    return _shaped(rng, 1, n_times, sfreq, spectrum)[0]


def _shaped(
    rng: np.random.Generator,
    n_sources: int,
    n_times: int,
    sfreq: float,
    spectrum: Callable[[Array], Array],
) -> Array:
    """Return Gaussian noise with an amplitude spectrum, scaled to unit standard deviation."""
    length = scipy.fft.next_fast_len(n_times, real=True)
    frequencies = scipy.fft.rfftfreq(length, 1 / sfreq)
    parts = rng.standard_normal((2, n_sources, len(frequencies)))
    coefficients = spectrum(frequencies) * (parts[0] + 1j * parts[1])
    noise = scipy.fft.irfft(coefficients, length, axis=-1)[:, :n_times]
    return np.asarray(noise / noise.std(axis=-1, keepdims=True))


def desynchronised(n_times: int, sfreq: float, onsets: Array, depths: Array, task: float) -> Array:
    """Return the amplitude of a rhythm that loses power during tasks.

    Parameters
    ----------
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    onsets : ndarray, shape (n_trials,)
        Start of each task (s).
    depths : ndarray, shape (n_trials,)
        Share of the power that is lost in each task, from 0 to below 1.
    task : float
        Length of a task (s).

    Returns
    -------
    ndarray, shape (n_times,)
        Factor on the amplitude.
    """
    power = np.ones(n_times)
    profile = _profile(sfreq, task)
    for onset, depth in zip(onsets, depths, strict=True):
        start = round(onset * sfreq)
        power[start : start + len(profile)] -= depth * profile
    return np.sqrt(power)


def _profile(sfreq: float, task: float) -> Array:
    """Rise at the start of the task, hold, and fall after its end."""
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(0, 1, 1 / (RAMP * sfreq)))
    return np.concatenate([ramp, np.ones(round(task * sfreq) - len(ramp)), ramp[::-1]])


def blinks(rng: np.random.Generator, n_times: int, sfreq: float, every: float) -> Array:
    """Return blinks of height about 1, on average ``every`` seconds, shape (n_times,)."""
    shape = np.hanning(round(0.35 * sfreq))
    out = np.zeros(n_times)
    for start in rng.integers(0, n_times - len(shape), rng.poisson(n_times / sfreq / every)):
        out[start : start + len(shape)] += rng.uniform(0.6, 1.4) * shape
    return out


def line(rng: np.random.Generator, n_times: int, sfreq: float, frequency: float) -> Array:
    """Return a sine of unit amplitude and random phase, shape (n_times,)."""
    phase = rng.uniform(0, 2 * np.pi)
    wave: Array = np.sin(2 * np.pi * frequency * np.arange(n_times) / sfreq + phase)
    return wave
