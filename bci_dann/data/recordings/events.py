"""Cues, bad segments and interruptions of a recording, relative to its first sample.

Times of annotations and trigger channels are those of MNE's ``events_from_annotations`` and
``find_events``, relative to the first sample of the recording, independently of the measurement
date and of ``first_samp``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import mne
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.screening.cues import cue_table, mark_repeated
from bci_dann.data.screening.interruptions import INTERRUPTION
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = [
    "OTHER_TASK",
    "annotate_triggers",
    "class_annotations",
    "class_cues",
    "class_of",
    "set_annotations",
]

# Annotation of a task that gives no trial, but that rest windows must not overlap.
OTHER_TASK = "other task"

# Markers of the first sample after an interruption: BrainVision, EEGLAB, MNE's concatenation, and
# GDF's code 0x7FFE for a new segment.
INTERRUPTION_MARKS = re.compile(r"new segment(/.*)?|(edge |bad )?boundary|32766", re.IGNORECASE)

# Prefix of markers that other software has written to BrainVision files.
COMMENT = re.compile(r"comment/", re.IGNORECASE)

# If a trigger channel is non-zero for a larger share of the time between its first and last
# trigger, it holds each code until the next one. Empirical: pulses last some milliseconds.
HELD_SHARE = 0.5


def set_annotations(
    raw: mne.io.BaseRaw,
    onset: NDArray[np.float64],
    duration: NDArray[np.float64],
    description: Iterable[str],
) -> mne.io.BaseRaw:
    """Replace the annotations of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording, changed in place.
    onset : ndarray of float
        Onsets (s), relative to the first sample of the recording.
    duration : ndarray of float
        Durations (s).
    description : iterable of str
        Descriptions.

    Returns
    -------
    mne.io.Raw
        The same recording.
    """
    # without orig_time, MNE uses onsets relative to the first sample
    names = np.array(list(description), dtype=str)
    annotations = mne.Annotations(onset, duration, names, orig_time=None)
    return raw.set_annotations(annotations, emit_warning=False)


def annotate_triggers(raw: mne.io.BaseRaw, events: Iterable[str], name: Path | str) -> None:
    """Add the triggers of a recording to its annotations, with their codes as descriptions.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording, changed in place.
    events : iterable of str
        The events of interest. ``"LINE:CODE"`` is one code of the trigger channel ``LINE``, and
        ``"LINE"`` all codes of it.
    name : pathlib.Path or str
        Name of the recording in messages.
    """
    lines = [raw.ch_names[pick] for pick in mne.pick_types(raw.info, stim=True)]
    if not lines:
        return
    found = _triggers(raw, None, name)
    samples, names = [found[:, 0]], [[str(code) for code in found[:, 2]]]
    for line in lines:
        wanted = [event for event in events if event.partition(":")[0] == line]
        if not wanted:
            continue
        of_line = _triggers(raw, line, name)
        samples.append(of_line[:, 0])
        whole = line in wanted
        names.append([line if whole else f"{line}:{code}" for code in of_line[:, 2]])
    onset = (np.concatenate(samples) - raw.first_samp) / raw.info["sfreq"]
    if not len(onset):
        return
    present = raw.annotations
    set_annotations(
        raw,
        np.concatenate([present.onset - raw.first_time, onset]),
        np.concatenate([present.duration, np.zeros(len(onset))]),
        [*present.description, *(name for part in names for name in part)],
    )


def _triggers(raw: mne.io.BaseRaw, line: str | None, name: Path | str) -> NDArray[np.int_]:
    """Return MNE's events of one trigger channel, or of MNE's default trigger channels."""
    events = mne.find_events(raw, line, shortest_event=1, verbose="error")
    changes = mne.find_events(raw, line, shortest_event=1, consecutive=True, verbose="error")
    if len(changes) == len(events) or not _is_held(raw, line, changes):
        return np.asarray(events)
    warnings.warn(
        f"{name}: the trigger channel holds each code until the next one. Every change to another "
        f"code is taken as a trigger: {len(changes)}, where a rise of the code gives "
        f"{len(events)}.",
        BCIDannWarning,
        stacklevel=2,
    )
    return np.asarray(changes)


def _is_held(raw: mne.io.BaseRaw, line: str | None, changes: NDArray[np.int_]) -> bool:
    picks = [line] if line is not None else "stim"
    first, last = changes[[0, -1], 0] - raw.first_samp
    codes = raw.get_data(picks, first, last + 1)
    return bool((codes != 0).any(axis=0).mean() > HELD_SHARE)


def class_of(description: str, events: Mapping[str, str]) -> str | None:
    """Return the class of an annotation.

    Parameters
    ----------
    description : str
        The description of the annotation, which may have several tags, such as
        ``"left/sound"``.
    events : mapping of str to str
        Event to class.

    Returns
    -------
    str or None
        The class of the whole description, or of its tag that is an event; ``None`` without a
        class.

    Raises
    ------
    DataError
        When its tags are events of several classes.
    """
    if description in events:
        return events[description]
    classes = {events[tag] for tag in description.split("/") if tag in events}
    if len(classes) > 1:
        raise DataError(
            f"the annotation {description!r} has tags of several classes, "
            f"{', '.join(sorted(classes))}. Name it as a whole in `events`."
        )
    return classes.pop() if classes else None


def class_cues(
    raw: mne.io.BaseRaw,
    events: Mapping[str, str],
    omitted: Iterable[tuple[float, str]] = (),
) -> pd.DataFrame:
    """Return the cues of a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording, with its triggers as annotations.
    events : mapping of str to str
        Event to class.
    omitted : iterable of (float, str)
        Time after the first sample (s) and description of annotations outside the recording, which
        MNE omits.

    Returns
    -------
    pandas.DataFrame
        See :func:`bci_dann.data.screening.cues.cue_table`; cues that are repeated, contradict each
        other or are outside the recording are marked as left out.

    Raises
    ------
    DataError
        When an annotation has several classes.
    """
    sfreq = raw.info["sfreq"]
    present = _classes(raw.annotations.description, events)
    samples, names = np.zeros(0, int), np.zeros(0, object)
    if present:
        codes = {name: code for code, name in enumerate(present, 1)}
        # by default, MNE leaves out names that begin with "bad" or "edge"
        found, _ = mne.events_from_annotations(raw, codes, regexp=None, verbose="error")
        samples = found[:, 0] - raw.first_samp
        names = np.array(list(present), dtype=object)[found[:, 2] - 1]
    cues = mark_repeated(cue_table(samples, names, [present[name] for name in names]), sfreq)
    listed = list(omitted)
    classes = _classes([name for _, name in listed], events)
    beyond = [(onset, name) for onset, name in listed if name in classes]
    if not beyond:
        return cues
    outside = cue_table(
        [round(onset * sfreq) for onset, _ in beyond],
        [name for _, name in beyond],
        [classes[name] for _, name in beyond],
    ).assign(left_out="outside")
    return pd.concat([cues, outside]).sort_values("sample", kind="stable", ignore_index=True)


def _classes(names: Iterable[str], events: Mapping[str, str]) -> dict[str, str]:
    """Return the class of each name that has one."""
    found = {str(name): class_of(str(name), events) for name in dict.fromkeys(names)}
    return {name: label for name, label in found.items() if label is not None}


def class_annotations(
    raw: mne.io.BaseRaw, cues: pd.DataFrame
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Return the annotations that are needed for epoching, relative to the first sample.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    cues : pandas.DataFrame
        Its cues.

    Returns
    -------
    onset, duration : ndarray of float
        Onsets after the first sample, and durations (s).
    description : list of str
        Classes of the cues that are not left out, descriptions of bad segments, and
        interruptions.
    """
    onset, duration, names = [], [], []
    interrupted = {0}  # samples; a marker at the first one is the start of the recording
    present = raw.annotations
    for start, length, name in zip(
        present.onset - raw.first_time, present.duration, present.description, strict=True
    ):
        comment = COMMENT.match(name)
        name = name[comment.end() :] if comment else name
        if INTERRUPTION_MARKS.fullmatch(name):
            # the first sample after it, only once: MNE's concatenation sets two markers
            sample = max(int(np.ceil(start * raw.info["sfreq"] - 1e-6)), 0)
            if sample in interrupted:
                continue
            interrupted.add(sample)
            start, length, name = sample / raw.info["sfreq"], 0.0, INTERRUPTION
        elif not name.lower().startswith("bad"):
            continue
        onset.append(start)
        duration.append(length)
        names.append(name)
    used = cues[cues["left_out"] == ""]
    return (
        np.array([*onset, *(used["sample"] / raw.info["sfreq"])]),
        np.array([*duration, *np.zeros(len(used))]),
        [*names, *used["label"]],
    )
