"""Rest windows between the trials of a recording, in which the subject has no task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import mne
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.screening.cues import REASONS
from bci_dann.data.segmentation import (
    CutTrials,
    ImageryTask,
    cue_events,
    cut_trials,
    trial_limits,
)
from bci_dann.data.signal_checks import FLAT_UV
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["RestWindows", "cut_rest_windows", "rest_sentence", "rest_steps"]

# Reason for a missing rest window, in addition to the reasons for rejected cues.
OVERLAPS = "overlaps"
# Permitted overlap of a rest window with a task (s): more than the rounding of cues to whole
# samples at 125 Hz.
OVERLAP_TOLERANCE_S = 0.01
# Tolerance of the number of samples, for rounding errors of the product of time and frequency.
SAMPLES_TOLERANCE = 0.01


@dataclass(frozen=True)
class RestWindows:
    """The rest windows of the trials of one recording.

    Parameters
    ----------
    signals : ndarray, shape (n_trials, n_chans, n_times)
        Rest windows in the unit of the recording; NaN for a trial without one.
    ch_names : list of str
        The channels.
    cues : pandas.DataFrame
        All cues of the recording with an additional column ``rest``: the reason why a trial has no
        rest window, ``""`` for a trial with one, ``None`` for a rejected cue.
    """

    signals: NDArray[np.float64]
    ch_names: list[str]
    cues: pd.DataFrame

    def in_microvolt(self, ch_names: Sequence[str], unit_factor: float) -> NDArray[np.float32]:
        """Return the signals of the given channels in microvolt.

        Parameters
        ----------
        ch_names : sequence of str
            The channels, in the order of the result.
        unit_factor : float
            Microvolt per unit of the recording.

        Returns
        -------
        ndarray, shape (n_trials, n_chans, n_times)
            Rest windows (µV).
        """
        order = [self.ch_names.index(name) for name in ch_names]
        return (self.signals[:, order] * unit_factor).astype(np.float32)


def rest_steps(
    dataset: ImageryTask, preprocessing: Preprocessing, task_start: float | None = None
) -> Preprocessing | None:
    """Return the preprocessing steps for rest windows instead of trials.

    Parameters
    ----------
    dataset : ImageryTask
        A MOABB dataset, for the task interval.
    preprocessing : Preprocessing
        The steps for the trials.
    task_start : float or None
        Start of the task after the cue (s); by default that of the dataset.

    Returns
    -------
    Preprocessing or None
        ``None`` if there are no rest windows.

    Raises
    ------
    ConfigError
        When the rest window overlaps the task of its own trial.
    """
    window = preprocessing.rest_window
    if window is None:
        return None
    steps = preprocessing.model_copy(update={"window": window, "rest_window": None})
    start, end = trial_limits(dataset, steps)
    first, last = _task_extent(dataset, preprocessing, task_start)
    if start < last and first < end:
        origin = start - window[0]
        raise ConfigError(
            f"preprocessing.rest_window [{window[0]:g}, {window[1]:g}] s overlaps the task and "
            f"trial, which last from {first - origin:g} to {last - origin:g} s: end it before the "
            "task, as [-2.5, -0.5], or start it after."
        )
    return steps


def cut_rest_windows(
    raw: mne.io.BaseRaw,
    dataset: ImageryTask,
    classes: list[str],
    preprocessing: Preprocessing,
    cut: CutTrials,
    screen: bool = True,
    task_start: float | None = None,
) -> RestWindows | None:
    """Cut the rest window of each trial of a recording, with the same steps as for trials.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; not changed.
    dataset : ImageryTask
        A MOABB dataset, for the task interval and the unit.
    classes : list of str
        The classes of the trials.
    preprocessing : Preprocessing
        The steps.
    cut : CutTrials
        The result of :func:`~bci_dann.data.segmentation.cut_trials` for this recording.
    screen : bool
        See :func:`~bci_dann.data.segmentation.cut_trials`.
    task_start : float or None
        See :func:`rest_steps`.

    Returns
    -------
    RestWindows or None
        ``None`` if the preprocessing has no rest window, or the recording no trials. A window is
        left out if it overlaps a task of any class in the recording, extends beyond the recording,
        is interrupted, or has a flat channel.

    Raises
    ------
    DataError
        See :func:`~bci_dann.data.segmentation.cut_trials`.
    ConfigError
        See :func:`rest_steps`.
    """
    steps = rest_steps(dataset, preprocessing, task_start)
    if steps is None or cut.epochs is None:
        return None
    limits = trial_limits(dataset, steps)
    sfreq = raw.info["sfreq"]
    try:
        at_rest = cut_trials(raw, dataset, classes, steps, screen=screen)
    except DataError as error:
        raise DataError(f"in the rest windows, {error}") from error
    samples = cut.cues.loc[cut.cues["left_out"] == "", "sample"].to_numpy()
    outcome = dict(zip(at_rest.cues["sample"], at_rest.cues["left_out"], strict=True))
    reasons = np.array([outcome[sample] for sample in samples], dtype=object)
    every_class = list(dict.fromkeys([*classes, *getattr(dataset, "event_id", {})]))
    tasks = cue_events(raw, dataset, every_class)[0][:, 0] - raw.first_samp
    extent = _task_extent(dataset, preprocessing, task_start)
    reasons[_overlaps(samples / sfreq, limits, tasks / sfreq, extent)] = OVERLAPS
    n_times = _n_samples(limits, sfreq, steps.resample)
    windows = np.full((len(samples), len(cut.epochs.ch_names), n_times), np.nan)
    windows[reasons == ""] = _at_cues(at_rest, samples[reasons == ""])[:, :, :n_times]
    flat = (windows.std(axis=2) * dataset.unit_factor < FLAT_UV).any(axis=1)
    reasons[flat], windows[flat] = "flat", np.nan
    ch_names = (at_rest.epochs or cut.epochs).ch_names
    of_trials = pd.DataFrame({"sample": samples, "rest": reasons})
    return RestWindows(windows, ch_names, cut.cues.merge(of_trials, on="sample", how="left"))


def rest_sentence(reasons: Iterable[str]) -> str:
    """Return why trials have no rest window, as text.

    Parameters
    ----------
    reasons : iterable of str
        One for each trial; ``""`` for a trial with a rest window.

    Returns
    -------
    str
        For example ``"12: it overlaps a trial"``; empty if all trials have one.
    """
    counts = Counter(reasons)
    sentences = {OVERLAPS: "it overlaps a trial", **REASONS}
    return "; ".join(
        f"{counts[reason]}: {sentence.replace('the trial', 'it')}"
        for reason, sentence in sentences.items()
        if counts[reason]
    )


def _task_extent(
    dataset: ImageryTask, preprocessing: Preprocessing, task_start: float | None
) -> tuple[float, float]:
    """Return start and end of the union of task and trial, relative to the cue (s)."""
    start, end = trial_limits(dataset, preprocessing)
    first = dataset.interval[0] if task_start is None else task_start
    return min(start, first), max(end, dataset.interval[1])


def _n_samples(limits: tuple[float, float], sfreq: float, resample: float | None) -> int:
    """Return the number of samples of a rest window.

    After resampling, windows have at least this number of samples, whatever the sampling frequency
    of the recording was; further samples are removed.
    """
    start, end = limits
    if resample is not None:
        return int((end - start) * resample + SAMPLES_TOLERANCE)
    return round(end * sfreq) - round(start * sfreq) + 1


def _overlaps(
    cues: NDArray[np.float64],
    window: tuple[float, float],
    tasks: NDArray[np.float64],
    extent: tuple[float, float],
) -> NDArray[np.bool_]:
    """Return which cues (s) have a window that overlaps a task; both are relative to cues (s)."""
    starts, ends = (cues[:, None] + edge for edge in window)
    first, last = (tasks + edge for edge in extent)
    is_overlap = (starts < last - OVERLAP_TOLERANCE_S) & (first < ends - OVERLAP_TOLERANCE_S)
    return np.asarray(is_overlap.any(axis=1))


def _at_cues(cut: CutTrials, samples: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the windows at the given cues."""
    if cut.epochs is None:
        return np.empty((0, 1, 1))
    kept = cut.cues.loc[cut.cues["left_out"] == "", "sample"].to_numpy()
    windows: NDArray[np.float64] = cut.epochs.get_data()[np.searchsorted(kept, samples)]
    return windows
