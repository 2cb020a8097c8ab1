"""Extraction of checked trials from the recordings of a dataset, one subject at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
import pandas as pd

from bci_dann.data.preparation.subject_recordings import Provenance, recordings_of
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.data.screening.cues import account_of, left_out_sentence, with_outcome
from bci_dann.data.screening.dataset_checks import RecordingComparison
from bci_dann.data.screening.rest_windows import (
    RestWindows,
    cut_rest_windows,
    rest_sentence,
)
from bci_dann.data.segmentation import CutTrials, cut_trials, same_sfreq
from bci_dann.data.signal_checks import check_signals
from bci_dann.data.subset import Subset
from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import ConfigError, DataError

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

__all__ = [
    "Accounts",
    "ExtractedRecording",
    "check_subject",
    "extract_recordings",
    "extract_trials",
    "with_progress",
]

# Changes a recording, for example its channels, before trials are cut.
Change = Callable[[mne.io.BaseRaw], mne.io.BaseRaw]

# Subject, session, run and file of each recording, and its cues.
Accounts = list[tuple[dict[str, str], pd.DataFrame]]


@dataclass(frozen=True)
class ExtractedRecording:
    """A recording and its trials.

    Parameters
    ----------
    provenance : Provenance
        Subject, session, run and file.
    raw : mne.io.Raw
        The recording as the dataset returns it.
    cues : pandas.DataFrame
        All cues; see :func:`bci_dann.data.screening.cues.cue_table`.
    trials : EEGTrials or None
        Its trials; ``None`` if there are none.
    typical_uv : float
        Typical amplitude in the pass band (µV).
    """

    provenance: Provenance
    raw: mne.io.BaseRaw
    cues: pd.DataFrame
    trials: EEGTrials | None
    typical_uv: float


def extract_trials(
    dataset: BaseDataset,
    subset: Subset,
    preprocessing: Preprocessing,
    progress: bool = False,
    reference: EEGTrials | None = None,
    change: Change | None = None,
    observe: Callable[[ExtractedRecording], None] | None = None,
) -> Iterator[EEGTrials]:
    """Yield the trials of each selected subject, all with the same channels and samples.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subset : Subset
        The subjects, sessions and classes to extract.
    preprocessing : Preprocessing
        The steps.
    progress : bool
        Show a progress bar on the standard error stream.
    reference : EEGTrials or None
        Trials with the required channels and samples; by default those of the first
        recording.
    change : callable, optional
        Called with each recording; returns the recording from which trials are cut.
    observe : callable, optional
        Called with each recording after its trials are cut.

    Yields
    ------
    EEGTrials
        All trials of one subject (µV).

    Raises
    ------
    DataError
        When a recording cannot be read, is not EEG in microvolt, or differs from the first
        in channels or length of trials, or a subject lacks a class.
    """
    comparison = RecordingComparison()
    for subject in with_progress(subset.subjects, dataset.code, progress):
        runs: list[EEGTrials] = []
        accounts: Accounts = []
        for one in extract_recordings(dataset, subject, subset, preprocessing, reference, change):
            accounts.append((one.provenance.place, one.cues))
            if observe is not None:
                observe(one)
            if one.trials is None:
                continue
            if hasattr(dataset, "cues"):
                comparison.add(str(one.provenance), one.trials, one.typical_uv)
            reference = reference or one.trials
            runs.append(one.trials)
        check_subject(subject, accounts, subset, preprocessing)
        yield _subject_trials(runs, account_of(accounts))


def extract_recordings(
    dataset: BaseDataset,
    subject: Any,
    subset: Subset,
    preprocessing: Preprocessing,
    reference: EEGTrials | None = None,
    change: Change | None = None,
) -> Iterator[ExtractedRecording]:
    """Yield the recordings of one subject with their trials.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
        The dataset.
    subject : int or str
        One of its subjects.
    subset : Subset
        The sessions and classes to extract.
    preprocessing : Preprocessing
        The steps.
    reference : EEGTrials or None
        Trials with the required channels and samples; by default those of the first
        recording.
    change : callable, optional
        Called with each recording; returns the recording from which trials are cut.

    Yields
    ------
    ExtractedRecording
        Recordings in the order of sessions and runs.

    Raises
    ------
    DataError, ConfigError
        See :func:`extract_trials`.
    """
    for provenance, recorded in recordings_of(dataset, subject, subset):
        raw = recorded if change is None else _changed(recorded, change, provenance)
        cut, cues, rest = _cut(raw, dataset, subset, preprocessing, provenance, reference)
        trials = None
        if cut.epochs is not None:
            trials = _trials(cut.epochs, dataset, provenance, reference, rest)
            reference = reference or trials
        yield ExtractedRecording(provenance, raw, cues, trials, cut.typical_uv)


def check_subject(
    subject: Any, accounts: Accounts, subset: Subset, preprocessing: Preprocessing
) -> None:
    """Raise an error if the trials of a subject cannot be used.

    Parameters
    ----------
    subject : int or str
        The subject.
    accounts : list of (dict of str to str, pandas.DataFrame)
        Subject, session, run and file of each of its recordings, and all cues.
    subset : Subset
        With the classes that are needed.
    preprocessing : Preprocessing
        The steps.

    Raises
    ------
    DataError
        When there is no trial, or none of a class, or a session lacks rest windows.
    """
    _check_rest(accounts, preprocessing)
    cues = pd.concat([of_recording for _, of_recording in accounts])
    reasons = left_out_sentence(cues["left_out"].value_counts().to_dict())
    found = f" Of {len(cues)} cues were left out {reasons}." if reasons else ""
    recorded, used = set(cues["label"]), set(cues.loc[cues["left_out"] == "", "label"])
    advice = _no_trials_advice(preprocessing)
    if not used:
        raise DataError(f"subject {subject} has no trials left.{found}{advice}")
    for name in subset.classes:
        if name in used:
            continue
        if name not in recorded:
            advice = " Its recordings have no event of this class: check how events are spelt."
        raise DataError(
            f"subject {subject} has no trials of the class {name!r}.{found}{advice} Leave the "
            "subject out with `subjects`, or the class with `classes`."
        )


def with_progress(
    subjects: list[Any], title: str, progress: bool, verb: str = "Preparing"
) -> Iterable[Any]:
    """Iterate over subjects, optionally with a progress bar on the standard error stream.

    Parameters
    ----------
    subjects : list
        The subjects.
    title : str
        The name of the dataset.
    progress : bool
        Whether to show the bar.
    verb : str
        First word of the description.

    Returns
    -------
    iterable
        The subjects.
    """
    if not progress:
        return subjects
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    return track(subjects, description=escape(f"{verb} {title}"), console=Console(stderr=True))


def _changed(raw: mne.io.BaseRaw, change: Change, provenance: Provenance) -> mne.io.BaseRaw:
    try:
        return change(raw)
    except DataError as error:
        raise DataError(f"{provenance}: {error}") from error


def _cut(
    raw: mne.io.BaseRaw,
    dataset: BaseDataset,
    subset: Subset,
    preprocessing: Preprocessing,
    provenance: Provenance,
    reference: EEGTrials | None,
) -> tuple[CutTrials, pd.DataFrame, RestWindows | None]:
    """Return the trials, the table of all cues and the rest windows of one recording."""
    recorded_cues = getattr(dataset, "cues", None)
    n_times = None if reference is None else reference.X.shape[2]
    screen = recorded_cues is not None
    try:
        cut = cut_trials(raw, dataset, subset.classes, preprocessing, n_times, screen)
        rest = cut_rest_windows(raw, dataset, subset.classes, preprocessing, cut, screen)
    except (DataError, ConfigError) as error:
        raise type(error)(f"{provenance}: {error}") from error
    of_cut = cut.cues if rest is None else rest.cues
    if recorded_cues is None:
        return cut, of_cut, rest
    cues = recorded_cues(provenance.subject, provenance.session, provenance.run)
    return cut, with_outcome(cues[cues["label"].isin(subset.classes)], of_cut), rest


def _trials(
    epochs: mne.Epochs,
    dataset: BaseDataset,
    provenance: Provenance,
    reference: EEGTrials | None,
    rest: RestWindows | None,
) -> EEGTrials:
    """Return the trials of one recording, with the channels and samples of ``reference``."""
    try:
        if reference is not None:
            epochs = _matched(epochs, reference)
        return _as_trials(epochs, dataset.unit_factor, provenance, rest)
    except DataError as error:
        raise DataError(f"{provenance}: {error}") from error


def _matched(epochs: mne.Epochs, reference: EEGTrials) -> mne.Epochs:
    """Reorder the channels as in ``reference``; raise an error if channels or samples differ."""
    missing = [name for name in reference.ch_names if name not in epochs.ch_names]
    extra = [name for name in epochs.ch_names if name not in reference.ch_names]
    if missing or extra:
        raise DataError(
            "the channels differ from those of the first recording: "
            f"missing {missing or 'none'}, extra {extra or 'none'}. "
            "List the common channels in preprocessing `channels`."
        )
    n_times = reference.X.shape[2]
    sfreq = epochs.info["sfreq"]
    if not same_sfreq(sfreq, reference.sfreq) or len(epochs.times) != n_times:
        raise DataError(
            f"trials have {len(epochs.times)} samples at {sfreq:.10g} Hz, those of "
            f"the first recording {n_times} at {reference.sfreq:.10g} Hz. "
            "Set preprocessing `resample` to a common sampling frequency."
        )
    return epochs.reorder_channels(reference.ch_names)


def _as_trials(
    epochs: mne.Epochs, unit_factor: float, provenance: Provenance, rest: RestWindows | None
) -> EEGTrials:
    names = {code: name for name, code in epochs.event_id.items()}
    signals = (epochs.get_data() * unit_factor).astype(np.float32)
    check_signals(signals, epochs.ch_names)
    row = {
        "subject": str(provenance.subject),
        "session": provenance.session,
        "run": provenance.run,
    }
    return EEGTrials.trusted(
        X=signals,
        y=np.array([names[code] for code in epochs.events[:, 2]]),
        metadata=pd.DataFrame([row] * len(signals)),
        info=_anonymous_info(epochs),
        rest=None if rest is None else rest.in_microvolt(epochs.ch_names, unit_factor),
    )


def _anonymous_info(epochs: mne.Epochs) -> mne.Info:
    """Return channel names, positions and sampling frequency, without data of the subject."""
    info = mne.create_info(epochs.ch_names, epochs.info["sfreq"], "eeg")
    montage = epochs.get_montage()
    if montage is not None:
        info.set_montage(montage, on_missing="ignore", verbose="error")
    return info


def _subject_trials(runs: list[EEGTrials], account: pd.DataFrame) -> EEGTrials:
    """Concatenate the runs of a subject."""
    joined = EEGTrials.concatenate(runs)
    return EEGTrials.trusted(joined.X, joined.y, joined.metadata, joined.info, account, joined.rest)


def _check_rest(accounts: Accounts, preprocessing: Preprocessing) -> None:
    """Raise an error if a session has no trial with a rest window."""
    window = preprocessing.rest_window
    if window is None:
        return
    reasons: dict[tuple[str, str], list[str]] = {}
    for place, cues in accounts:
        of_session = reasons.setdefault((place["subject"], place["session"]), [])
        of_session.extend(cues.loc[cues["left_out"] == "", "rest"] if "rest" in cues else [])
    for (subject, session), of_trials in reasons.items():
        if of_trials and "" not in of_trials:
            raise DataError(
                f"subject {subject}, session {session}: none of {len(of_trials)} trials has a rest "
                f"window. Left out: {rest_sentence(of_trials)}. Set preprocessing `rest_window`, "
                f"which is [{window[0]:g}, {window[1]:g}] s, to a time between the trials, or "
                "leave the session out."
            )


def _no_trials_advice(preprocessing: Preprocessing) -> str:
    if preprocessing.reject_uv is None:
        return " Check that the events and `window` lie within the recording."
    return f" Raise reject_uv, which is {preprocessing.reject_uv:g} µV."
