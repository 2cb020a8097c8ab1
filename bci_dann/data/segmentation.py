"""Cutting continuous recordings into trials: reference, filters, rejection and resampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import mne
import numpy as np
from numpy.typing import NDArray

from bci_dann._validation import did_you_mean
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.bad_channels import check_not_bad
from bci_dann.data.recordings.channels import as_good_eeg
from bci_dann.data.recordings.electrode_names import resolve_names
from bci_dann.data.signal_checks import FLAT_UV, flat_channels_message
from bci_dann.exceptions import ConfigError, DataError

__all__ = [
    "ImageryTask",
    "check_channels",
    "check_recording",
    "cut_trials",
    "resampled_epochs",
]

# Samples by which trials of one window may differ after resampling from different rates: both
# ends of a window are included, and each is rounded to a whole sample.
MAX_LENGTH_DIFFERENCE = 2


class ImageryTask(Protocol):
    """The attributes of a MOABB dataset that cutting trials needs."""

    @property
    def interval(self) -> Sequence[float]:
        """Start and end of the imagery task after the cue (s)."""

    @property
    def unit_factor(self) -> float:
        """Microvolt per unit of the recording: 1e6 where samples are in volt."""

    @property
    def code(self) -> str:
        """The name of the dataset, for messages."""


def check_recording(
    raw: mne.io.BaseRaw, dataset: ImageryTask, preprocessing: Preprocessing
) -> None:
    """Check a recording against preprocessing steps without reading its samples.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; it is left as it is.
    dataset : ImageryTask
        Gives the task interval; any MOABB dataset is one.
    preprocessing : Preprocessing
        The steps.

    Raises
    ------
    DataError
        When a channel is missing.
    ConfigError
        When a frequency or the window does not fit the recording.
    """
    _check_frequencies(raw.info["sfreq"], preprocessing)
    reference = preprocessing.reference if isinstance(preprocessing.reference, list) else []
    channels = _selected_channels(raw, preprocessing)
    check_channels(raw, [*channels, *_named_channels(raw, reference, preprocessing)])
    start, end = _epoch_limits(dataset, preprocessing)
    if end - start > raw.times[-1]:
        raise ConfigError(
            f"preprocessing.window: a trial would last {end - start:g} s, and the whole "
            f"recording lasts {raw.times[-1]:g} s."
        )


def cut_trials(
    raw: mne.io.BaseRaw,
    dataset: ImageryTask,
    classes: list[str],
    preprocessing: Preprocessing,
    n_times: int | None = None,
) -> mne.Epochs | None:
    """Cut the trials of one run.

    Parameters
    ----------
    raw : mne.io.Raw
        A recording as ``dataset.get_data`` returns it: its annotations name the classes
        and start with the imagery task. It is left as it is.
    dataset : ImageryTask
        Gives the task interval and the unit; any MOABB dataset is one.
    classes : list of str
        The classes to keep.
    preprocessing : Preprocessing
        The steps.
    n_times : int or None
        Samples that a resampled trial must have, as set by earlier recordings. Recordings of
        other sampling rates give up to two samples more or fewer for the same window, because
        both its ends are included; such trials are cut again or cropped.

    Returns
    -------
    mne.Epochs or None
        The trials in the unit of the recording, that is ``1 / dataset.unit_factor`` µV;
        ``None`` when the run has no trial of these classes.

    Raises
    ------
    DataError
        When a channel is missing, or flat in every trial.
    ConfigError
        When a frequency or the window does not fit the recording.
    """
    events, event_id = _cue_events(raw, dataset, classes)
    if not len(events):
        return None
    _check_frequencies(raw.info["sfreq"], preprocessing)
    start, end = _epoch_limits(dataset, preprocessing)
    loaded = raw.copy().load_data(verbose="error")
    windows = events[:, [0]] - raw.first_samp + np.array([start, end]) * raw.info["sfreq"]
    channels = _selected_channels(raw, preprocessing)
    _check_not_flat(loaded, channels, windows.astype(int), dataset.unit_factor)
    filtered = _reference_and_filter(loaded, preprocessing)
    cut = partial(_epochs, filtered, events, event_id, start, _rejection(dataset, preprocessing))
    epochs = resampled_epochs(cut, end, preprocessing.resample, n_times)
    return epochs if len(epochs) else None


def _cue_events(
    raw: mne.io.BaseRaw, dataset: ImageryTask, classes: list[str]
) -> tuple[NDArray[np.int_], dict[str, int]]:
    """Return the events at the cue, ``interval[0]`` before the annotations."""
    present = set(raw.annotations.description)
    event_id = {name: code for code, name in enumerate(classes, start=1) if name in present}
    if not event_id:
        return np.zeros((0, 3), dtype=int), {}
    events, _ = mne.events_from_annotations(raw, event_id=event_id, verbose="error")
    events[:, 0] -= int(dataset.interval[0] * raw.info["sfreq"])
    return events, event_id


def _epoch_limits(dataset: ImageryTask, preprocessing: Preprocessing) -> tuple[float, float]:
    """Return start and end of a trial after the cue (s)."""
    start, end = preprocessing.window
    task_start, task_end = dataset.interval
    tmin = start + task_start
    tmax = task_end if end is None else end + task_start
    if tmin >= tmax:
        raise ConfigError(
            f"preprocessing.window starts at {start:g} s, and the task of {dataset.code} "
            f"lasts {task_end - task_start:g} s: give an end, or start earlier."
        )
    return tmin, tmax


def _rejection(dataset: ImageryTask, preprocessing: Preprocessing) -> dict[str, float] | None:
    """Return MNE's rejection limits, in the unit of the recording."""
    if preprocessing.reject_uv is None:
        return None
    return {"eeg": preprocessing.reject_uv / dataset.unit_factor}


def _epochs(
    filtered: mne.io.BaseRaw,
    events: NDArray[np.int_],
    event_id: dict[str, int],
    start: float,
    reject: dict[str, float] | None,
    end: float,
) -> mne.Epochs:
    return mne.Epochs(
        filtered,
        events,
        event_id=event_id,
        tmin=start,
        tmax=end,
        proj=False,
        baseline=None,
        preload=True,
        picks=filtered.ch_names,
        event_repeated="drop",
        on_missing="ignore",
        reject=reject,
        reject_by_annotation=True,
        verbose="error",
    )


def resampled_epochs(
    cut: Callable[[float], mne.Epochs], end: float, sfreq: float | None, n_times: int | None
) -> mne.Epochs:
    """Cut and resample, so that trials have ``n_times`` samples where one or two are missing.

    Parameters
    ----------
    cut : callable
        Gives the trials up to the time that it is called with (s).
    end : float
        End of the window (s).
    sfreq : float or None
        New sampling frequency (Hz).
    n_times : int or None
        Samples that a resampled trial has to have; see :func:`cut_trials`.

    Returns
    -------
    mne.Epochs
        All of one length.
    """
    epochs = cut(end)
    if sfreq is None or not len(epochs):
        return epochs
    epochs.resample(sfreq, verbose="error")
    if n_times is None:
        return epochs
    missing = n_times - len(epochs.times)
    if 0 < missing <= MAX_LENGTH_DIFFERENCE:
        epochs = cut(end + missing / sfreq)
        if not len(epochs):
            return epochs
        epochs.resample(sfreq, verbose="error")
    if -MAX_LENGTH_DIFFERENCE <= n_times - len(epochs.times) < 0:
        epochs.crop(epochs.times[0], epochs.times[n_times - 1], verbose="error")
    return epochs


def _reference_and_filter(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Apply reference and filters in place, leaving the selected channels only."""
    filtered = _referenced(raw, preprocessing)
    if preprocessing.notch is not None:
        filtered.notch_filter(preprocessing.notch, picks="data", verbose="error")
    if preprocessing.band is not None:
        low, high = preprocessing.band
        method = preprocessing.filter_method
        filtered.filter(low, high, method=method, picks="data", verbose="error")
    return filtered


def _referenced(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    channels = _selected_channels(raw, preprocessing)
    if preprocessing.reference is None:
        return _picked(raw, channels)
    if preprocessing.reference == "average":
        return _subtract_mean(_picked(raw, channels), channels)
    reference = _named_channels(raw, preprocessing.reference, preprocessing)
    others = [name for name in reference if name not in channels]
    with_reference = _picked(raw, channels + others)
    return _picked(_subtract_mean(with_reference, reference), channels)


def _subtract_mean(raw: mne.io.BaseRaw, channels: list[str]) -> mne.io.BaseRaw:
    return raw.set_eeg_reference(channels, projection=False, verbose="error")


def _picked(raw: mne.io.BaseRaw, names: list[str]) -> mne.io.BaseRaw:
    check_channels(raw, names)
    return as_good_eeg(raw.pick(names, verbose="error"))


def _selected_channels(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> list[str]:
    """Return the channels of the trials: those asked for, or all good EEG channels."""
    exclude = "bads" if preprocessing.bads == "leave_out" else ()
    if preprocessing.channels is None:
        return [raw.ch_names[i] for i in mne.pick_types(raw.info, eeg=True, exclude=exclude)]
    return _named_channels(raw, preprocessing.channels, preprocessing)


def _named_channels(
    raw: mne.io.BaseRaw, wanted: list[str], preprocessing: Preprocessing
) -> list[str]:
    names = resolve_names(wanted, raw.ch_names)
    if preprocessing.bads == "leave_out":
        check_not_bad(raw, names)
    return names


def _check_not_flat(
    raw: mne.io.BaseRaw, names: list[str], windows: NDArray[np.int_], unit_factor: float
) -> None:
    """Check the samples as recorded: a reference or a filter gives a flat channel a signal."""
    picks = [raw.ch_names.index(name) for name in names if name in raw.ch_names]
    inside = np.clip(windows, 0, raw.n_times)
    inside = inside[inside[:, 0] < inside[:, 1]]
    flat = np.full(len(picks), len(inside) > 0)
    for start, stop in inside if picks else ():
        with np.errstate(invalid="ignore", over="ignore"):  # check_signals refuses these samples
            deviation = raw.get_data(picks, start, stop).std(axis=1)
        flat &= deviation * unit_factor < FLAT_UV
    if flat.any():
        raise DataError(flat_channels_message([raw.ch_names[i] for i in np.array(picks)[flat]]))


def check_channels(raw: mne.io.BaseRaw | mne.BaseEpochs, names: list[str]) -> None:
    """Raise unless a recording has all of some channels.

    Parameters
    ----------
    raw : mne.io.Raw or mne.Epochs
        Where they are looked for.
    names : list of str
        The channels.

    Raises
    ------
    DataError
        Naming what is missing.
    """
    missing = [name for name in names if name not in raw.ch_names]
    if missing:
        guess = did_you_mean(missing[0], raw.ch_names)
        raise DataError(
            f"the channels {missing} are not in the recording.{guess} "
            f"It has {', '.join(raw.ch_names)}."
        )
    if not names:
        raise DataError(f"the recording has no EEG channels. It has {', '.join(raw.ch_names)}.")


def _check_frequencies(sfreq: float, preprocessing: Preprocessing) -> None:
    highest = preprocessing.band[1] if preprocessing.band else 0.0
    for name, value in {"band": highest, "notch": preprocessing.notch or 0.0}.items():
        if value >= sfreq / 2:
            raise ConfigError(
                f"preprocessing.{name} has {value:g} Hz, and the recording is sampled at "
                f"{sfreq:g} Hz: choose less than {sfreq / 2:g} Hz."
            )
