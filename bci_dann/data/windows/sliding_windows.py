"""Sliding windows over one continuous recording, labelled by their task or as idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mne
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.segmentation import ImageryTask, cue_events, cut_events
from bci_dann.data.windows.pseudo_online import PseudoOnline

if TYPE_CHECKING:
    from bci_dann.data.preprocessing import Preprocessing
    from bci_dann.data.trials import EEGTrials

__all__ = ["RecordingWindows", "Tasks", "cut_windows", "tasks_of"]

# Number of windows that are cut at a time: MNE keeps them in double precision. The recording is
# filtered for each of these batches.
BATCH_SIZE = 5000
# Name of the events at which windows are cut, used only inside this module.
EVENT = "window"
# Label of windows that overlap a task of a class that is not evaluated; they are removed.
OTHER = ""


@dataclass(frozen=True)
class Tasks:
    """Times and classes of the tasks in a recording.

    Parameters
    ----------
    start, end : ndarray, shape (n_tasks,)
        Start and end of each task (s after the first sample), sorted by start.
    label : ndarray of str, shape (n_tasks,)
        The class of each task, including classes that are not evaluated.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    label: NDArray[np.str_]

    def shares(
        self, start: NDArray[np.float64], end: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return the task with the largest overlap with each window, and the size of the overlap.

        Parameters
        ----------
        start, end : ndarray, shape (n_windows,)
            Start and end of each window (s).

        Returns
        -------
        share : ndarray, shape (n_windows,)
            Overlap as a share of the window, or of the task if it is shorter; 0 without overlap.
        task : ndarray of int, shape (n_windows,)
            Index of the task.
        """
        if not len(self.start):
            return np.zeros(len(start)), np.zeros(len(start), dtype=np.intp)
        overlap = np.minimum(end[:, None], self.end) - np.maximum(start[:, None], self.start)
        shorter = np.minimum((end - start)[:, None], self.end - self.start)
        share = np.clip(overlap / shorter, 0.0, 1.0)
        best = share.argmax(axis=1)
        return share[np.arange(len(start)), best], best

    def at(self, time: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the task that is under way at each time.

        Parameters
        ----------
        time : ndarray, shape (n_times,)
            Times (s).

        Returns
        -------
        ndarray of int, shape (n_times,)
            Index of the task that started last; -1 if it has already ended, or none has started.
        """
        latest = np.searchsorted(self.start, time, side="right") - 1
        is_under_way = (latest >= 0) & (time <= np.append(self.end, -np.inf)[latest])
        return np.where(is_under_way, latest, -1)


@dataclass(frozen=True)
class RecordingWindows:
    """The windows of one recording.

    Parameters
    ----------
    signals : ndarray, shape (n_windows, n_chans, n_times)
        The signals, in the unit of the recording.
    ch_names : list of str
        The channels.
    table : pandas.DataFrame
        One row per window, without windows of classes that are not evaluated. The columns are
        ``start`` and ``end``, the times of its first and last sample (s after the first sample of
        the recording); ``label``; ``share``, its overlap with a task (see `Tasks.shares`); and the
        class ``task`` and start ``onset`` (s) of the task in which it ends. If it ends in no task,
        these are ``""`` and NaN.
    """

    signals: NDArray[np.float32]
    ch_names: list[str]
    table: pd.DataFrame


def tasks_of(raw: mne.io.BaseRaw, dataset: ImageryTask, classes: Sequence[str]) -> Tasks:
    """Return the tasks of a recording, including those of classes that are not evaluated.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; its annotations are classes.
    dataset : ImageryTask
        A MOABB dataset, for the task interval and all classes.
    classes : sequence of str
        The classes that are evaluated.

    Returns
    -------
    Tasks
        Times and classes.
    """
    every_class = list(dict.fromkeys([*classes, *getattr(dataset, "event_id", {})]))
    events, _ = cue_events(raw, dataset, every_class)
    events = events[np.argsort(events[:, 0], kind="stable")]
    cue = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    first, last = dataset.interval
    return Tasks(cue + first, cue + last, np.array(every_class)[events[:, 2] - 1])


def cut_windows(
    raw: mne.io.BaseRaw,
    dataset: ImageryTask,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    plan: PseudoOnline,
    like: EEGTrials,
) -> RecordingWindows | None:
    """Cut sliding windows over a whole recording, with the preprocessing of its trials.

    If the filters are causal, no sample of a window depends on samples after its end.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; not changed.
    dataset : ImageryTask
        A MOABB dataset, for the task interval and the unit.
    classes : sequence of str
        The classes that are evaluated.
    preprocessing : Preprocessing
        The steps of the trials.
    plan : PseudoOnline
        The time between windows, and how they are labelled.
    like : EEGTrials
        Trials of the dataset; windows get the same length and sampling frequency.

    Returns
    -------
    RecordingWindows or None
        Windows in temporal order, without those that are interrupted, marked bad, lack samples or
        exceed ``reject_uv``. ``None`` if there are none.

    Raises
    ------
    DataError, ConfigError
        See :func:`bci_dann.data.segmentation.cut_trials`.
    """
    sfreq, n_times = float(raw.info["sfreq"]), like.X.shape[2]
    n_samples = n_times
    if preprocessing.resample is not None:
        n_samples = _samples_for(n_times, preprocessing.resample / sfreq)
    step = max(1, round(plan.step * sfreq))
    starts = np.arange(0, raw.n_times - n_samples + 1, step)
    window = _WindowAsTask((0.0, (n_samples - 1) / sfreq), dataset.unit_factor, dataset.code)
    steps = preprocessing.model_copy(update={"window": (0.0, None), "rest_window": None})
    signals, kept, ch_names = [], [], like.ch_names
    for begin in range(0, len(starts), BATCH_SIZE):
        events = _events_at(starts[begin : begin + BATCH_SIZE] + raw.first_samp)
        cut = cut_events(raw, events, {EVENT: 1}, window, steps, n_times, screen=False)
        if cut.epochs is not None:
            signals.append(cut.epochs.get_data().astype(np.float32))
            kept.append(cut.cues.loc[cut.cues["left_out"] == "", "sample"].to_numpy())
            ch_names = list(cut.epochs.ch_names)
    if not signals:
        return None
    first = np.concatenate(kept)
    tasks = tasks_of(raw, dataset, classes)
    known_classes = [*classes, plan.idle]
    table = _labelled(first / sfreq, (first + n_samples - 1) / sfreq, tasks, plan, known_classes)
    is_evaluated = (table["label"] != OTHER).to_numpy()
    return RecordingWindows(
        np.concatenate(signals)[is_evaluated],
        ch_names,
        table[is_evaluated].reset_index(drop=True),
    )


@dataclass(frozen=True)
class _WindowAsTask:
    """A dataset whose task interval is a window, so that windows are cut in the same way as trials.

    See `ImageryTask` for the attributes.
    """

    interval: Sequence[float]
    unit_factor: float
    code: str


def _samples_for(n_times: int, ratio: float) -> int:
    """Return the number of samples before resampling that gives ``n_times`` samples after it."""
    nearest = round(n_times / ratio)
    candidates = (nearest, nearest - 1, nearest + 1)
    return next((n for n in candidates if round(n * ratio) == n_times), nearest)


def _events_at(samples: NDArray[np.int_]) -> NDArray[np.int_]:
    """Return MNE events with the code 1."""
    events = np.zeros((len(samples), 3), dtype=int)
    events[:, 0], events[:, 2] = samples, 1
    return events


def _labelled(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    tasks: Tasks,
    plan: PseudoOnline,
    classes: Sequence[str],
) -> pd.DataFrame:
    """Return the table of `RecordingWindows`, including windows with the label ``OTHER``."""
    share, best = tasks.shares(start, end)
    at_end = tasks.at(end)
    is_known = np.isin(tasks.label, list(classes))
    # windows without a task have the index -1, so an entry for them is appended to each array
    labels = np.append(np.where(is_known, tasks.label, OTHER), plan.idle)
    of_best = labels[np.where(share > 0, best, -1)]
    in_task = (share >= plan.task_share) | (of_best == OTHER)
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "label": np.where(in_task, of_best, plan.idle),
            "share": share,
            "task": np.append(np.where(is_known, tasks.label, ""), "")[at_end],
            "onset": np.append(np.where(is_known, tasks.start, np.nan), np.nan)[at_end],
        }
    )
