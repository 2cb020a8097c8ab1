"""Windows over one continuous recording, labelled by the task that they lie in or as idle."""

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

# So many windows are cut at a time, so that memory does not grow with the recording.
AT_A_TIME = 1000
# What windows are called as events; never seen outside of this module.
EVENT = "window"
# The label of windows that touch a task of a class that is not evaluated.
OTHER = ""


@dataclass(frozen=True)
class Tasks:
    """When which class was asked for in a recording.

    Parameters
    ----------
    start, end : ndarray, shape (n_tasks,)
        In seconds after the first sample, sorted by start.
    label : ndarray of str, shape (n_tasks,)
        The class; those that are not evaluated have one, too.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    label: NDArray[np.str_]

    def shares(
        self, start: NDArray[np.float64], end: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return how much of each window lies in the task that holds most of it.

        Parameters
        ----------
        start, end : ndarray, shape (n_windows,)
            Of the windows (s).

        Returns
        -------
        share : ndarray, shape (n_windows,)
            Of the window, or of the task where that is shorter; 0 where there is no task.
        task : ndarray of int, shape (n_windows,)
            The position of the task.
        """
        if not len(self.start):
            return np.zeros(len(start)), np.zeros(len(start), dtype=np.intp)
        overlap = np.minimum(end[:, None], self.end) - np.maximum(start[:, None], self.start)
        shorter = np.minimum((end - start)[:, None], self.end - self.start)
        share = np.clip(overlap / shorter, 0.0, 1.0)
        best = share.argmax(axis=1)
        return share[np.arange(len(start)), best], best

    def at(self, time: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the task that each time falls in.

        Parameters
        ----------
        time : ndarray, shape (n_times,)
            In seconds.

        Returns
        -------
        ndarray of int, shape (n_times,)
            The position of the task that began last; -1 where none lasts.
        """
        last = np.searchsorted(self.start, time, side="right") - 1
        lasts = (last >= 0) & (time <= np.append(self.end, -np.inf)[last])
        return np.where(lasts, last, -1)


@dataclass(frozen=True)
class RecordingWindows:
    """The windows of one recording.

    Parameters
    ----------
    signals : ndarray, shape (n_windows, n_chans, n_times)
        In the unit of the recording.
    ch_names : list of str
        The channels.
    table : pandas.DataFrame
        One row a window: ``start`` and ``end``, the times of its first and last sample (s after
        the first of the recording), ``label``, ``share``, the share of it that lies in a task, and
        of the task in which it ends ``task``, the class, and ``onset`` (s), empty and NaN where
        it ends in none. Windows of classes that are not evaluated are not among them.
    """

    signals: NDArray[np.float64]
    ch_names: list[str]
    table: pd.DataFrame


def tasks_of(raw: mne.io.BaseRaw, dataset: ImageryTask, classes: Sequence[str]) -> Tasks:
    """Return the tasks of a recording, those of classes that are not evaluated among them.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    dataset : ImageryTask
        Gives the task interval, and all classes.
    classes : sequence of str
        Those that are evaluated.

    Returns
    -------
    Tasks
        By the annotations of the recording.
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
    """Cut windows over a whole recording, by the steps of its trials.

    No sample of a window depends on samples after its end, where the filters are causal.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; it is left as it is.
    dataset : ImageryTask
        Gives the task interval and the unit; any MOABB dataset is one.
    classes : sequence of str
        The classes that are evaluated.
    preprocessing : Preprocessing
        The steps of the trials.
    plan : PseudoOnline
        Step and labels.
    like : EEGTrials
        Trials of the dataset, whose length and sampling frequency windows have.

    Returns
    -------
    RecordingWindows or None
        In the order of time; without those that are interrupted, marked bad, lack samples or
        exceed ``reject_uv``. ``None`` where there is none.

    Raises
    ------
    DataError, ConfigError
        As :func:`bci_dann.data.segmentation.cut_trials`.
    """
    sfreq, n_times = float(raw.info["sfreq"]), like.X.shape[2]
    n_samples = n_times
    if preprocessing.resample is not None:
        n_samples = _samples_for(n_times, preprocessing.resample / sfreq)
    step = max(1, round(plan.step * sfreq))
    starts = np.arange(0, raw.n_times - n_samples + 1, step)
    task = _WindowTask((0.0, (n_samples - 1) / sfreq), dataset.unit_factor, dataset.code)
    steps = preprocessing.model_copy(update={"window": (0.0, None), "rest_window": None})
    signals, kept, ch_names = [], [], like.ch_names
    for begin in range(0, len(starts), AT_A_TIME):
        events = np.zeros((len(starts[begin : begin + AT_A_TIME]), 3), dtype=int)
        events[:, 0] = starts[begin : begin + AT_A_TIME] + raw.first_samp
        events[:, 2] = 1
        cut = cut_events(raw, events, {EVENT: 1}, task, steps, n_times, screen=False)
        if cut.epochs is not None:
            signals.append(cut.epochs.get_data())
            kept.append(cut.cues.loc[cut.cues["left_out"] == "", "sample"].to_numpy())
            ch_names = list(cut.epochs.ch_names)
    if not signals:
        return None
    first = np.concatenate(kept)
    tasks = tasks_of(raw, dataset, classes)
    known_classes = [*classes, plan.idle]
    table = _labelled(first / sfreq, (first + n_samples - 1) / sfreq, tasks, plan, known_classes)
    known = (table["label"] != OTHER).to_numpy()
    return RecordingWindows(
        np.concatenate(signals)[known], ch_names, table[known].reset_index(drop=True)
    )


@dataclass(frozen=True)
class _WindowTask:
    """The interval of a window in the place of that of a task."""

    interval: Sequence[float]
    unit_factor: float
    code: str


def _samples_for(n_times: int, ratio: float) -> int:
    """Return how many samples become ``n_times`` when they are resampled; nothing is added."""
    nearest = round(n_times / ratio)
    candidates = (nearest, nearest - 1, nearest + 1)
    return next((n for n in candidates if round(n * ratio) == n_times), nearest)


def _labelled(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    tasks: Tasks,
    plan: PseudoOnline,
    classes: Sequence[str],
) -> pd.DataFrame:
    share, best = tasks.shares(start, end)
    within = tasks.at(end)
    # the entry at the end is that of windows in no task
    is_known = np.isin(tasks.label, list(classes))
    labels = np.append(np.where(is_known, tasks.label, OTHER), plan.idle)
    of_best = labels[np.where(share > 0, best, -1)]
    in_task = (share >= plan.task_share) | (of_best == OTHER)
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "label": np.where(in_task, of_best, plan.idle),
            "share": share,
            "task": np.append(np.where(is_known, tasks.label, ""), "")[within],
            "onset": np.append(np.where(is_known, tasks.start, np.nan), np.nan)[within],
        }
    )
