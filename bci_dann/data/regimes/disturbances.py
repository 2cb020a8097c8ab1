"""Disturbances of the signals of one subject: moved electrodes, artefacts, gaps, bad channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.regimes.trial_order import by_session

__all__ = ["add_artefacts", "add_dropouts", "change_half_way", "loosen_channel", "spoil_channels"]

Signals = NDArray[np.float32]

# Bursts: frequency (Hz), within the band for decoding motor imagery; length (s); and the largest
# amplitude at other electrodes, relative to that at the strongest electrode. Empirical.
BURST_HZ, BURST_SECONDS, MAX_SPREAD = (9.0, 25.0), (0.2, 1.0), 0.1
# Standard deviations of the noise in dead and noisy channels, relative to that of the channel.
DEAD_FACTOR, NOISY_FACTOR = 0.05, 10.0
# Shortest and longest gap of a dropout, as a share of the trial.
GAP_SHARES = (0.1, 0.7)


def change_half_way(
    X: Signals, sessions: NDArray[np.str_], strength: float, rng: np.random.Generator
) -> Signals:
    """Multiply the channels of the second half of each session by one random matrix.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals of a subject (µV), in the order of recording.
    sessions : ndarray of str, shape (n_trials,)
        The session of each trial.
    strength : float
        Deviation of the matrix from the identity; see ``Regime.change_half_way``.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A changed copy (µV).
    """
    from scipy.linalg import expm

    n_chans = X.shape[1]
    normal = rng.standard_normal((n_chans, n_chans)) / np.sqrt(n_chans)
    mixing = expm(strength * (normal + np.diag(rng.standard_normal(n_chans)))).astype(np.float32)
    changed = X.copy()
    for rows in by_session(sessions):
        later = rows[len(rows) // 2 :]
        changed[later] = mixing @ X[later]
    return changed


def add_artefacts(
    X: Signals,
    share: float,
    amplitude: tuple[float, float],
    sfreq: float,
    rng: np.random.Generator,
) -> Signals:
    """Add a burst to a random share of trials.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals of a subject (µV).
    share : float
        The probability that a trial gets a burst.
    amplitude : tuple of (float, float)
        Lowest and highest peak (µV).
    sfreq : float
        Sampling frequency (Hz).
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A changed copy (µV).
    """
    n_chans: int = X.shape[1]
    disturbed = X.copy()
    for trial in np.flatnonzero(rng.random(len(X)) < share):
        wave, start = _burst(X.shape[2], sfreq, rng)
        pattern = MAX_SPREAD * rng.random(n_chans)
        pattern[rng.integers(n_chans)] = 1.0
        peak = rng.uniform(*amplitude)
        added = (peak * pattern[:, None] * wave).astype(np.float32)
        disturbed[trial, :, start : start + len(wave)] += added
    return disturbed


def spoil_channels(X: Signals, n_dead: int, n_noisy: int, rng: np.random.Generator) -> Signals:
    """Replace randomly drawn channels by weak or strong white noise.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals of a subject (µV).
    n_dead, n_noisy : int
        Numbers of channels with noise of 0.05 and of 10 times their standard deviation.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A changed copy (µV).
    """
    spoilt = X.copy()
    channels = rng.permutation(X.shape[1])[: n_dead + n_noisy]
    for place, channel in enumerate(channels):
        factor = DEAD_FACTOR if place < n_dead else NOISY_FACTOR
        noise = rng.standard_normal(spoilt[:, channel].shape, dtype=np.float32)
        spoilt[:, channel] = np.float32(factor * X[:, channel].std(dtype=np.float64)) * noise
    return spoilt


def loosen_channel(X: Signals, share: float, rng: np.random.Generator) -> Signals:
    """Replace one randomly drawn channel by strong white noise in a random share of trials.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals of a subject (µV).
    share : float
        The probability that a trial is affected.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A changed copy (µV), with noise of ten times the standard deviation of the channel.
    """
    loose = X.copy()
    channel = int(rng.integers(X.shape[1]))
    affected = np.flatnonzero(rng.random(len(X)) < share)
    noise = rng.standard_normal((len(affected), X.shape[2]), dtype=np.float32)
    loose[affected, channel] = (
        np.float32(NOISY_FACTOR * X[:, channel].std(dtype=np.float64)) * noise
    )
    return loose


def add_dropouts(X: Signals, share: float, rng: np.random.Generator) -> Signals:
    """Set all channels to zero for a part of a random share of trials.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Signals of a subject (µV).
    share : float
        The probability that a trial has a gap.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        A changed copy (µV), with gaps of 10 to 70 % of the trial.
    """
    interrupted, n_times = X.copy(), X.shape[2]
    for trial in np.flatnonzero(rng.random(len(X)) < share):
        length = round(rng.uniform(*GAP_SHARES) * n_times)
        start = int(rng.integers(n_times - length + 1))
        interrupted[trial, :, start : start + length] = 0
    return interrupted


def _burst(n_times: int, sfreq: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], int]:
    """Draw a Hann-windowed oscillation with a peak of at most 1, and its first sample."""
    length = min(n_times, max(2, round(rng.uniform(*BURST_SECONDS) * sfreq)))
    frequency, phase = rng.uniform(*BURST_HZ), rng.uniform(0, 2 * np.pi)
    start = int(rng.integers(n_times - length + 1))
    time = np.arange(length) / sfreq
    return np.hanning(length) * np.sin(2 * np.pi * frequency * time + phase), start
