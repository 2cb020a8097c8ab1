"""What differs between people, in words of EEG: the power of a band at a channel.

A shift has two parts. The mean may be elsewhere (less beta at C3 than others have), and trials
may vary more or less around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import welch

from bci_dann.exceptions import DataError

__all__ = ["BANDS", "BandPowerShift", "band_power_shift", "bands_within", "log_band_power"]

Array = NDArray[np.float64]

BANDS = {"theta": (4.0, 8.0), "mu": (8.0, 13.0), "beta": (13.0, 30.0), "low gamma": (30.0, 45.0)}
# A filter that leaves less than this share of a band leaves mostly its own slope.
LEAST_SHARE = 0.5
SEGMENT = 1.0  # length of Welch's segments (s)
CHUNK = 256  # trials whose spectra are held at a time


@dataclass(frozen=True)
class BandPowerShift:
    """Where the power of one side differs from that of the other.

    Parameters
    ----------
    mean : ndarray, shape (n_bands, n_chans)
        Mean log-power of the target less that of the sources, in pooled standard deviations
        of a person's trials.
    variance : ndarray, shape (n_bands, n_chans)
        Binary logarithm of the ratio of standard deviations: 1 where the target's trials vary
        twice as much as those of a source person.
    """

    mean: Array
    variance: Array


def bands_within(low: float, high: float) -> dict[str, tuple[float, float]]:
    """Return the bands that a pass band leaves, cut to it.

    Parameters
    ----------
    low, high : float
        The pass band (Hz).

    Returns
    -------
    dict of str to (float, float)
        Edges (Hz) by name; a band of which less than half is left is left out. Where none is
        left the pass band itself, named ``"pass band"``.

    Raises
    ------
    DataError
        When the pass band is empty.

    Examples
    --------
    >>> bands_within(8, 32)
    {'mu': (8.0, 13.0), 'beta': (13.0, 30.0)}
    """
    if not 0 <= low < high:
        raise DataError(
            f"the pass band must be (low, high) with 0 <= low < high in Hz; got ({low}, {high})."
        )
    cut = {name: (max(low, start), min(high, end)) for name, (start, end) in BANDS.items()}
    kept = {
        name: (float(start), float(end))
        for name, (start, end) in cut.items()
        if end - start >= LEAST_SHARE * (BANDS[name][1] - BANDS[name][0])
    }
    return kept or {"pass band": (float(low), float(high))}


def log_band_power(
    X: NDArray[np.floating], sfreq: float, bands: Mapping[str, tuple[float, float]]
) -> Array:
    """Return the natural logarithm of the mean power density in each band.

    Welch (1967), "The use of fast Fourier transform for the estimation of power spectra", IEEE
    Trans. Audio Electroacoust. 15(2), 70-73, with segments of 1 s.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    sfreq : float
        Sampling frequency (Hz).
    bands : mapping of str to (float, float)
        Edges (Hz), as :func:`bands_within` returns them.

    Returns
    -------
    ndarray, shape (n_trials, n_bands, n_chans)
        Of power in µV²/Hz.

    Raises
    ------
    DataError
        When a band lies between the frequencies of the spectrum or above half the sampling
        frequency, or a trial has no power in it.
    """
    n_segment = min(X.shape[2], round(SEGMENT * sfreq))
    n_fft = max(n_segment, round(sfreq))  # 1 Hz apart also in short trials
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sfreq)
    inside = [(frequencies >= low) & (frequencies <= high) for low, high in bands.values()]
    for name, where in zip(bands, inside, strict=True):
        if not where.any():
            raise DataError(
                f"the spectrum has no frequency in the band {name} {bands[name]} Hz at a sampling "
                f"frequency of {sfreq:g} Hz. Choose a wider or lower band."
            )
    power = np.empty((len(X), len(bands), X.shape[1]))
    for start in range(0, len(X), CHUNK):
        part = slice(start, start + CHUNK)
        wide = np.asarray(X[part], dtype=np.float64)
        density = welch(wide, sfreq, nperseg=n_segment, nfft=n_fft, axis=2)[1]
        for index, where in enumerate(inside):
            power[part, index] = density[:, :, where].mean(2)
    if not (power > 0).all():
        raise DataError("some trials have no power in a band. Leave out trials that are flat.")
    logs: Array = np.log(power)
    return logs


def band_power_shift(
    source: Array, target: Array, source_people: ArrayLike | None = None
) -> BandPowerShift:
    """Compare the log-power of one person with that of others, mean and variance apart.

    The difference of means is Cohen's d (Cohen 1988, "Statistical power analysis for the
    behavioral sciences", section 2.2). People count alike, and the standard deviation is that
    within a person: that of all together would hold the differences between them as well, and
    everybody would seem steadier than the others.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_bands, n_chans)
        As :func:`log_band_power` returns it.
    target : ndarray, shape (n_target, n_bands, n_chans)
        The same for the person in question.
    source_people : array-like, shape (n_source,), optional
        Whose each source trial is; one person's where it is not given.

    Returns
    -------
    BandPowerShift
        NaN where a side has fewer than two trials of a person, or does not vary.
    """
    people = np.zeros(len(source)) if source_people is None else np.asarray(source_people)
    names, whose = np.unique(people, return_inverse=True)
    means = np.stack([source[whose == index].mean(0) for index in range(len(names))])
    n_theirs, n_own = len(source) - len(names), len(target) - 1
    if min(n_theirs, n_own) < 1:
        unknown = np.full(source.shape[1:], np.nan)
        return BandPowerShift(unknown, unknown)
    theirs = np.square(source - means[whose]).sum(0)
    own = np.square(target - target.mean(0)).sum(0)
    pooled = _missing_where_zero((theirs + own) / (n_theirs + n_own))
    ratio = _missing_where_zero(own / n_own) / _missing_where_zero(theirs / n_theirs)
    return BandPowerShift(
        mean=(target.mean(0) - means.mean(0)) / np.sqrt(pooled),
        variance=0.5 * np.log2(ratio),
    )


def _missing_where_zero(variance: Array) -> Array:
    return np.where(variance > 0, variance, np.nan)
