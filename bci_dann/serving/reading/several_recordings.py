"""Several recordings of one subject: each has its own name, and none is given twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    from bci_dann.serving.reading.prepared_recording import PreparedRecording
    from bci_dann.serving.reading.recording_names import Recording

__all__ = ["check_different_files", "check_different_trials", "with_own_labels"]


def check_different_files(recordings: Sequence[Recording]) -> None:
    """Raise an error if a file is given twice, before it is read.

    Parameters
    ----------
    recordings : sequence of str, pathlib.Path, mne.io.Raw or mne.Epochs
        The recordings. Objects in memory are not checked, because they may be parts of one file.

    Raises
    ------
    DataError
        When two paths lead to the same file.
    """
    first: dict[Path, str] = {}
    for recording in recordings:
        if isinstance(recording, str | Path):
            path = Path(recording).resolve()
            if path in first:
                raise DataError(_given_twice(first[path], str(recording)))
            first[path] = str(recording)


def check_different_trials(prepared: Sequence[PreparedRecording]) -> None:
    """Raise an error if two recordings have the same trials.

    Parameters
    ----------
    prepared : sequence of PreparedRecording
        The recordings.

    Raises
    ------
    DataError
        When the signals of two recordings are equal, as those of a file and of its copy are.
    """
    for one, other in combinations(prepared, 2):
        if one.trials is None or other.trials is None:
            continue
        if np.array_equal(one.trials.X, other.trials.X):
            raise DataError(_given_twice(one.label, other.label))


def with_own_labels(prepared: Sequence[PreparedRecording]) -> list[PreparedRecording]:
    """Add numbers to the names of recordings that have the same name, from the second one on.

    Parameters
    ----------
    prepared : sequence of PreparedRecording
        The recordings.

    Returns
    -------
    list of PreparedRecording
        With different names: ``"Raw"``, ``"Raw 2"``.
    """
    seen: Counter[str] = Counter()
    named = []
    for one in prepared:
        seen[one.label] += 1
        number = seen[one.label]
        named.append(one if number == 1 else _renamed(one, f"{one.label} {number}"))
    return named


def _renamed(one: PreparedRecording, label: str) -> PreparedRecording:
    """Return a recording with another name, also at the start of its differences."""
    sentences = one.differences.removeprefix(one.label)
    return replace(one, label=label, differences=f"{label}{sentences}" if sentences else "")


def _given_twice(first: str, second: str) -> str:
    which = (
        f"{first} is given twice"
        if first == second
        else f"{first} and {second} are the same recording"
    )
    return f"{which}: its trials would count twice. Give each recording once."
