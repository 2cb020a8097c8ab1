"""Checks of the names of events across recordings: missing ones, and other spellings."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

from bci_dann._validation import did_you_mean
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["check_events_occur", "warn_of_other_spellings"]


def check_events_occur(
    found: Iterable[Iterable[str]], events: Iterable[str], folder: Path, where: str
) -> None:
    """Raise an error if an event occurs in none of some recordings.

    Parameters
    ----------
    found : iterable of iterable of str
        Names of the events of each recording.
    events : iterable of str
        The events that must occur.
    folder : pathlib.Path
        The folder of the recordings, for the message.
    where : str
        The recordings, for the message.

    Raises
    ------
    DataError
        When an event does not occur; the message lists those that do.
    """
    present = {name for names in found for name in names}
    tags = {tag for name in present for tag in _tags(name)}
    for event in events:
        if event not in tags:
            raise DataError(
                f"{folder}: the event {event!r} does not occur in {where}."
                f"{did_you_mean(event, present)} "
                f"There are {', '.join(sorted(present)) or 'no annotations at all'}."
            )


def warn_of_other_spellings(found: Mapping[str, Mapping[str, int]], events: Iterable[str]) -> None:
    """Warn of ignored events whose names differ from an event of the layout only in spelling.

    Parameters
    ----------
    found : mapping of str to mapping of str to int
        For each recording the number of occurrences of each event.
    events : iterable of str
        The events that start a task.

    Warns
    -----
    BCIDannWarning
        Once for each name that differs only in upper and lower case, blanks and underscores.
    """
    known = set(events)
    plain = {_plain(event): event for event in known}
    for name in dict.fromkeys(name for counts in found.values() for name in counts):
        tags = _tags(name)
        alike = [plain[_plain(tag)] for tag in tags if _plain(tag) in plain]
        if not alike or known.intersection(tags):
            continue
        files = [file for file, counts in found.items() if name in counts]
        times = sum(counts.get(name, 0) for counts in found.values())
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        warnings.warn(
            f"the event {name!r} ({times} times, in {files[0]}{more}) is ignored. It differs from "
            f"{alike[0]!r} only in its spelling: add it to `events` if it has the same meaning.",
            BCIDannWarning,
            stacklevel=4,
        )


def _tags(name: str) -> list[str]:
    """Return a name, and its tags if it has several."""
    return list(dict.fromkeys([name, *name.split("/")]))


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
