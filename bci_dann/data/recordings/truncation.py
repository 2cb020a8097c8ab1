"""Detection of recordings that end before the tasks of their events do."""

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

__all__ = ["check_events_inside", "detect_omitted_annotations"]

# Share of a task that may be missing at the end. Empirical: an operator who stops a recording
# during the last task loses less than half of it, and a file that was cut short loses more.
TOLERATED_MISSING_SHARE = 0.5

# EDF and BDF files are compared with the length that their header promises instead.
FORMATS_WITH_LENGTH = (".edf", ".bdf")

Event = tuple[float, str]


def detect_omitted_annotations(
    open_raw: Callable[[], mne.io.BaseRaw],
) -> tuple[mne.io.BaseRaw, bool]:
    """Open a recording, and detect whether MNE omitted annotations outside of it.

    Parameters
    ----------
    open_raw : callable
        Opens the recording, with MNE's warnings switched on.

    Returns
    -------
    raw : mne.io.Raw
        The recording.
    omitted : bool
        Whether the file has annotations that ``raw`` lacks.
    """
    logger = logging.getLogger("mne")
    logger.addFilter(_suppress)  # MNE must issue its warnings, and log none of them
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw = open_raw()
    finally:
        logger.removeFilter(_suppress)
    return raw, any(str(warning.message).startswith("Omitted") for warning in caught)


def _suppress(_: logging.LogRecord) -> bool:
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
        The events that start a task, and the interval of the task.
    omitted : bool
        Whether ``raw`` lacks annotations that the file has; they are then read again.

    Raises
    ------
    DataError
        When half a task or more lies beyond the end.
    """
    read = raw.annotations
    _check(zip(read.onset - raw.first_time, read.description, strict=True), raw, path, layout)
    if omitted and path.suffix.lower() not in FORMATS_WITH_LENGTH:
        _check(_all_events(raw, path, layout), raw, path, layout)


def _check(
    events: Iterable[Event], raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout
) -> None:
    start, stop = layout.interval
    end = raw.n_times / raw.info["sfreq"]
    cues = layout.events_of()
    for onset, name in events:
        missing = onset + stop - end
        if name in cues and missing >= TOLERATED_MISSING_SHARE * (stop - start):
            raise DataError(
                f"{path} is truncated: the event {name!r} at {onset:.2f} s has a task until "
                f"{onset + stop:.2f} s, but the recording ends at {end:.2f} s. "
                "Copy the file again from its source, or leave it out with `exclude`."
            )


def _all_events(raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout) -> Iterable[Event]:
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


def _events_of_bids(path: Path) -> Iterable[Event]:
    import mne_bids

    events = mne_bids.events_file_to_annotation_kwargs(bids_events_path(path), verbose="error")
    return zip(events["onset"].tolist(), map(str, events["description"]), strict=True)


def _events_of_file(raw: mne.io.BaseRaw, path: Path) -> Iterable[Event]:
    file = _marker_file(path) if path.suffix.lower() == ".vhdr" else path
    annotations = mne.read_annotations(file, sfreq=raw.info["sfreq"])
    offset = 0.0 if annotations.orig_time is None else raw.first_time
    return zip(annotations.onset - offset, annotations.description, strict=True)


def _marker_file(path: Path) -> Path:
    """Return the marker file that a BrainVision header names, or the usual one."""
    header = path.read_text(encoding="latin-1")
    named = re.search(r"^MarkerFile\s*=\s*(.+?)\s*$", header, flags=re.MULTILINE)
    file = path.with_name(named[1].replace("$b", path.stem)) if named else path
    return file if file.is_file() else path.with_suffix(".vmrk")
