"""Discovery of recordings in a folder by a path pattern or BIDS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bci_dann._validation import did_you_mean
from bci_dann.data.recordings.companions import is_later_part, split_parts
from bci_dann.data.recordings.formats import check_format
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.natural_order import natural_key
from bci_dann.data.recordings.path_pattern import (
    FoundPath,
    PathPattern,
    near_misses,
    plain_text,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

__all__ = ["RecordingFile", "arranged", "find_recordings", "numbered_names"]

# MOABB's rule for names of sessions and runs (`moabb.datasets.base.check_session_names`): a number
# that gives the order of recording, and an optional description.
MOABB_NAME = re.compile(r"([0-9]+)(|[a-zA-Z]+[a-zA-Z0-9]*)")

# The formats that BIDS allows for EEG (Pernet et al. 2019, doi:10.1038/s41597-019-0104-8), and FIF,
# which MNE-BIDS reads as well.
BIDS_FILE = r"sub-[^/]+_eeg(?i:\.(?:edf|bdf|vhdr|set|fif))"
BIDS_PATHS = [
    ("sub-[^/]+", "eeg", BIDS_FILE),
    ("sub-[^/]+", "ses-[^/]+", "eeg", BIDS_FILE),
]
BIDS_ENTITY = re.compile(r"(?:^|[_/])([a-z]+)-([^-_/.]+)")

# Number of file names in an error message: enough to see how they differ from the pattern.
MAX_LISTED_FILES = 5


@dataclass(frozen=True)
class RecordingFile:  # numpydoc ignore=PR02
    """A recording with the subject, session and run from its path.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    subject, session, run : str
        The text of the fields; ``"0"`` for a field that the pattern lacks.
    """

    path: Path
    subject: str
    session: str = "0"
    run: str = "0"


@dataclass(frozen=True)
class _Candidate:
    """A recording that may be a broken link."""

    file: RecordingFile
    is_broken: bool


def find_recordings(folder: Path, layout: RecordingsLayout) -> list[RecordingFile]:
    """Find the recordings that a layout describes.

    Parameters
    ----------
    folder : pathlib.Path
        The folder to search, with the folders inside it.
    layout : RecordingsLayout
        The pattern of the paths, or BIDS, and what to exclude.

    Returns
    -------
    list of RecordingFile
        Recordings sorted by subject, session and run, with numbers in numerical order.

    Raises
    ------
    DataError
        When the folder is missing or empty, no file matches, two files have the same subject,
        session and run, a link is broken, or a format cannot be read.
    ConfigError
        When ``exclude`` names something that does not occur.
    """
    _check_folder(folder)
    search = _in_bids if layout.format == "bids" else _by_pattern
    candidates = _without_later_parts(search(folder, layout))
    _check_unique(candidates, folder, layout)
    selected = _without_excluded(candidates, layout)
    if not selected:
        raise DataError(f"{folder}: `exclude` excludes all {len(candidates)} recordings.")
    _check_fetched(selected)
    for one in selected:
        check_format(one.file.path)
    return sorted(
        (one.file for one in selected),
        key=lambda f: (natural_key(f.subject), natural_key(f.session), natural_key(f.run)),
    )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        reason = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {reason}; a folder of recordings is needed.")
    if not any(folder.iterdir()):
        raise DataError(f"{folder} is empty.")


def _by_pattern(folder: Path, layout: RecordingsLayout) -> list[_Candidate]:
    assert layout.pattern is not None
    found = PathPattern.of_fields(layout.pattern).find(folder)
    other_case = [one.name for one in found if not one.is_exact]
    exact = [one for one in found if one.is_exact]
    if not exact:
        hint = _case_sentence(other_case) if other_case else ""
        raise DataError(
            f"no file of {folder} fits the pattern {layout.pattern!r}. "
            f"{near_misses(folder, layout.pattern)}{hint}"
        )
    if other_case:
        warnings.warn(
            f"{folder}: files that do not match the pattern {layout.pattern!r} are left out."
            f"{_case_sentence(other_case)} Rename them, or the files that match.",
            BCIDannWarning,
            stacklevel=2,
        )
    return [_Candidate(RecordingFile(one.path, **_named(one)), one.is_broken) for one in exact]


def _named(found: FoundPath) -> dict[str, str]:
    return {"subject": "", **found.fields}  # a broken link to a folder may lack the subject


def _case_sentence(names: list[str]) -> str:
    verb = "differs" if len(names) == 1 else "differ"
    return f" {_listed(names)} {verb} only in upper and lower case."


def _listed(names: list[str]) -> str:
    more = len(names) - MAX_LISTED_FILES
    return ", ".join(names[:MAX_LISTED_FILES]) + (f" and {more} more" if more > 0 else "")


def _in_bids(folder: Path, layout: RecordingsLayout) -> list[_Candidate]:
    every = [one for parts in BIDS_PATHS for one in PathPattern(parts).find(folder)]
    by_name = {one.name: one for one in every if one.is_exact}
    found = [by_name[name] for name in sorted(by_name)]
    entities = [dict(BIDS_ENTITY.findall(one.name)) for one in found]
    tasks = sorted({one["task"] for one in entities if "task" in one})
    candidates = [
        _from_bids(one, of_one, layout.task)
        for one, of_one in zip(found, entities, strict=True)
        if layout.task in (None, of_one.get("task", layout.task if one.is_broken else None))
    ]
    if not candidates:
        task = f" of the task {layout.task!r}" if layout.task else ""
        there = f"{did_you_mean(layout.task, tasks)} There are {', '.join(tasks)}." if tasks else ""
        raise DataError(
            f"{folder} has no BIDS EEG recordings{task}, that is, no files like "
            f"sub-01/eeg/sub-01_task-NAME_eeg.edf.{there}"
        )
    return candidates


def _from_bids(found: FoundPath, entities: dict[str, str], task: str | None) -> _Candidate:
    subject, session = entities["sub"], entities.get("ses")
    expected = [f"sub-{subject}", *([f"ses-{session}"] if session else []), "eeg"]
    if not found.is_broken and found.name.split("/")[:-1] != expected:
        raise DataError(
            f"{found.path} is not in the folder {'/'.join(expected)}, to which it belongs by its "
            "name. Rename it, or move it."
        )
    run = entities.get("run", "0")
    # if no task is selected, the task is part of the name of the run, so that names are unique
    name = run if task or "task" not in entities else f"{entities['task']}{run}"
    return _Candidate(RecordingFile(found.path, subject, session or "0", name), found.is_broken)


def _without_later_parts(candidates: list[_Candidate]) -> list[_Candidate]:
    """Leave out later files of split recordings, which are read together with the first one."""
    suspects = {one.file.path for one in candidates if is_later_part(one.file.path)}
    folders = {path.parent for path in suspects}
    later = {
        part
        for one in candidates
        if one.file.path.parent in folders and not one.is_broken
        for part in split_parts(one.file.path)[1:]
    }
    return [one for one in candidates if one.file.path not in later]


def _check_fetched(candidates: list[_Candidate]) -> None:
    broken = [one.file.path for one in candidates if one.is_broken]
    if broken:
        targets = " ".join(str(path.readlink()) for path in broken)
        command = f" (`datalad get {broken[0]}`)" if ".git/annex" in targets else ""
        raise DataError(
            f"broken links: {_listed([str(path) for path in broken])}. Fetch the files{command}, "
            "repair the links, or leave them out with `exclude`."
        )


def _check_unique(candidates: list[_Candidate], folder: Path, layout: RecordingsLayout) -> None:
    paths: dict[tuple[str, str, str], Path] = {}
    for one in (candidate.file for candidate in candidates if not candidate.is_broken):
        name = (one.subject, one.session, one.run)
        if name in paths:
            in_bids = "Choose a `task`, or move one of them out of the folder."
            advice = (
                in_bids if layout.format == "bids" else "Add {session} or {run} to the pattern."
            )
            raise DataError(
                f"{folder}: {paths[name].relative_to(folder)} and {one.path.relative_to(folder)} "
                f"are both subject {name[0]}, session {name[1]}, run {name[2]}. {advice}"
            )
        paths[name] = one.path


def _without_excluded(candidates: list[_Candidate], layout: RecordingsLayout) -> list[_Candidate]:
    excluded = {field: list(map(plain_text, values)) for field, values in layout.exclude.items()}
    for field, values in excluded.items():
        present = sorted({getattr(one.file, field) for one in candidates}, key=natural_key)
        for value in values:
            if value not in present:
                raise ConfigError(
                    f"recordings.exclude.{field} has {value!r}, which does not occur."
                    f"{did_you_mean(value, present)} There are {', '.join(present)}."
                )
    return [
        one
        for one in candidates
        if not any(getattr(one.file, field) in values for field, values in excluded.items())
    ]


def arranged(
    recordings: list[RecordingFile], session_order: Sequence[str] = ()
) -> dict[str, dict[str, dict[str, Path]]]:
    """Arrange paths by subject, session and run, with names that MOABB accepts.

    Parameters
    ----------
    recordings : list of RecordingFile
        The recordings.
    session_order : sequence of str
        All sessions in the order of recording; by default that of :func:`numbered_names`, with a
        warning if it is alphabetical.

    Returns
    -------
    dict
        The path by the names of subject, session and run.

    Raises
    ------
    ConfigError
        When a recording has a session that is not in ``session_order``.
    """
    if session_order:
        _check_order(recordings, session_order)
    files: dict[str, dict[str, dict[str, Path]]] = {}
    alphabetical: dict[str, list[str]] = {}
    for subject in dict.fromkeys(one.subject for one in recordings):
        of_subject = [one for one in recordings if one.subject == subject]
        present = {one.session for one in of_subject}
        if session_order:
            numbers = {one: str(number) for number, one in enumerate(session_order)}
            sessions = {one: numbers[one] + _description(one) for one in numbers if one in present}
        else:
            sessions = numbered_names(present)
            if len(present) > 1 and not any(re.search(r"\d", one) for one in present):
                alphabetical[subject] = list(sessions)
        files[subject] = {
            name: _runs([one for one in of_subject if one.session == session])
            for session, name in sessions.items()
        }
    _warn_of_alphabetical_order(alphabetical)
    return files


def _check_order(recordings: list[RecordingFile], session_order: Sequence[str]) -> None:
    present = sorted({one.session for one in recordings}, key=natural_key)
    missing = [name for name in present if name not in session_order]
    if missing or len(set(session_order)) < len(session_order):
        raise ConfigError(
            "recordings.session_order must list every session once, in the order of recording; "
            f"got {', '.join(session_order)}. There are {', '.join(present)}."
        )


def _warn_of_alphabetical_order(sessions: Mapping[str, Sequence[str]]) -> None:
    if sessions:
        subject, names = next(iter(sessions.items()))
        warnings.warn(
            f"the sessions of subject {subject} have no numbers, and are taken in alphabetical "
            f"order: {', '.join(names)}. Give the order of recording under `recordings`, such as "
            f"`session_order: [{', '.join(reversed(names))}]`.",
            BCIDannWarning,
            stacklevel=4,
        )


def _runs(recordings: list[RecordingFile]) -> dict[str, Path]:
    names = numbered_names(one.run for one in recordings)
    paths = {one.run: one.path for one in recordings}
    return {name: paths[run] for run, name in names.items()}


def numbered_names(values: Iterable[str]) -> dict[str, str]:
    """Return names for sessions or runs that start with a unique integer, as MOABB requires.

    Values that already do are not changed. Other values are reduced to letters and digits, and
    prefixed with the next free number, so ``"Test4"`` becomes ``"5Test4"`` if the others are
    ``"002"`` to ``"004"``.

    Parameters
    ----------
    values : iterable of str
        The sessions of one subject, or the runs of one session.

    Returns
    -------
    dict of str to str
        Name by value, in the order of the numbers.
    """
    in_order = sorted(set(values), key=lambda value: (natural_key(value), value))
    names: dict[str, str] = {}
    numbers: set[int] = set()
    for value in in_order:
        match = MOABB_NAME.fullmatch(value)
        if match and int(match.group(1)) not in numbers:
            names[value] = value
            numbers.add(int(match.group(1)))
    for value in in_order:
        if value not in names:
            number = max(numbers, default=-1) + 1
            names[value] = f"{number}{_description(value)}"
            numbers.add(number)
    return names


def _description(value: str) -> str:
    text = re.sub(r"[^a-zA-Z0-9]", "", value)
    return f"n{text}" if text[:1].isdigit() else text
