"""Finding the recordings of a folder, and giving them names that MOABB accepts."""

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

__all__ = ["Found", "find_recordings", "ordered_names"]

# MOABB's rule for sessions and runs: the order of recording, then perhaps a description.
FITTING = re.compile(r"([0-9]+)(|[a-zA-Z]+[a-zA-Z0-9]*)")
BIDS_EXTENSIONS = (".edf", ".bdf", ".vhdr", ".set", ".fif")
SHOWN_FILES = 5


@dataclass(frozen=True)
class Found:
    """A recording, under the names that its path gives it."""

    path: Path
    subject: str
    session: str = "0"
    run: str = "0"


def find_recordings(folder: Path, layout: RecordingsLayout) -> list[Found]:
    """Find the recordings that a layout describes.

    Parameters
    ----------
    folder : pathlib.Path
        Where to look.
    layout : RecordingsLayout
        What to look for.

    Returns
    -------
    list of Found
        Sorted by subject, session and run, numbers by their value.

    Raises
    ------
    DataError
        When the folder is missing or empty, nothing fits, or two files have the same name.
    ConfigError
        When ``exclude`` names something that does not occur.
    """
    _check_folder(folder)
    found = _in_bids(folder, layout) if layout.format == "bids" else _in_files(folder, layout)
    _check_unique(found, folder)
    kept = _without_excluded(found, layout)
    if not kept:
        raise DataError(f"{folder}: `exclude` leaves none of the {len(found)} recordings.")
    return sorted(kept, key=lambda f: (_natural(f.subject), _natural(f.session), _natural(f.run)))


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        reason = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {reason}; a folder of recordings is needed.")
    if not any(folder.iterdir()):
        raise DataError(f"{folder} is empty.")


def _in_files(folder: Path, layout: RecordingsLayout) -> list[Found]:
    assert layout.pattern is not None
    expression = _as_expression(layout.pattern)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    found = [
        Found(path=files[name], **match.groupdict())
        for name in sorted(files)
        if (match := expression.fullmatch(name)) and files[name].is_file()
    ]
    if not found:
        seen = [name for name in sorted(files) if files[name].is_file()][:SHOWN_FILES]
        raise DataError(
            f"no file of {folder} fits the pattern {layout.pattern!r}. "
            f"Among the files there: {', '.join(seen) or 'none'}."
        )
    return found


def _as_expression(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    for text, field, _, _ in string.Formatter().parse(pattern):
        parts += [re.escape(text).replace(r"\*", "[^/]*")]
        if field:
            parts += [f"(?P={field})" if field in seen else f"(?P<{field}>[^/]+?)"]
            seen.add(field)
    return re.compile("".join(parts))


def _in_bids(folder: Path, layout: RecordingsLayout) -> list[Found]:
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


def _from_bids(path: Any, layout: RecordingsLayout) -> Found:
    run = path.run or "0"
    # without a choice of task, runs of different tasks must not take each other's name
    name = run if layout.task or not path.task else f"{path.task}{run}"
    return Found(Path(path.fpath), path.subject, path.session or "0", name)


def _check_unique(found: list[Found], folder: Path) -> None:
    taken: dict[tuple[str, str, str], Path] = {}
    for one in found:
        name = (one.subject, one.session, one.run)
        if name in taken:
            raise DataError(
                f"{folder}: {taken[name].relative_to(folder)} and {one.path.relative_to(folder)} "
                f"are both subject {name[0]}, session {name[1]}, run {name[2]}. "
                "Add {session} or {run} to the pattern."
            )
        taken[name] = one.path


def _without_excluded(found: list[Found], layout: RecordingsLayout) -> list[Found]:
    for field, values in layout.exclude.items():
        present = sorted({getattr(one, field) for one in found}, key=_natural)
        for value in values:
            if value not in present:
                raise ConfigError(
                    f"recordings.exclude.{field} has {value!r}, which does not occur."
                    f"{did_you_mean(value, present)} There are {', '.join(present)}."
                )
    excluded = {field: layout.exclude.get(field, []) for field in FIELDS}
    return [one for one in found if not any(getattr(one, f) in excluded[f] for f in FIELDS)]


def ordered_names(values: Iterable[str]) -> dict[str, str]:
    """Give sessions, or runs, names that start with a whole number of their own.

    Values that already do keep their name. Each other value gets the next free number
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
    in_order = sorted(set(values), key=lambda value: (_natural(value), value))
    names: dict[str, str] = {}
    taken: set[int] = set()
    for value in in_order:
        match = FITTING.fullmatch(value)
        if match and int(match.group(1)) not in taken:
            names[value] = value
            taken.add(int(match.group(1)))
    for value in in_order:
        if value not in names:
            number = max(taken, default=-1) + 1
            names[value] = f"{number}{_description(value)}"
            taken.add(number)
    return names


def _description(value: str) -> str:
    text = re.sub(r"[^a-zA-Z0-9]", "", value)
    return f"n{text}" if text[:1].isdigit() else text


def _natural(value: str) -> list[tuple[int, int, str]]:
    """Sort key by which 2 comes before 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", value)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
