"""From a continuous recording to trials, with MNE and in one documented order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import mne
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from bci_dann._config import StrictModel
from bci_dann._validation import did_you_mean
from bci_dann.data.trials import FLAT_UV, flat_message
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = [
    "Preprocessing",
    "check_channels",
    "check_recording",
    "resampled_epochs",
    "trials_of_run",
]

Positive = Annotated[float, Field(gt=0)]

# Samples by which trials of one window differ after resampling from different rates.
MOST_MISSING = 2


class Preprocessing(StrictModel):
    """What happens to a recording before it becomes trials.

    The steps run in this order: pick channels, re-reference, notch, band-pass, cut the
    trials (and reject), resample. With the default values the trials are those of
    MOABB's ``MotorImagery(fmin=8, fmax=32)``, number for number.

    Parameters
    ----------
    channels : list of str, or None
        The channels to keep, in this order. ``None`` keeps all EEG channels that are not
        marked bad.
    reference : None, "average" or list of str
        ``None`` keeps the recording's own reference; ``"average"`` subtracts the mean of
        the kept channels; names subtract the mean of these channels, which need not be
        among ``channels``.
    notch : float or None
        Line frequency to remove (Hz).
    band : tuple of float, or None
        Pass band (Hz); ``None`` leaves the signals unfiltered.
    filter_method : {"iir", "fir"}
        ``"iir"`` is MOABB's own zero-phase Butterworth filter; ``"fir"`` is MNE's
        zero-phase default.
    resample : float or None
        New sampling frequency (Hz).
    window : tuple of (float, float or None)
        Start and end of a trial in seconds after the start of the imagery task, which is
        ``dataset.interval[0]``. An end of ``None`` is the end of the task. Both ends are
        included, as in MNE: 0 to 4 s at 128 Hz are 513 samples.
    reject_uv : float or None
        Drop trials whose peak-to-peak amplitude in any channel is larger (µV), after
        filtering.
    """

    channels: list[str] | None = None
    reference: Literal["average"] | list[str] | None = None
    notch: Positive | None = None
    band: tuple[Positive, Positive] | None = (8.0, 32.0)
    filter_method: Literal["iir", "fir"] = "iir"
    resample: Positive | None = None
    window: tuple[float, float | None] = (0.0, None)
    reject_uv: Positive | None = None

    @field_validator("channels", "reference")
    @classmethod
    def _some_and_unique(cls, names: Any) -> Any:
        if isinstance(names, list) and not names:
            raise ValueError("the list must not be empty; leave the key out instead")
        if isinstance(names, list) and len(set(names)) < len(names):
            raise ValueError("each channel may be named once only")
        return names

    @model_validator(mode="after")
    def _ordered(self) -> Preprocessing:
        if self.band is not None and self.band[0] >= self.band[1]:
            raise ValueError(f"band must be (low, high) with low < high; got {self.band}")
        if self.band is not None and self.resample and self.band[1] > self.resample / 2:
            raise ValueError(
                f"band goes up to {self.band[1]:g} Hz, of which nothing is left above half of "
                f"resample, {self.resample / 2:g} Hz: raise resample, or lower band"
            )
        start, end = self.window
        if end is not None and start >= end:
            raise ValueError(f"window must be (start, end) with start < end; got {self.window}")
        return self


def check_recording(
    raw: mne.io.BaseRaw, dataset: BaseDataset, preprocessing: Preprocessing
) -> None:
    """Check what can be told of a recording without its samples.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; it is left as it is.
    dataset : moabb.datasets.base.BaseDataset
        Gives the task interval.
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
    others = preprocessing.reference if isinstance(preprocessing.reference, list) else []
    check_channels(raw, [*_kept(raw, preprocessing), *others])
    start, end = _epoch_limits(dataset, preprocessing)
    if end - start > raw.times[-1]:
        raise ConfigError(
            f"preprocessing.window: a trial would last {end - start:g} s, and the whole "
            f"recording lasts {raw.times[-1]:g} s."
        )


def trials_of_run(
    raw: mne.io.BaseRaw,
    dataset: BaseDataset,
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
    dataset : moabb.datasets.base.BaseDataset
        Where the recording comes from; gives the task interval and the unit.
    classes : list of str
        The classes to keep.
    preprocessing : Preprocessing
        The steps.
    n_times : int or None
        Samples that a resampled trial has to have, where trials of another sampling rate set
        them: both ends of a window are included, so that rates differ by a sample.

    Returns
    -------
    mne.Epochs or None
        ``None`` when the run has no trial of these classes. In MNE's unit, that is
        ``1 / dataset.unit_factor`` µV.

    Raises
    ------
    DataError
        When a channel is missing, or flat in every trial.
    ConfigError
        When a frequency or the window does not fit the recording.
    """
    events, event_id = _task_events(raw, dataset, classes)
    if not len(events):
        return None
    _check_frequencies(raw.info["sfreq"], preprocessing)
    start, end = _epoch_limits(dataset, preprocessing)
    loaded = raw.copy().load_data(verbose="error")
    windows = events[:, [0]] - raw.first_samp + np.array([start, end]) * raw.info["sfreq"]
    _check_not_flat(loaded, _kept(raw, preprocessing), windows.astype(int), dataset.unit_factor)
    filtered = _filtered(loaded, preprocessing)
    reject = preprocessing.reject_uv and {"eeg": preprocessing.reject_uv / dataset.unit_factor}
    cut = partial(_cut, filtered, events, event_id, start, reject=reject)
    epochs = resampled_epochs(cut, end, preprocessing.resample, n_times)
    return epochs if len(epochs) else None


def _cut(
    filtered: mne.io.BaseRaw,
    events: NDArray[np.int_],
    event_id: dict[str, int],
    start: float,
    end: float,
    reject: Any,
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
    """Cut and resample, so that trials have ``n_times`` samples where few more are needed.

    Parameters
    ----------
    cut : callable
        Gives the trials up to the time that it is called with (s).
    end : float
        End of the window (s).
    sfreq : float or None
        New sampling frequency (Hz).
    n_times : int or None
        As in `trials_of_run`.

    Returns
    -------
    mne.Epochs
    """
    epochs = _resampled(cut(end), sfreq)
    if sfreq is not None and n_times is not None:
        missing = n_times - len(epochs.times)
        if 0 < missing <= MOST_MISSING and len(epochs):
            epochs = _resampled(cut(end + missing / sfreq), sfreq)
        if -MOST_MISSING <= n_times - len(epochs.times) < 0 and len(epochs):
            epochs.crop(epochs.times[0], epochs.times[n_times - 1], verbose="error")
    return epochs


def _resampled(epochs: mne.Epochs, sfreq: float | None) -> mne.Epochs:
    if sfreq is not None and len(epochs):
        epochs.resample(sfreq, verbose="error")
    return epochs


def _task_events(
    raw: mne.io.BaseRaw, dataset: BaseDataset, classes: list[str]
) -> tuple[NDArray[np.int_], dict[str, int]]:
    """Return the events at the cue; the annotations start ``interval[0]`` after it."""
    present = set(raw.annotations.description)
    event_id = {name: code for code, name in enumerate(classes, start=1) if name in present}
    if not event_id:
        return np.zeros((0, 3), dtype=int), {}
    events, _ = mne.events_from_annotations(raw, event_id=event_id, verbose="error")
    events[:, 0] -= int(dataset.interval[0] * raw.info["sfreq"])
    return events, event_id


def _epoch_limits(dataset: BaseDataset, preprocessing: Preprocessing) -> tuple[float, float]:
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


def _filtered(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    """Filter in place, leaving the wanted channels only."""
    out = _referenced(raw, preprocessing)
    if preprocessing.notch is not None:
        out.notch_filter(preprocessing.notch, picks="data", verbose="error")
    if preprocessing.band is not None:
        low, high = preprocessing.band
        out.filter(low, high, method=preprocessing.filter_method, picks="data", verbose="error")
    return out


def _check_not_flat(
    raw: mne.io.BaseRaw, names: list[str], windows: NDArray[np.int_], unit_factor: float
) -> None:
    """Look at the samples as recorded: a reference or a filter gives a dead channel a signal."""
    picks = [raw.ch_names.index(name) for name in names if name in raw.ch_names]
    inside = np.clip(windows, 0, raw.n_times)
    inside = inside[inside[:, 0] < inside[:, 1]]
    flat = np.full(len(picks), len(inside) > 0)
    for start, stop in inside if picks else ():
        with np.errstate(invalid="ignore", over="ignore"):  # told of as samples not finite
            deviation = raw.get_data(picks, start, stop).std(axis=1)
        flat &= deviation * unit_factor < FLAT_UV
    if flat.any():
        raise DataError(flat_message([raw.ch_names[i] for i in np.array(picks)[flat]]))


def _kept(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> list[str]:
    names = [raw.ch_names[i] for i in mne.pick_types(raw.info, eeg=True)]
    return preprocessing.channels or names


def _referenced(raw: mne.io.BaseRaw, preprocessing: Preprocessing) -> mne.io.BaseRaw:
    kept = _kept(raw, preprocessing)
    if preprocessing.reference is None:
        return _picked(raw, kept)
    if preprocessing.reference == "average":
        return _subtract(_picked(raw, kept), kept)
    others = [name for name in preprocessing.reference if name not in kept]
    return _picked(_subtract(_picked(raw, kept + others), preprocessing.reference), kept)


def _subtract(raw: mne.io.BaseRaw, reference: list[str]) -> mne.io.BaseRaw:
    return raw.set_eeg_reference(reference, projection=False, verbose="error")


def _picked(raw: mne.io.BaseRaw, names: list[str]) -> mne.io.BaseRaw:
    check_channels(raw, names)
    return raw.pick(names, verbose="error")


def check_channels(recording: mne.io.BaseRaw | mne.BaseEpochs, names: list[str]) -> None:
    """Raise unless a recording has all of some channels.

    Parameters
    ----------
    recording : mne.io.Raw or mne.Epochs
        Where they are looked for.
    names : list of str
        The channels.

    Raises
    ------
    DataError
        Naming what is missing.
    """
    missing = [name for name in names if name not in recording.ch_names]
    if missing:
        guess = did_you_mean(missing[0], recording.ch_names)
        raise DataError(
            f"the channels {missing} are not in the recording.{guess} "
            f"It has {', '.join(recording.ch_names)}."
        )
    if not names:
        raise DataError(
            f"the recording has no EEG channels. It has {', '.join(recording.ch_names)}."
        )


def _check_frequencies(sfreq: float, preprocessing: Preprocessing) -> None:
    highest = preprocessing.band[1] if preprocessing.band else 0.0
    for name, value in {"band": highest, "notch": preprocessing.notch or 0.0}.items():
        if value >= sfreq / 2:
            raise ConfigError(
                f"preprocessing.{name} has {value:g} Hz, and the recording is sampled at "
                f"{sfreq:g} Hz: choose less than {sfreq / 2:g} Hz."
            )
