"""Cutting continuous recordings into trials: reference, filters, rejection and resampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import mne
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.channels.channel_selection import (
    check_channels,
    named_channels,
    selected_channels,
)
from bci_dann.data.channels.channel_use import as_good_eeg
from bci_dann.data.filtering.epoch_resampling import resampled_epochs
from bci_dann.data.filtering.signal_filters import check_frequencies, filter_recording
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.screening.cues import cue_table
from bci_dann.data.screening.interruptions import (
    INTERRUPTION,
    NOT_FINITE,
    mark_missing_samples,
)
from bci_dann.data.screening.trial_faults import trial_faults
from bci_dann.exceptions import ConfigError

__all__ = [
    "CutTrials",
    "ImageryTask",
    "check_recording",
    "cue_events",
    "cut_events",
    "cut_trials",
    "same_sfreq",
    "trial_limits",
]

# Relative difference of sampling frequencies that may be due to rounding: some formats store the
# sampling interval in whole microseconds, or the frequency with few digits.
SFREQ_TOLERANCE = 1e-4

# Trials with these reasons are passed to mne.Epochs, which decides whether they are dropped.
LEFT_TO_MNE = ("", "outside", "not_finite")


class ImageryTask(Protocol):
    """The attributes of a MOABB dataset that are needed to cut trials."""

    @property
    def interval(self) -> Sequence[float]:
        """Start and end of the imagery task after the cue (s)."""

    @property
    def unit_factor(self) -> float:
        """Microvolt per unit of the recording: 1e6 for samples in volt."""

    @property
    def code(self) -> str:
        """The name of the dataset, for messages."""


def check_recording(
    raw: mne.io.BaseRaw, dataset: ImageryTask, preprocessing: Preprocessing
) -> None:
    """Check that preprocessing can be applied to a recording, without reading its samples.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; not changed.
    dataset : ImageryTask
        A MOABB dataset, for the task interval.
    preprocessing : Preprocessing
        The steps.

    Raises
    ------
    DataError
        When a channel is missing.
    ConfigError
        When a frequency is too high or the window too long for the recording.
    """
    check_frequencies(raw.info["sfreq"], preprocessing)
    reference = preprocessing.reference if isinstance(preprocessing.reference, list) else []
    channels = selected_channels(raw, preprocessing)
    check_channels(raw, [*channels, *named_channels(raw, reference, preprocessing)])
    start, end = trial_limits(dataset, preprocessing)
    if end - start > raw.times[-1]:
        raise ConfigError(
            f"preprocessing.window: a trial would last {end - start:g} s, and the whole "
            f"recording lasts {raw.times[-1]:g} s."
        )


@dataclass(frozen=True)
class CutTrials:  # numpydoc ignore=PR02
    """The trials of a recording, and the table of its cues.

    Parameters
    ----------
    epochs : mne.Epochs or None
        The trials in the unit of the recording (``dataset.unit_factor`` µV); ``None`` if there are
        none.
    cues : pandas.DataFrame
        All cues of the classes, with the reason if a cue was rejected; see
        :func:`bci_dann.data.screening.cues.cue_table`.
    typical_uv : float
        Median amplitude over trials and channels in the pass band, before referencing (µV).
    """

    epochs: mne.Epochs | None
    cues: pd.DataFrame
    typical_uv: float = np.nan


def cut_trials(
    raw: mne.io.BaseRaw,
    dataset: ImageryTask,
    classes: list[str],
    preprocessing: Preprocessing,
    n_times: int | None = None,
    screen: bool = True,
) -> CutTrials:
    """Cut the trials of one run.

    Filters do not run across interruptions and missing samples, and trials that overlap these are
    left out.

    Parameters
    ----------
    raw : mne.io.Raw
        A recording as ``dataset.get_data`` returns it: the descriptions of annotations are classes,
        and their onsets are starts of the imagery task. It is not changed.
    dataset : ImageryTask
        A MOABB dataset, for the task interval and the unit.
    classes : list of str
        The classes to keep.
    preprocessing : Preprocessing
        The steps.
    n_times : int or None
        Number of samples of a resampled trial, according to earlier recordings. Since both ends of
        a window are included, recordings with other sampling frequencies give up to two samples
        more or fewer; such trials are cut again or cropped.
    screen : bool
        Leave out trials with a flat, saturated or wrongly scaled channel, which MOABB keeps.

    Returns
    -------
    CutTrials
        The trials, and the table of all cues of these classes.

    Raises
    ------
    DataError
        When a channel is missing, flat in every trial, a copy of another, or in another unit.
    ConfigError
        When a frequency is too high or the window too long for the recording.
    """
    events, event_id = cue_events(raw, dataset, classes)
    return cut_events(raw, events, event_id, dataset, preprocessing, n_times, screen)


def cut_events(
    raw: mne.io.BaseRaw,
    events: NDArray[np.int_],
    event_id: Mapping[str, int],
    dataset: ImageryTask,
    preprocessing: Preprocessing,
    n_times: int | None = None,
    screen: bool = True,
) -> CutTrials:
    """Cut the trials of one run at given events.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; not changed.
    events : ndarray of int, shape (n_cues, 3)
        The cues, as MNE events.
    event_id : mapping of str to int
        The code of each class.
    dataset : ImageryTask
        See :func:`cut_trials`.
    preprocessing : Preprocessing
        The steps.
    n_times : int or None
        See :func:`cut_trials`.
    screen : bool
        See :func:`cut_trials`.

    Returns
    -------
    CutTrials
        The trials, and the table of all cues.

    Raises
    ------
    DataError, ConfigError
        See :func:`cut_trials`.
    """
    if not len(events):
        return CutTrials(None, cue_table())
    check_frequencies(raw.info["sfreq"], preprocessing)
    start, end = trial_limits(dataset, preprocessing)
    loaded = raw.copy().load_data(verbose="error")
    channels = selected_channels(raw, preprocessing)
    check_channels(raw, channels)
    first, last = (round(time * raw.info["sfreq"]) for time in (start, end))
    windows = events[:, [0]] - raw.first_samp + np.array([first, last + 1])
    band = preprocessing.band
    faults = trial_faults(loaded, channels, windows, dataset.unit_factor, band, screen)
    names = {code: name for name, code in event_id.items()}
    labels = np.array([names[code] for code in events[:, 2].tolist()])
    cues = cue_table(events[:, 0] - raw.first_samp, labels, labels)
    reasons = np.array(faults.reasons, dtype=object)
    if "" not in faults.reasons:
        return CutTrials(None, cues.assign(left_out=reasons))
    needed = list(dict.fromkeys([*channels, *_reference_channels(loaded, preprocessing)]))
    check_channels(loaded, needed)
    mark_missing_samples(loaded, [loaded.ch_names.index(name) for name in needed])
    filtered = filter_recording(_referenced(loaded, preprocessing), preprocessing)
    wanted = np.isin(reasons, LEFT_TO_MNE)
    limit = _rejection(dataset, preprocessing)
    cut = partial(_epochs, filtered, events[wanted], dict(event_id), start, limit)
    epochs = resampled_epochs(cut, end, preprocessing.resample, n_times)
    reasons[wanted] = [_drop_reason(entry) for entry in epochs.drop_log]
    outcome = cues.assign(left_out=reasons)
    return CutTrials(epochs if len(epochs) else None, outcome, faults.typical_uv)


def _drop_reason(entry: tuple[str, ...]) -> str:
    """Convert an entry of ``mne.Epochs.drop_log`` to a reason of a table of cues."""
    if not entry:
        return ""
    first = entry[0]
    if first in ("NO_DATA", "TOO_SHORT"):
        return "outside"
    if first == NOT_FINITE:
        return "not_finite"
    if first.upper().startswith(INTERRUPTION):
        return "boundary"
    if first == "DROP DUPLICATE":
        return "doubled"
    return "marked_bad" if first.lower().startswith("bad") else "amplitude"


def cue_events(
    raw: mne.io.BaseRaw, dataset: ImageryTask, classes: list[str]
) -> tuple[NDArray[np.int_], dict[str, int]]:
    """Return the events at the cues, ``interval[0]`` before the annotations.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    dataset : ImageryTask
        A MOABB dataset, for the task interval.
    classes : list of str
        The classes to find.

    Returns
    -------
    tuple of (ndarray of int, shape (n_cues, 3), dict of str to int)
        MNE events, and the code of each class that occurs.
    """
    present = set(raw.annotations.description)
    event_id = {name: code for code, name in enumerate(classes, start=1) if name in present}
    if not event_id:
        return np.zeros((0, 3), dtype=int), {}
    events, _ = mne.events_from_annotations(raw, event_id=event_id, verbose="error")
    events[:, 0] -= int(dataset.interval[0] * raw.info["sfreq"])
    return events, event_id


def trial_limits(dataset: ImageryTask, preprocessing: Preprocessing) -> tuple[float, float]:
    """Return start and end of a trial relative to the cue.

    Parameters
    ----------
    dataset : ImageryTask
        A MOABB dataset, for the task interval.
    preprocessing : Preprocessing
        The steps.

    Returns
    -------
    tuple of float
        Start and end (s).

    Raises
    ------
    ConfigError
        When the window starts after the end of the task.
    """
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


def _referenced(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Apply the reference in place, and keep only the selected channels."""
    channels = selected_channels(raw, preprocessing)
    if preprocessing.reference is None:
        return _picked(raw, channels)
    if preprocessing.reference == "average":
        return _subtract_mean(_picked(raw, channels), channels)
    reference = _reference_channels(raw, preprocessing)
    others = [name for name in reference if name not in channels]
    with_reference = _picked(raw, channels + others)
    return _picked(_subtract_mean(with_reference, reference), channels)


def _reference_channels(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> list[str]:
    """Return the channels of the reference; none where it is that of the selected channels."""
    if preprocessing.reference is None or preprocessing.reference == "average":
        return []
    return named_channels(raw, preprocessing.reference, preprocessing)


def _subtract_mean(raw: mne.io.BaseRaw, channels: list[str]) -> mne.io.BaseRaw:
    return raw.set_eeg_reference(channels, projection=False, verbose="error")


def _picked(raw: mne.io.BaseRaw, names: list[str]) -> mne.io.BaseRaw:
    check_channels(raw, names)
    return as_good_eeg(raw.pick(names, verbose="error"))


def same_sfreq(first: float, second: float) -> bool:
    """Return whether two sampling frequencies are equal up to rounding.

    Parameters
    ----------
    first, second : float
        Sampling frequencies (Hz).

    Returns
    -------
    bool
        Whether their relative difference is at most 1e-4; a trial of ten seconds at 100 Hz then
        differs by less than a tenth of a sample.
    """
    return bool(abs(first - second) <= SFREQ_TOLERANCE * max(first, second))
