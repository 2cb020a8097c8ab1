"""Detection of faulty trials and channels in a recording, before re-referencing and filtering."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np
from numpy.typing import NDArray

from bci_dann.data.signal_checks import FLAT_UV, flat_channels_message, selected_names
from bci_dann.exceptions import DataError

__all__ = ["RAILED_SHARE", "ChannelLimits", "TrialFaults", "railed_share", "trial_faults"]

# Ratios of amplitudes that indicate another unit: units differ by 1000. Empirical: in 58 real
# recordings the median amplitude of a channel in the pass band is within 2.2 times that of the
# others, and no trial has more than 5 times the median of its channel.
CHANNEL_RATIO = 100.0
TRIAL_RATIO = 300.0

# A channel is saturated in a trial if this share of the samples is at the limit of its range, in
# sequences of at least this length. Empirical: connected channels of real recordings are below it.
RAILED_SHARE = 0.1
RAILED_STRETCH = 3

# The band in which channels are compared if signals are not filtered (Hz): below it drifts, and
# above it mains interference, differ between electrodes.
DEFAULT_BAND = (4.0, 40.0)

# Two channels have the same signal if their correlation over a trial differs from 1 or -1 by less.
# The tolerance is so small that bridged electrodes, which differ by amplifier noise, pass.
COPY_TOLERANCE = 1e-9


@dataclass(frozen=True)
class TrialFaults:  # numpydoc ignore=PR02
    """The faults of the trials of a recording.

    Parameters
    ----------
    reasons : list of str
        A name of :data:`bci_dann.data.screening.cues.REASONS` for each trial; ``""`` for a trial
        without faults.
    typical_uv : float
        Median amplitude in the pass band over trials and channels (µV); NaN without usable trials.
    """

    reasons: list[str]
    typical_uv: float


def trial_faults(
    raw: mne.io.BaseRaw,
    channels: list[str],
    windows: NDArray[np.int_],
    unit_factor: float,
    band: tuple[float, float] | None = None,
    screen: bool = True,
) -> TrialFaults:
    """Find the trials of a recording that cannot be used.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory, without preprocessing: re-referencing or filtering would add a
        signal to flat channels, and spread a wrong unit over all channels.
    channels : list of str
        The channels of the trials.
    windows : ndarray of int, shape (n_trials, 2)
        Start and end (exclusive) of each trial (samples). Trials that extend beyond the recording
        are not checked.
    unit_factor : float
        Microvolt per unit of the recording.
    band : tuple of float, or None
        The pass band (Hz).
    screen : bool
        Whether channels are compared, and flat, saturated and wrongly scaled trials are detected.
        Otherwise only missing samples, and channels that are flat in all trials, are detected.

    Returns
    -------
    TrialFaults
        Reasons in the order of ``windows``.

    Raises
    ------
    DataError
        When a channel is flat or lacks samples in every trial, has another unit than the others,
        or is a copy of another.
    """
    picks = [raw.ch_names.index(name) for name in channels]
    limits = ChannelLimits(raw, picks)
    measures = [_measured(raw, picks, window, unit_factor, band, limits) for window in windows]
    _check_not_missing(measures, channels)
    judged = [one for one in measures if one is not None and one.finite]
    if not judged:
        return TrialFaults([_reason(one, np.inf, False) for one in measures], np.nan)
    _check_not_flat(judged, channels)
    medians = _typical_amplitudes(judged)
    if screen:
        _check_one_unit(medians, _mostly_flat(judged), channels)
        _check_no_copies(raw, picks, channels, windows, measures)
    reasons = [_reason(one, medians, screen) for one in measures]
    return TrialFaults(reasons, _log_median(medians))


class ChannelLimits:
    """The lowest and the highest value of each channel in a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording in memory.
    picks : list of int
        The channels.
    """

    def __init__(self, raw: mne.io.BaseRaw, picks: list[int]) -> None:
        ranges = [_range(raw.get_data(pick)) for pick in picks]
        self.low, self.high = np.array(ranges).reshape(-1, 2, 1).transpose(1, 0, 2)

    def share(self, signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of saturated samples of each channel; see `railed_share`.

        Parameters
        ----------
        signals : ndarray, shape (n_chans, n_times)
            A segment of the recording.

        Returns
        -------
        ndarray, shape (n_chans,)
            Shares from 0 to 1.
        """
        return railed_share(signals, self.low, self.high)


def railed_share(
    signals: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of a trial during which each channel is at a limit of its range.

    Parameters
    ----------
    signals : ndarray, shape (n_chans, n_times)
        The trial, without preprocessing.
    low, high : ndarray, shape (n_chans, 1)
        The lowest and the highest value of each channel in the recording.

    Returns
    -------
    ndarray, shape (n_chans,)
        Share of the samples in sequences of at least three samples at one of the limits; a channel
        is saturated ("railed") if it is at least :data:`RAILED_SHARE`.
    """
    at_limit = (signals <= low) | (signals >= high)
    n_begins = max(0, at_limit.shape[1] - RAILED_STRETCH + 1)
    shifted = [at_limit[:, k : k + n_begins] for k in range(RAILED_STRETCH)]
    begins = np.logical_and.reduce(shifted)
    covered = np.zeros_like(at_limit)
    for k in range(RAILED_STRETCH):
        covered[:, k : k + n_begins] |= begins
    return np.asarray(covered.mean(axis=1))


def _range(signal: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest value; infinite if no sample is finite."""
    finite = signal[np.isfinite(signal)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (-np.inf, np.inf)


@dataclass(frozen=True)
class _Measures:
    """Missing samples, deviation (µV), amplitude (µV) and saturated share by channel of a trial.

    The deviation is that of the unfiltered signal, and the amplitude that in the pass band. If a
    channel lacks samples, all three measures are 0 for all channels.
    """

    missing: NDArray[np.bool_]
    deviation: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    railed: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        """Whether all channels have all samples."""
        return not self.missing.any()


def _measured(
    raw: mne.io.BaseRaw,
    picks: list[int],
    window: NDArray[np.int_],
    unit_factor: float,
    band: tuple[float, float] | None,
    limits: ChannelLimits,
) -> _Measures | None:
    """Measure a trial; return None if it extends beyond the recording."""
    start, stop = window
    if not 0 <= start < stop <= raw.n_times:
        return None
    signals = raw.get_data(picks, start, stop)
    missing = ~np.isfinite(signals).all(axis=1)
    if missing.any():
        zeros = np.zeros(len(picks))
        return _Measures(missing, zeros, zeros, zeros)
    return _Measures(
        missing=missing,
        deviation=signals.std(axis=1) * unit_factor,
        amplitude=_amplitude(signals, raw.info["sfreq"], band or DEFAULT_BAND) * unit_factor,
        railed=limits.share(signals),
    )


def _amplitude(
    signals: NDArray[np.float64], sfreq: float, band: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the root mean square of each channel in a frequency band."""
    centred = signals - signals.mean(axis=1, keepdims=True)
    taper = np.hanning(signals.shape[1] + 2)[1:-1]
    spectrum = np.fft.rfft(centred * taper, axis=1)
    frequencies = np.fft.rfftfreq(signals.shape[1], 1 / sfreq)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    if not inside.any():  # the trial is too short for the band
        inside = frequencies > 0
    power = 2 * (np.abs(spectrum[:, inside]) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(power / (signals.shape[1] * (taper**2).sum())))


def _reason(measures: _Measures | None, medians: NDArray[np.float64] | float, screen: bool) -> str:
    if measures is None:
        return "outside"
    if not measures.finite:
        return "not_finite"
    if not screen:
        return ""
    if (measures.deviation < FLAT_UV).any():
        return "flat"
    if (measures.railed >= RAILED_SHARE).any():
        return "railed"
    ratio = np.maximum(measures.amplitude, FLAT_UV) / medians
    return "scale" if ((ratio > TRIAL_RATIO) | (ratio < 1 / TRIAL_RATIO)).any() else ""


def _typical_amplitudes(judged: list[_Measures]) -> NDArray[np.float64]:
    """Return the median amplitude of each channel over the trials in which it is not flat."""
    amplitude = np.array([one.amplitude for one in judged])
    is_flat = np.array([one.deviation < FLAT_UV for one in judged])
    medians = np.nanmedian(np.where(is_flat, np.nan, amplitude), axis=0)
    return np.asarray(np.maximum(medians, FLAT_UV))


def _log_median(values: NDArray[np.float64]) -> float:
    """Return the median on a logarithmic scale, because amplitudes are compared by their ratio."""
    return float(np.exp(np.median(np.log(values))))


def _check_not_missing(measures: list[_Measures | None], channels: list[str]) -> None:
    """Refuse single channels that lack samples in every trial."""
    inside = [one.missing for one in measures if one is not None]
    missing = np.all(inside, axis=0) if inside else np.zeros(len(channels), dtype=bool)
    if missing.any() and not missing.all():
        raise DataError(
            f"the channels {selected_names(channels, missing)} lack samples (NaN or infinite) in "
            "every trial. Leave them out with `drop` or `channels`."
        )


def _check_not_flat(judged: list[_Measures], channels: list[str]) -> None:
    flat = np.all([one.deviation < FLAT_UV for one in judged], axis=0)
    if flat.any():
        raise DataError(flat_channels_message(selected_names(channels, flat)))


def _mostly_flat(judged: list[_Measures]) -> NDArray[np.bool_]:
    """Return the channels that are flat in most trials, whose amplitude does not show the unit."""
    return np.asarray(np.mean([one.deviation < FLAT_UV for one in judged], axis=0) > 0.5)


def _check_one_unit(
    medians: NDArray[np.float64], mostly_flat: NDArray[np.bool_], channels: list[str]
) -> None:
    """Refuse channels whose amplitude differs from that of the others by a factor between units."""
    channels, medians = selected_names(channels, ~mostly_flat), medians[~mostly_flat]
    if len(medians) < 2:
        return
    # of two channels, each is compared with the other
    usual = medians[::-1] if len(medians) == 2 else _log_median(medians)
    ratio = medians / usual
    odd = (ratio > CHANNEL_RATIO) | (ratio < 1 / CHANNEL_RATIO)
    if not odd.any():
        return
    listed = ", ".join(
        f"{name} ({value:.3g} µV)"
        for name, value in zip(selected_names(channels, odd), medians[odd], strict=True)
    )
    others = medians[~odd] if (~odd).any() else medians
    raise DataError(
        f"the channels {listed} seem to have another unit than the rest, whose typical amplitude "
        f"is {_log_median(others):.3g} µV. Leave them out with `drop` or `channels`, or correct "
        "the unit in the file. `adapt` and `predict` interpolate electrodes that --bad names."
    )


def _check_no_copies(
    raw: mne.io.BaseRaw,
    picks: list[int],
    channels: list[str],
    windows: NDArray[np.int_],
    measures: list[_Measures | None],
) -> None:
    """Refuse two channels with the same signal, in the first trial in which all have a signal."""
    for (start, stop), one in zip(windows, measures, strict=True):
        if one is None or not one.finite or (one.deviation < FLAT_UV).any():
            continue
        alike = np.abs(np.corrcoef(raw.get_data(picks, start, stop)))
        pairs = np.argwhere(np.triu(np.atleast_2d(alike) > 1 - COPY_TOLERANCE, k=1))
        if len(pairs):
            first, second = (channels[index] for index in pairs[0])
            raise DataError(
                f"the channels {first} and {second} have the same signal. Leave one of them out "
                "with `drop` or `channels`."
            )
        return
