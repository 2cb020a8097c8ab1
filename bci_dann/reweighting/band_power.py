"""Differences in band power between target and sources: means and variances at each channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import welch

from bci_dann._arrays import chunks
from bci_dann.exceptions import DataError

__all__ = ["BANDS", "BandPowerShift", "band_power_shift", "bands_within", "log_band_power"]

Array = NDArray[np.float64]

# Edges in Hz. Mu and beta: Pfurtscheller and Lopes da Silva (1999), "Event-related EEG/MEG
# synchronization and desynchronization: basic principles", Clin. Neurophysiol. 110(11), 1842-1857;
# theta and low gamma by convention, below the line frequency.
BANDS = {"theta": (4.0, 8.0), "mu": (8.0, 13.0), "beta": (13.0, 30.0), "low gamma": (30.0, 45.0)}
# Smallest part of a band that must lie within the pass band. Empirical: with less than half, mostly
# the slope of the filter is left.
LEAST_BAND_SHARE = 0.5
# Length of Welch's segments (s), which gives a resolution of 1 Hz and several segments in a trial.
SEGMENT = 1.0


@dataclass(frozen=True)
class BandPowerShift:
    """Differences in log-power between the target and the sources.

    Parameters
    ----------
    mean : ndarray, shape (n_bands, n_chans)
        Mean log-power of the target minus that of the sources, in pooled standard deviations within
        subjects (Cohen's d).
    variance : ndarray, shape (n_bands, n_chans)
        Binary logarithm of the ratio of standard deviations within subjects: 1 where that of the
        target is twice that of the sources.

    See Also
    --------
    band_power_shift : Computes the differences.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import band_power_shift
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (200, 1, 2)), rng.normal(0, 2, (200, 1, 2))
    >>> shift = band_power_shift(source, target)
    >>> shift.mean.round(), shift.variance.round()
    (array([[0., 0.]]), array([[1., 1.]]))
    """

    mean: Array
    variance: Array


def bands_within(low: float, high: float) -> dict[str, tuple[float, float]]:
    """Return the frequency bands within a pass band, clipped to it.

    Parameters
    ----------
    low, high : float
        The pass band (Hz).

    Returns
    -------
    dict of str to (float, float)
        Edges (Hz) by name. A band with less than half of its width in the pass band is left out;
        if all are, the pass band itself is returned as ``"pass band"``.

    Raises
    ------
    DataError
        When the pass band is empty.

    See Also
    --------
    log_band_power : Computes the power in these bands.

    Examples
    --------
    >>> from bci_dann.reweighting import bands_within
    >>> bands_within(8, 32)
    {'mu': (8.0, 13.0), 'beta': (13.0, 30.0)}
    """
    if not 0 <= low < high:
        raise DataError(
            f"the pass band must be (low, high) with 0 <= low < high in Hz; got ({low}, {high})."
        )
    cut = {name: (max(low, start), min(high, end)) for name, (start, end) in BANDS.items()}
    within = {
        name: (float(start), float(end))
        for name, (start, end) in cut.items()
        if end - start >= LEAST_BAND_SHARE * (BANDS[name][1] - BANDS[name][0])
    }
    return within or {"pass band": (float(low), float(high))}


def log_band_power(
    X: NDArray[np.floating], sfreq: float, bands: Mapping[str, tuple[float, float]]
) -> Array:
    """Return the logarithm of the mean power spectral density in each band.

    Uses the method of Welch [1]_ with segments of 1 s.

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
        Natural logarithms of power densities in µV²/Hz.

    Raises
    ------
    DataError
        When the spectrum has no frequency in a band, or a trial has no power.

    See Also
    --------
    bands_within : Returns the bands within a pass band.
    band_power_shift : Compares the power of target and sources.

    References
    ----------
    .. [1] Welch, P. D. (1967). The use of fast Fourier transform for the estimation of power
       spectra. IEEE Trans. Audio Electroacoust. 15(2), 70-73. doi:10.1109/TAU.1967.1161901.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.reweighting import bands_within, log_band_power
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> log_band_power(trials.X, trials.sfreq, bands_within(8, 32)).shape
    (60, 2, 15)
    """
    n_segment = min(X.shape[2], round(SEGMENT * sfreq))
    n_fft = max(n_segment, round(sfreq))  # frequency steps of 1 Hz also for short trials
    in_band = _frequencies_in_bands(np.fft.rfftfreq(n_fft, 1.0 / sfreq), sfreq, bands)
    power = np.empty((len(X), len(bands), X.shape[1]))
    for part in chunks(len(X)):
        trials = np.asarray(X[part], dtype=np.float64)
        density = welch(trials, sfreq, nperseg=n_segment, nfft=n_fft, axis=2)[1]
        for index, mask in enumerate(in_band):
            power[part, index] = density[:, :, mask].mean(2)
    if not (power > 0).all():
        raise DataError("some trials have no power in a band. Leave out trials that are flat.")
    logs: Array = np.log(power)
    return logs


def band_power_shift(
    source: Array, target: Array, source_subjects: ArrayLike | None = None
) -> BandPowerShift:
    """Compare the mean and variance of log-power between a target subject and the sources.

    The difference of means is Cohen's d [1]_. Source subjects have equal weight. Standard
    deviations are computed within subjects: over all source trials they would include differences
    between subjects, so that every target would seem to vary less than the sources.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_bands, n_chans)
        Log-power of the source trials, from :func:`log_band_power`.
    target : ndarray, shape (n_target, n_bands, n_chans)
        Log-power of the target trials.
    source_subjects : array-like, shape (n_source,), optional
        The subject of each source trial; one subject for all by default.

    Returns
    -------
    BandPowerShift
        NaN where sources or target have too few trials for a variance, or do not vary.

    See Also
    --------
    log_band_power : Computes the log-power.
    bci_dann.evaluation.diagnose : The comparison for every subject of a dataset.

    References
    ----------
    .. [1] Cohen, J. (1988). Statistical power analysis for the behavioral sciences, section 2.2.
       Lawrence Erlbaum. doi:10.4324/9780203771587.

    Examples
    --------
    >>> from bci_dann import load_dataset
    >>> from bci_dann.reweighting import band_power_shift, bands_within, log_band_power
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> power = log_band_power(trials.X, trials.sfreq, bands_within(8, 32))
    >>> new = trials.subjects == "3"
    >>> band_power_shift(power[~new], power[new], trials.subjects[~new]).mean.shape
    (2, 15)
    """
    subjects = np.zeros(len(source)) if source_subjects is None else np.asarray(source_subjects)
    names, subject_index = np.unique(subjects, return_inverse=True)
    means = np.stack([source[subject_index == index].mean(0) for index in range(len(names))])
    # degrees of freedom and sums of squares within subjects
    df_source, df_target = len(source) - len(names), len(target) - 1
    if min(df_source, df_target) < 1:
        unknown = np.full(source.shape[1:], np.nan)
        return BandPowerShift(unknown, unknown)
    ss_source = np.square(source - means[subject_index]).sum(0)
    ss_target = np.square(target - target.mean(0)).sum(0)
    pooled = _nan_where_zero((ss_source + ss_target) / (df_source + df_target))
    ratio = _nan_where_zero(ss_target / df_target) / _nan_where_zero(ss_source / df_source)
    return BandPowerShift(
        mean=(target.mean(0) - means.mean(0)) / np.sqrt(pooled),
        variance=0.5 * np.log2(ratio),
    )


def _frequencies_in_bands(
    frequencies: NDArray[np.floating], sfreq: float, bands: Mapping[str, tuple[float, float]]
) -> list[NDArray[np.bool_]]:
    """Return, for each band, which frequencies (Hz) of a spectrum lie in it."""
    masks = [(frequencies >= low) & (frequencies <= high) for low, high in bands.values()]
    for name, mask in zip(bands, masks, strict=True):
        if not mask.any():
            raise DataError(
                f"the spectrum has no frequency in the band {name} {bands[name]} Hz at a sampling "
                f"frequency of {sfreq:g} Hz. Choose a wider or lower band."
            )
    return masks


def _nan_where_zero(variance: Array) -> Array:
    return np.where(variance > 0, variance, np.nan)
