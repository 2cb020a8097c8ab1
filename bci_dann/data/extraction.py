"""Trials of one subject after another, checked for what later steps rely on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
import pandas as pd

from bci_dann._validation import did_you_mean
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.segmentation import cut_trials
from bci_dann.data.signal_checks import check_signals
from bci_dann.data.subset import Subset
from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import BCIDannError, ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = ["subject_by_subject"]


@dataclass(frozen=True)
class _Place:
    """Where trials come from."""

    subject: Any
    session: str
    run: str
    file: str

    def __str__(self) -> str:
        file = f" ({self.file})" if self.file else ""
        return f"subject {self.subject}, session {self.session}, run {self.run}{file}"


def subject_by_subject(
    dataset: BaseDataset,
    selection: Subset,
    preprocessing: Preprocessing,
    progress: bool = False,
) -> Iterator[EEGTrials]:
    """Yield the trials of each selected subject, all on the same channels and time axis.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    selection : Subset
        What to load of it.
    preprocessing : Preprocessing
        The steps.
    progress : bool
        Show a progress bar on the standard error stream.

    Yields
    ------
    EEGTrials

    Raises
    ------
    DataError
        When a recording cannot be read, is not EEG in microvolt, differs from the first
        in channels or length, or a subject lacks a class.
    """
    like: EEGTrials | None = None
    for subject in _shown(selection.subjects, dataset.code, progress):
        runs = []
        for place, raw in _runs(dataset, subject, selection):
            trials = _trials(raw, dataset, selection, preprocessing, place, like)
            if trials is not None:
                like = like or trials
                runs.append(trials)
        yield _joined(runs, subject, selection, preprocessing)


def _shown(subjects: list[Any], title: str, progress: bool) -> Iterable[Any]:
    if not progress:
        return subjects
    from rich.console import Console
    from rich.progress import track

    return track(subjects, description=f"Preparing {title}", console=Console(stderr=True))


def _runs(
    dataset: BaseDataset, subject: Any, selection: Subset
) -> Iterator[tuple[_Place, mne.io.BaseRaw]]:
    sessions = _load(dataset, subject)
    wanted = selection.sessions_of(list(sessions))
    if not wanted:
        asked = selection.sessions if isinstance(selection.sessions, list) else []
        guess = did_you_mean(asked[0], sessions) if asked else ""
        raise DataError(
            f"subject {subject} of {dataset.code} has none of the sessions {asked}.{guess} "
            f"It has {', '.join(sessions) or 'none'}."
        )
    file_of = getattr(dataset, "file_of", None)
    for session in wanted:
        for run, raw in sessions[session].items():
            file = str(file_of(subject, session, run)) if file_of else ""
            yield _Place(subject, session, run, file), raw


def _load(dataset: BaseDataset, subject: Any) -> dict[str, dict[str, mne.io.BaseRaw]]:
    try:
        sessions: dict[str, dict[str, mne.io.BaseRaw]] = dataset.get_data([subject])[subject]
    except BCIDannError:
        raise
    except Exception as error:  # downloads and readers fail in many ways
        raise DataError(
            f"subject {subject} of {dataset.code} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return sessions


def _trials(
    raw: mne.io.BaseRaw,
    dataset: BaseDataset,
    selection: Subset,
    preprocessing: Preprocessing,
    place: _Place,
    like: EEGTrials | None,
) -> EEGTrials | None:
    try:
        n_times = None if like is None else like.X.shape[2]
        epochs = cut_trials(raw, dataset, selection.classes, preprocessing, n_times)
        if epochs is None:
            return None
        if like is not None:
            epochs = _same_channels(epochs, like)
        return _as_trials(epochs, dataset.unit_factor, place)
    except (DataError, ConfigError) as error:
        raise type(error)(f"{place}: {error}") from error


def _same_channels(epochs: mne.Epochs, like: EEGTrials) -> mne.Epochs:
    """Bring the channels into the order of the first recording, where they are the same."""
    missing = [name for name in like.ch_names if name not in epochs.ch_names]
    extra = [name for name in epochs.ch_names if name not in like.ch_names]
    if missing or extra:
        raise DataError(
            "the channels differ from those of the first recording: "
            f"missing {missing or 'none'}, extra {extra or 'none'}. "
            "List the common channels in preprocessing `channels`."
        )
    if epochs.info["sfreq"] != like.sfreq or len(epochs.times) != like.X.shape[2]:
        raise DataError(
            f"trials have {len(epochs.times)} samples at {epochs.info['sfreq']:g} Hz, those of "
            f"the first recording {like.X.shape[2]} at {like.sfreq:g} Hz. "
            "Set preprocessing `resample` to a common sampling frequency."
        )
    return epochs.reorder_channels(like.ch_names)


def _as_trials(epochs: mne.Epochs, unit_factor: float, place: _Place) -> EEGTrials:
    names = {code: name for name, code in epochs.event_id.items()}
    signals = (epochs.get_data() * unit_factor).astype(np.float32)
    check_signals(signals, epochs.ch_names)
    row = {"subject": str(place.subject), "session": place.session, "run": place.run}
    return EEGTrials.trusted(
        X=signals,
        y=np.array([names[code] for code in epochs.events[:, 2]]),
        metadata=pd.DataFrame([row] * len(signals)),
        info=_bare_info(epochs),
    )


def _bare_info(epochs: mne.Epochs) -> mne.Info:
    """Keep names, positions and sampling frequency, and nothing about the person."""
    info = mne.create_info(epochs.ch_names, epochs.info["sfreq"], "eeg")
    montage = epochs.get_montage()
    if montage is not None:
        info.set_montage(montage, on_missing="ignore", verbose="error")
    return info


def _joined(
    runs: list[EEGTrials], subject: Any, selection: Subset, preprocessing: Preprocessing
) -> EEGTrials:
    if not runs:
        raise DataError(f"subject {subject} has no trials left.{_rejection_advice(preprocessing)}")
    labels = np.concatenate([run.y for run in runs if run.y is not None])
    for name in selection.classes:
        if name not in labels:
            raise DataError(
                f"subject {subject} has no trials of the class {name!r}."
                f"{_rejection_advice(preprocessing)} Leave the subject out with `subjects`, "
                "or the class with `classes`."
            )
    return EEGTrials.trusted(
        X=np.concatenate([run.X for run in runs]),
        y=labels,
        metadata=pd.concat([run.metadata for run in runs], ignore_index=True),
        info=runs[0].info,
    )


def _rejection_advice(preprocessing: Preprocessing) -> str:
    if preprocessing.reject_uv is None:
        return " Check that the events and `window` lie within the recording."
    return f" Raise reject_uv, which is {preprocessing.reject_uv:g} µV."
