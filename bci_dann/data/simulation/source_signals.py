"""Source signals of simulated EEG: rhythms, 1/f background, blinks and line noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = [
    "blink_signal",
    "desynchronised_amplitude",
    "pink_noise",
    "rhythm",
    "sine_wave",
    "slow_noise",
]

Array = NDArray[np.float64]

# Seconds in which desynchronisation builds up and fades. Empirical: averaged event-related
# desynchronisation takes about half a second (Pfurtscheller and Lopes da Silva 1999,
# doi:10.1016/S1388-2457(99)00141-8).
RAMP_SECONDS = 0.4

# Standard deviation of a peak of the amplitude spectrum: a constant (Hz) and a share of its
# frequency. Empirical: a mu peak at 10.5 Hz is 3.4 Hz wide at half its height, and a beta peak at
# 21 Hz is 4.9 Hz wide.
PEAK_WIDTH, PEAK_WIDTH_SHARE = 0.8, 0.06

# The power of the background falls as 1/f above the first frequency (Hz), and is absent below
# the second, as amplifiers remove slow drifts.
PINK_FROM_HZ, PINK_HIGH_PASS_HZ = 1.0, 0.5

# Length of a blink (s) and range of its relative height. Empirical: blinks last 0.1 to 0.4 s.
BLINK_SECONDS, BLINK_HEIGHT = 0.35, (0.6, 1.4)


def rhythm(rng: np.random.Generator, n_times: int, sfreq: float, peak: float) -> Array:
    """Return noise around a peak frequency, of unit standard deviation.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    peak : float
        Peak frequency (Hz); higher peaks are wider.

    Returns
    -------
    ndarray, shape (n_times,)
        The rhythm.
    """
    return _shaped_noise(rng, 1, n_times, sfreq, partial(_peak_spectrum, peak=peak))[0]


def _peak_spectrum(frequencies: Array, peak: float) -> Array:
    width = PEAK_WIDTH + PEAK_WIDTH_SHARE * peak
    amplitude: Array = np.exp(-0.5 * ((frequencies - peak) / width) ** 2)
    return amplitude


def pink_noise(rng: np.random.Generator, n_sources: int, n_times: int, sfreq: float) -> Array:
    """Return 1/f noise of unit standard deviation.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_sources : int
        Number of independent signals.
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).

    Returns
    -------
    ndarray, shape (n_sources, n_times)
        Power falls as 1/f above 1 Hz; there is none below 0.5 Hz.
    """
    return _shaped_noise(rng, n_sources, n_times, sfreq, _pink_spectrum)


def _pink_spectrum(frequencies: Array) -> Array:
    slope = 1 / np.sqrt(np.maximum(frequencies, PINK_FROM_HZ))
    amplitude: Array = np.where(frequencies >= PINK_HIGH_PASS_HZ, slope, 0.0)
    return amplitude


def slow_noise(rng: np.random.Generator, n_times: int, sfreq: float, period: float) -> Array:
    """Return noise of unit standard deviation without components faster than a period.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    period : float
        The shortest period (s). In a shorter recording the only component has the period of
        the recording.

    Returns
    -------
    ndarray, shape (n_times,)
        The noise.
    """
    return _shaped_noise(rng, 1, n_times, sfreq, partial(_slow_spectrum, period=period))[0]


def _slow_spectrum(frequencies: Array, period: float) -> Array:
    fastest = max(1 / period, frequencies[1])
    amplitude: Array = ((frequencies > 0) & (frequencies <= fastest)).astype(float)
    return amplitude


def _shaped_noise(
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


def desynchronised_amplitude(
    n_times: int, sfreq: float, onsets: Array, depths: Array, task: float
) -> Array:
    """Return the amplitude of a rhythm whose power decreases during tasks.

    Parameters
    ----------
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    onsets : ndarray, shape (n_trials,)
        Start of each task (s).
    depths : ndarray, shape (n_trials,)
        Relative decrease of power in each task, from 0 to below 1.
    task : float
        Length of a task (s).

    Returns
    -------
    ndarray, shape (n_times,)
        Factor of the amplitude.
    """
    power = np.ones(n_times)
    profile = _task_profile(sfreq, task)
    for onset, depth in zip(onsets, depths, strict=True):
        start = round(onset * sfreq)
        power[start : start + len(profile)] -= depth * profile
    return np.sqrt(power)


def _task_profile(sfreq: float, task: float) -> Array:
    """Return a curve that rises from 0 to 1 at the start of a task, and falls after its end."""
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(0, 1, 1 / (RAMP_SECONDS * sfreq)))
    return np.concatenate([ramp, np.ones(round(task * sfreq) - len(ramp)), ramp[::-1]])


def blink_signal(rng: np.random.Generator, n_times: int, sfreq: float, every: float) -> Array:
    """Return blinks at random times.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    every : float
        Mean time from blink to blink (s).

    Returns
    -------
    ndarray, shape (n_times,)
        Blinks of height 0.6 to 1.4; zero between them.
    """
    shape = np.hanning(round(BLINK_SECONDS * sfreq))
    signal = np.zeros(n_times)
    for start in rng.integers(0, n_times - len(shape), rng.poisson(n_times / sfreq / every)):
        signal[start : start + len(shape)] += rng.uniform(*BLINK_HEIGHT) * shape
    return signal


def sine_wave(rng: np.random.Generator, n_times: int, sfreq: float, frequency: float) -> Array:
    """Return a sine of unit amplitude and random phase.

    Parameters
    ----------
    rng : numpy.random.Generator
        The random stream.
    n_times : int
        Length (samples).
    sfreq : float
        Sampling frequency (Hz).
    frequency : float
        Frequency of the sine (Hz).

    Returns
    -------
    ndarray, shape (n_times,)
        The sine.
    """
    phase = rng.uniform(0, 2 * np.pi)
    wave: Array = np.sin(2 * np.pi * frequency * np.arange(n_times) / sfreq + phase)
    return wave
