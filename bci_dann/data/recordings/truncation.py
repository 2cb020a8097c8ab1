"""Detection of recordings that end before the end of a task."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import mne
import pandas as pd

from bci_dann.data.recordings.headers.gdf_header import gdf_events
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.recording_paths import bids_events_path
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["check_events_inside", "detect_omitted_annotations", "omitted_events"]

# Share of the last task that may be missing. Empirical: if an operator stops a recording during the
# last task, less than half of it is missing; in a truncated file, more is missing.
TOLERATED_MISSING_SHARE = 0.5

Event = tuple[float, str]


def detect_omitted_annotations(
    open_raw: Callable[[], mne.io.BaseRaw],
) -> tuple[mne.io.BaseRaw, bool]:
    """Open a recording, and detect whether MNE omitted annotations outside it.

    Parameters
    ----------
    open_raw : callable
        Opens the recording, with MNE's warnings enabled.

    Returns
    -------
    raw : mne.io.Raw
        The recording.
    omitted : bool
        Whether the file has annotations that are not in ``raw``.
    """
    logger = logging.getLogger("mne")
    logger.addFilter(_suppress)  # MNE has to issue its warnings, but not to log them
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            raw = open_raw()
    finally:
        logger.removeFilter(_suppress)
    return raw, any(str(warning.message).startswith("Omitted") for warning in caught)


def _suppress(_: logging.LogRecord) -> bool:
    return False


def omitted_events(raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout) -> list[Event]:
    """Return the annotations of a file that are outside its recording, which MNE omits.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file, whose annotations are read again.
    layout : RecordingsLayout
        With the format, which may be BIDS.

    Returns
    -------
    list of (float, str)
        Time after the first sample of the recording (s), and description.
    """
    end = raw.n_times / raw.info["sfreq"]
    try:
        events = _events_of_bids(path) if layout.format == "bids" else _events_of_file(raw, path)
    except Exception:  # a format whose annotations MNE cannot read separately
        warnings.warn(
            f"{path} has annotations outside the recording, which ends at {end:.2f} s: it may be "
            "truncated.",
            BCIDannWarning,
            stacklevel=2,
        )
        return []
    return [(onset, name) for onset, name in events if not 0 <= onset < end]


def check_events_inside(
    cues: pd.DataFrame, raw: mne.io.BaseRaw, path: Path, interval: tuple[float, float]
) -> None:
    """Raise an error if a recording ends too long before the end of a task.

    Parameters
    ----------
    cues : pandas.DataFrame
        The cues of the recording, including those outside it.
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file.
    interval : tuple of float
        Start and end of a task after its event (s).

    Raises
    ------
    DataError
        When at least half a task is beyond the end of the recording.
    """
    start, stop = interval
    end = raw.n_times / raw.info["sfreq"]
    onsets = cues["sample"] / raw.info["sfreq"]
    for onset, name in zip(onsets, cues["event"], strict=True):
        if onset + stop - end >= TOLERATED_MISSING_SHARE * (stop - start):
            raise DataError(
                f"{path} is truncated: the event {name!r} at {onset:.2f} s has a task until "
                f"{onset + stop:.2f} s, but the recording ends at {end:.2f} s. "
                "Copy the file again from its source, or leave it out with `exclude`."
            )


def _events_of_bids(path: Path) -> Iterable[Event]:
    import mne_bids

    events = mne_bids.events_file_to_annotation_kwargs(bids_events_path(path), verbose="error")
    return zip(events["onset"].tolist(), map(str, events["description"]), strict=True)


def _events_of_file(raw: mne.io.BaseRaw, path: Path) -> Iterable[Event]:
    suffix = path.suffix.lower()
    if suffix == ".gdf":  # MNE returns no annotations of it, and does not say so
        return gdf_events(path)
    file = _marker_file(path) if suffix == ".vhdr" else path
    # MNE searches a whole EDF file for annotations, and may find some in the samples, so any bytes
    # have to be accepted
    encoding = "latin-1" if suffix in (".edf", ".bdf") else "utf8"
    annotations = mne.read_annotations(file, sfreq=raw.info["sfreq"], encoding=encoding)
    return zip(annotations.onset - raw.first_time, annotations.description, strict=True)


def _marker_file(path: Path) -> Path:
    """Return the marker file named in a BrainVision header, or the default one."""
    header = path.read_text(encoding="latin-1")
    named = re.search(r"^MarkerFile\s*=\s*(.+?)\s*$", header, flags=re.MULTILINE)
    file = path.with_name(named[1].replace("$b", path.stem)) if named else path
    return file if file.is_file() else path.with_suffix(".vmrk")
