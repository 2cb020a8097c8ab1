"""Discovery of recordings in a folder by a path pattern or BIDS."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bci_dann._validation import did_you_mean
from bci_dann.data.recordings.layout import FIELDS, RecordingsLayout
from bci_dann.exceptions import ConfigError, DataError

__all__ = ["RecordingFile", "find_recordings", "numbered_names"]

# MOABB's rule for sessions and runs (`moabb.datasets.base.check_session_names`): the order of
# recording, then perhaps a description.
MOABB_NAME = re.compile(r"([0-9]+)(|[a-zA-Z]+[a-zA-Z0-9]*)")

# The formats that BIDS allows for EEG (Pernet et al. 2019, doi:10.1038/s41597-019-0104-8), and FIF,
# which MNE-BIDS reads as well.
BIDS_EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set", ".fif")

# File names in an error message: enough to see how they differ from the pattern.
MAX_LISTED_FILES = 5


@dataclass(frozen=True)
class RecordingFile:  # numpydoc ignore=PR02
    """A recording with the subject, session and run that its path names.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    subject, session, run : str
        The text of the fields; ``"0"`` where the path has none.
    """

    path: Path
    subject: str
    session: str = "0"
    run: str = "0"


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
        Sorted by subject, session and run, numbers by their value.

    Raises
    ------
    DataError
        When the folder is missing or empty, nothing fits, or two files have the same name.
    ConfigError
        When ``exclude`` names something that does not occur.
    """
    _check_folder(folder)
    files = _in_bids(folder, layout) if layout.format == "bids" else _by_pattern(folder, layout)
    _check_unique(files, folder)
    selected = _without_excluded(files, layout)
    if not selected:
        raise DataError(f"{folder}: `exclude` leaves none of the {len(files)} recordings.")
    return sorted(
        selected,
        key=lambda f: (_natural_key(f.subject), _natural_key(f.session), _natural_key(f.run)),
    )


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        reason = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {reason}; a folder of recordings is needed.")
    if not any(folder.iterdir()):
        raise DataError(f"{folder} is empty.")


def _by_pattern(folder: Path, layout: RecordingsLayout) -> list[RecordingFile]:
    assert layout.pattern is not None
    expression = _as_expression(layout.pattern)
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    files = {name: paths[name] for name in sorted(paths) if paths[name].is_file()}
    recordings = [
        RecordingFile(path=path, **match.groupdict())
        for name, path in files.items()
        if (match := expression.fullmatch(name))
    ]
    if not recordings:
        raise DataError(
            f"no file of {folder} fits the pattern {layout.pattern!r}. "
            f"Among the files there: {', '.join(list(files)[:MAX_LISTED_FILES]) or 'none'}."
        )
    return recordings


def _as_expression(pattern: str) -> re.Pattern[str]:
    """Turn a pattern with fields into a regular expression with named groups."""
    parts: list[str] = []
    named: set[str] = set()
    for text, field, width, _ in string.Formatter().parse(pattern):
        parts += [re.escape(text).replace(r"\*", "[^/]*")]
        if field:
            any_text = f"[^/]{{{width}}}" if width else "[^/]+?"
            parts += [f"(?P={field})" if field in named else f"(?P<{field}>{any_text})"]
            named.add(field)
    return re.compile("".join(parts))


def _in_bids(folder: Path, layout: RecordingsLayout) -> list[RecordingFile]:
    import mne_bids

    search = mne_bids.BIDSPath(root=folder, task=layout.task, datatype="eeg", suffix="eeg")
    paths = [p for p in search.match(ignore_json=True) if p.extension in BIDS_EXTENSIONS]
    if not paths:
        task = f" of the task {layout.task!r}" if layout.task else ""
        raise DataError(
            f"{folder} has no BIDS EEG recordings{task}, that is, no files like "
            "sub-01/eeg/sub-01_task-NAME_eeg.edf."
        )
    return [_from_bids(path, layout) for path in paths]


def _from_bids(path: Any, layout: RecordingsLayout) -> RecordingFile:
    run = path.run or "0"
    # without a choice of task, the task is part of the name, so that no two runs share one
    name = run if layout.task or not path.task else f"{path.task}{run}"
    return RecordingFile(Path(path.fpath), path.subject, path.session or "0", name)


def _check_unique(recordings: list[RecordingFile], folder: Path) -> None:
    paths: dict[tuple[str, str, str], Path] = {}
    for one in recordings:
        name = (one.subject, one.session, one.run)
        if name in paths:
            raise DataError(
                f"{folder}: {paths[name].relative_to(folder)} and {one.path.relative_to(folder)} "
                f"are both subject {name[0]}, session {name[1]}, run {name[2]}. "
                "Add {session} or {run} to the pattern."
            )
        paths[name] = one.path


def _without_excluded(
    recordings: list[RecordingFile], layout: RecordingsLayout
) -> list[RecordingFile]:
    for field, values in layout.exclude.items():
        present = sorted({getattr(one, field) for one in recordings}, key=_natural_key)
        for value in values:
            if value not in present:
                raise ConfigError(
                    f"recordings.exclude.{field} has {value!r}, which does not occur."
                    f"{did_you_mean(value, present)} There are {', '.join(present)}."
                )
    excluded = {field: layout.exclude.get(field, []) for field in FIELDS}
    return [one for one in recordings if not any(getattr(one, f) in excluded[f] for f in FIELDS)]


def numbered_names(values: Iterable[str]) -> dict[str, str]:
    """Give sessions, or runs, names that start with a unique whole number, as MOABB requires.

    Values that already do are not changed. Each other value gets the next free number
    in front of its letters and digits, so ``"Test4"`` becomes ``"5Test4"`` beside
    ``"002"`` to ``"004"``.

    Parameters
    ----------
    values : iterable of str
        The sessions of one subject, or the runs of one session.

    Returns
    -------
    dict of str to str
        From value to name, in the order of the numbers.
    """
    in_order = sorted(set(values), key=lambda value: (_natural_key(value), value))
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


def _natural_key(value: str) -> list[tuple[int, int, str]]:
    """Sort key by which 2 comes before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", value)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
