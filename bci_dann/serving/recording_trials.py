"""Trials of single recordings, cut exactly as the model's training trials were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.recording_paths import bids_events_path, recording_name
from bci_dann.data.segmentation import cut_trials
from bci_dann.exceptions import ConfigError, DataError
from bci_dann.serving.model_recipe import Recipe

if TYPE_CHECKING:
    import mne

    from bci_dann.data import EEGTrials

__all__ = ["CutRecording", "cut_recording"]

# One person at a time is served, so the name only has to differ from the sources'.
NEW_SUBJECT = "new"
UV_PER_VOLT = 1e6


@dataclass(frozen=True, eq=False)
class CutRecording:
    """The trials of one recording and where they lie in it.

    Parameters
    ----------
    trials : EEGTrials
        Without labels; the recording is the session.
    onsets : ndarray, shape (n_trials,)
        Time of each trial's event after the start of the recording (s).
    events : ndarray of str, shape (n_trials,)
        The class, or the cue, that each event names.
    """

    trials: EEGTrials
    onsets: NDArray[np.float64]
    events: NDArray[np.str_]


@dataclass(frozen=True)
class _Task:
    """What cutting wants to know of a dataset, with events counted from the event itself."""

    interval: tuple[float, float]
    unit_factor: float = UV_PER_VOLT
    code: str = "the recording"


def cut_recording(
    path: Path, recipe: Recipe, cues: Sequence[str] = (), n_times: int | None = None
) -> CutRecording:
    """Read one recording and cut its trials.

    Parameters
    ----------
    path : pathlib.Path
        A file that MNE reads.
    recipe : Recipe
        Of the model that the trials are for.
    cues : sequence of str
        Annotations at which trials start; empty for those of training.
    n_times : int or None
        Samples of a trial that the model was trained on.

    Returns
    -------
    CutRecording

    Raises
    ------
    DataError
        When the file is missing or damaged, or has no such trials.
    """
    from bci_dann.data.recordings.reading import read_recording

    if not path.exists():
        raise DataError(f"there is no recording {path}.")
    layout = _layout(recipe, cues, path)
    raw = read_recording(path, layout)
    epochs = _epochs(raw, path, recipe, layout, n_times)
    onsets = (epochs.events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    names = {code: name for name, code in epochs.event_id.items()}
    events = np.array([names[code] for code in epochs.events[:, 2]])
    return CutRecording(_as_trials(epochs, path), onsets, events)


def _layout(recipe: Recipe, cues: Sequence[str], path: Path) -> RecordingsLayout:
    """Keep the events of the model's classes, or take the user's cues in their place.

    A recording with BIDS events beside it is read as such by a model of BIDS data; any
    other file is read as the file that it is.
    """
    known = {key: name for key, name in recipe.layout.events.items() if name in recipe.classes}
    events = {cue: known.get(cue, cue) for cue in cues} or known
    in_bids = recipe.layout.format == "bids" and bids_events_path(path).is_file()
    place = {} if in_bids else {"format": "files", "pattern": "{subject}"}
    return recipe.layout.model_copy(update={"events": events, **place})


def _epochs(
    raw: mne.io.BaseRaw, path: Path, recipe: Recipe, layout: RecordingsLayout, n_times: int | None
) -> Any:
    start, end = layout.interval
    try:
        epochs = cut_trials(
            raw,
            _Task((0.0, end)),
            layout.classes,
            _from_the_event(recipe, start, raw.info["sfreq"]),
            n_times,
        )
    except (DataError, ConfigError) as error:
        raise type(error)(f"{path}: {error}") from error
    if epochs is None:
        wanted = ", ".join(layout.events)
        raise DataError(
            f"{path} has no trials: none of the events {wanted} lies within it. "
            "Name the annotations that start a trial with --cue."
        )
    return epochs


def _from_the_event(recipe: Recipe, start: float, sfreq: float) -> Preprocessing:
    """Count the window from the event, not from the task, which starts after it."""
    first, last = recipe.preprocessing.window
    window = (first + start, None if last is None else last + start)
    resample = recipe.preprocessing.resample or (recipe.sfreq if sfreq != recipe.sfreq else None)
    return recipe.preprocessing.model_copy(update={"window": window, "resample": resample})


def _as_trials(epochs: mne.Epochs, path: Path) -> EEGTrials:
    import pandas as pd

    from bci_dann.data import EEGTrials

    row = {"subject": NEW_SUBJECT, "session": recording_name(path), "run": "0"}
    signals = (epochs.get_data() * UV_PER_VOLT).astype(np.float32)
    try:
        return EEGTrials(signals, None, pd.DataFrame([row] * len(signals)), epochs.info)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
