"""Trials of a dataset with the windows over its recordings, one subject at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.extraction import ExtractedRecording, extract_trials
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.subset import Subset
from bci_dann.data.trials import METADATA_COLUMNS, EEGTrials
from bci_dann.data.windows.pseudo_online import PseudoOnline
from bci_dann.data.windows.sliding_windows import RecordingWindows, cut_windows
from bci_dann.data.windows.window_table import KIND, TRIAL, WINDOW
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["extract_with_windows"]


def extract_with_windows(
    dataset: BaseDataset,
    subset: Subset,
    preprocessing: Preprocessing,
    plan: PseudoOnline,
    progress: bool = False,
) -> Iterator[EEGTrials]:
    """Yield the trials of each selected subject, followed by the windows over its recordings.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subset : Subset
        The subjects, sessions and classes to extract.
    preprocessing : Preprocessing
        The steps; their filters should be causal.
    plan : PseudoOnline
        The time between windows, and how they are labelled.
    progress : bool
        Show a progress bar on the standard error stream.

    Yields
    ------
    EEGTrials
        All rows of one subject (µV): trials in temporal order, and then windows. If idle time is a
        class without cues, idle trials are among the trials. The metadata have additional columns:
        see :func:`bci_dann.data.windows.window_table.separated`.

    Raises
    ------
    DataError
        See :func:`bci_dann.data.extraction.extract_trials`; also when idle time is a class without
        cues, and no segment between the tasks is as long as a window.
    """
    collector = _WindowCollector(dataset, subset, preprocessing, plan)
    for trials in extract_trials(
        dataset, subset, preprocessing, progress, observe=collector.observe
    ):
        yield collector.joined(trials)


@dataclass
class _WindowCollector:
    """Collects windows, idle trials and times of trials of one subject, recording by recording."""

    dataset: BaseDataset
    subset: Subset
    preprocessing: Preprocessing
    plan: PseudoOnline
    like: EEGTrials | None = None
    times: list[pd.DataFrame] = field(default_factory=list)
    windows: list[EEGTrials] = field(default_factory=list)
    idle: list[EEGTrials] = field(default_factory=list)

    def observe(self, one: ExtractedRecording) -> None:
        """Cut the windows of a recording whose trials have been cut."""
        self.like = self.like or one.trials
        if self.like is None:
            return
        if one.trials is not None:
            self.times.append(self._times_of(one, one.trials))
        cut = cut_windows(
            one.raw, self.dataset, self.subset.classes, self.preprocessing, self.plan, self.like
        )
        if cut is None:
            return
        rows = self._as_trials(cut, one, self.like)
        self.windows.append(rows)
        if self.plan.idle not in self.subset.classes:
            n_idle = 0 if one.trials is None else len(one.trials) / len(self.subset.classes)
            positions = _spaced_idle_windows(cut.table, round(n_idle))
            self.idle.append(_as_idle_trials(rows, positions, self.plan.idle))

    def joined(self, trials: EEGTrials) -> EEGTrials:
        """Return all rows of the subject, and clear the collection for the next subject."""
        times = pd.concat(self.times, ignore_index=True)
        metadata = pd.concat([trials.metadata[list(METADATA_COLUMNS)], times], axis=1)
        timed = EEGTrials.trusted(trials.X, trials.y, metadata, trials.info)
        with_idle = _in_temporal_order(EEGTrials.concatenate([timed, *self.idle]))
        if self.plan.idle not in np.asarray(with_idle.y):
            raise DataError(self._no_idle_message(trials))
        rows = EEGTrials.concatenate([with_idle, *self.windows])
        self.times, self.windows, self.idle = [], [], []
        return EEGTrials.trusted(rows.X, rows.y, rows.metadata, rows.info, trials.account)

    def _no_idle_message(self, trials: EEGTrials) -> str:
        seconds = (trials.X.shape[2] - 1) / trials.sfreq
        return (
            f"subject {trials.subjects[0]} has no segment of {seconds:g} s, the length of a "
            f"window, between its tasks, so there are no trials for the class "
            f"{self.plan.idle!r}. Shorten preprocessing `window`, or set `pseudo_online.idle` to a "
            "class that has cues, such as rest."
        )

    def _times_of(self, one: ExtractedRecording, trials: EEGTrials) -> pd.DataFrame:
        """Return the times of the trials of a recording, which are in the order of their cues."""
        from bci_dann.data.segmentation import trial_limits

        used = one.cues[one.cues["left_out"] == ""].sort_values("sample")
        cue = used["sample"].to_numpy() / one.raw.info["sfreq"]
        start, _ = trial_limits(self.dataset, self.preprocessing)
        end = cue + start + (trials.X.shape[2] - 1) / trials.sfreq
        task = cue + self.dataset.interval[0]
        return _time_columns(TRIAL, cue + start, end, np.asarray(trials.y), task)

    def _as_trials(
        self, cut: RecordingWindows, one: ExtractedRecording, like: EEGTrials
    ) -> EEGTrials:
        order = [cut.ch_names.index(name) for name in like.ch_names]
        signals = (cut.signals[:, order] * self.dataset.unit_factor).astype(np.float32)
        row = {
            "subject": str(one.provenance.subject),
            "session": one.provenance.session,
            "run": one.provenance.run,
        }
        table = cut.table
        of_task, onset = table["task"].to_numpy(dtype=str), table["onset"].to_numpy()
        times = _time_columns(
            WINDOW, table["start"].to_numpy(), table["end"].to_numpy(), of_task, onset
        )
        metadata = pd.concat([pd.DataFrame([row] * len(table)), times], axis=1)
        labels = table["label"].to_numpy(dtype=str)
        return EEGTrials.trusted(signals, labels, metadata, like.info)


def _time_columns(
    kind: str,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    task: NDArray[np.str_],
    onset: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the columns of times as text, because prepared trials store metadata as text."""
    columns = {"start": start, "end": end, "onset": onset}
    texts = {
        name: ["" if np.isnan(value) else f"{value:.6f}" for value in values]
        for name, values in columns.items()
    }
    return pd.DataFrame({KIND: kind, **texts, "task": task.astype(object)})


def _spaced_idle_windows(table: pd.DataFrame, n_wanted: int) -> NDArray[np.intp]:
    """Return at most ``n_wanted`` windows without overlap with a task or each other, spread out."""
    apart, free_from = [], -np.inf
    for position in np.flatnonzero(table["share"].to_numpy() == 0):
        if table["start"].iat[position] > free_from:
            apart.append(position)
            free_from = table["end"].iat[position]
    count = min(n_wanted, len(apart))
    chosen = np.linspace(0, max(len(apart) - 1, 0), count).round().astype(int)
    return np.array(apart, dtype=np.intp)[chosen]


def _as_idle_trials(windows: EEGTrials, positions: NDArray[np.intp], name: str) -> EEGTrials:
    chosen = windows[positions]
    metadata = chosen.metadata.assign(**{KIND: TRIAL})
    labels = np.full(len(chosen), name)
    return EEGTrials.trusted(chosen.X, labels, metadata, chosen.info)


def _in_temporal_order(trials: EEGTrials) -> EEGTrials:
    """Sort the trials of each recording by their start; recordings keep their order."""
    metadata = trials.metadata
    recordings = metadata["session"].astype(str) + "\0" + metadata["run"].astype(str)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(recordings))}
    order = np.lexsort((metadata["start"].astype(float), recordings.map(numbers)))
    return trials[order]
