"""Recordings that end before their events do, whatever the format."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import mne

from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.recording_paths import bids_events_path
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["check_events_inside", "noting_omissions"]

# What of a task may be missing at the end: a recording stopped early, not a file cut short.
TOLERATED = 0.5

# Compared with the length that their headers promise; MNE cannot read all their events alone.
COMPLETE = (".edf", ".bdf")


def noting_omissions(read: Callable[[], mne.io.BaseRaw]) -> tuple[mne.io.BaseRaw, bool]:
    """Open a recording, and tell whether MNE left out annotations beyond its ends.

    Parameters
    ----------
    read : callable
        Opens the recording, letting MNE warn.

    Returns
    -------
    tuple of (mne.io.Raw, bool)
    """
    logger = logging.getLogger("mne")
    logger.addFilter(_muted)  # the level must let warnings through, and none be printed
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw = read()
    finally:
        logger.removeFilter(_muted)
    return raw, any(str(one.message).startswith("Omitted") for one in caught)


def _muted(_: logging.LogRecord) -> bool:
    return False


def check_events_inside(
    raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout, omitted: bool
) -> None:
    """Raise where the recording ends before the tasks of its events do.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file.
    layout : RecordingsLayout
        Which events matter, and how long their task lasts.
    omitted : bool
        Whether ``raw`` lacks annotations that the file has; they are then read again.

    Raises
    ------
    DataError
        When half a task or more lies beyond the end.
    """
    known = raw.annotations
    _check(zip(known.onset - raw.first_time, known.description, strict=True), raw, path, layout)
    if omitted and path.suffix.lower() not in COMPLETE:
        _check(_marked(raw, path, layout), raw, path, layout)


def _check(
    events: Iterable[tuple[float, str]], raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout
) -> None:
    start, stop = layout.interval
    end = raw.n_times / raw.info["sfreq"]
    for onset, name in events:
        if name in layout.events and onset + stop - end >= TOLERATED * (stop - start):
            raise DataError(
                f"{path} is truncated: the event {name!r} at {onset:.2f} s has a task until "
                f"{onset + stop:.2f} s, but the recording ends at {end:.2f} s. "
                "Copy the file again from its source, or leave it out with `exclude`."
            )


def _marked(
    raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout
) -> Iterable[tuple[float, str]]:
    """Return onset and name of each event in the file, also of those beyond its end."""
    try:
        return _events_of_bids(path) if layout.format == "bids" else _events_of_file(raw, path)
    except Exception:  # a format whose annotations MNE cannot read by themselves
        warnings.warn(
            f"{path} has annotations outside the recording, which ends at "
            f"{raw.n_times / raw.info['sfreq']:.2f} s: it may be truncated.",
            BCIDannWarning,
            stacklevel=2,
        )
        return []


def _events_of_bids(path: Path) -> Iterable[tuple[float, str]]:
    import mne_bids

    events = mne_bids.events_file_to_annotation_kwargs(bids_events_path(path), verbose="error")
    return zip(events["onset"].tolist(), map(str, events["description"]), strict=True)


def _events_of_file(raw: mne.io.BaseRaw, path: Path) -> Iterable[tuple[float, str]]:
    file = _marker_file(path) if path.suffix.lower() == ".vhdr" else path
    found = mne.read_annotations(file, sfreq=raw.info["sfreq"])
    shift = 0.0 if found.orig_time is None else raw.first_time
    return zip(found.onset - shift, found.description, strict=True)


def _marker_file(path: Path) -> Path:
    header = path.read_text(encoding="latin-1")
    named = re.search(r"^MarkerFile\s*=\s*(.+?)\s*$", header, flags=re.MULTILINE)
    file = path.with_name(named[1].replace("$b", path.stem)) if named else path
    return file if file.is_file() else path.with_suffix(".vmrk")
