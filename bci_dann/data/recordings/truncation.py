"""Detection of recordings that end before the tasks of their events do."""

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

# Share of a task that may be missing at the end. Empirical: an operator who stops a recording
# during the last task loses less than half of it, and a file that was cut short loses more.
TOLERATED_MISSING_SHARE = 0.5

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


def omitted_events(raw: mne.io.BaseRaw, path: Path, layout: RecordingsLayout) -> list[Event]:
    """Return the annotations of a file that lie outside of its recording, which MNE leaves out.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file, whose annotations are read again.
    layout : RecordingsLayout
        Whether it is a file of BIDS.

    Returns
    -------
    list of (float, str)
        Time after the first sample of the recording (s), and name.
    """
    end = raw.n_times / raw.info["sfreq"]
    try:
        events = _events_of_bids(path) if layout.format == "bids" else _events_of_file(raw, path)
    except Exception:  # a format whose annotations MNE cannot read by themselves
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
    """Raise an error if a recording ends before the tasks of its events do.

    Parameters
    ----------
    cues : pandas.DataFrame
        The cues of the recording, also those outside of it.
    raw : mne.io.Raw
        The recording.
    path : pathlib.Path
        Its file.
    interval : tuple of float
        Start and end of a task after its event (s).

    Raises
    ------
    DataError
        When half a task or more lies beyond the end.
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
    # MNE searches a whole EDF file for annotations, and finds some in the samples: any bytes have
    # to be readable
    encoding = "latin-1" if suffix in (".edf", ".bdf") else "utf8"
    annotations = mne.read_annotations(file, sfreq=raw.info["sfreq"], encoding=encoding)
    return zip(annotations.onset - raw.first_time, annotations.description, strict=True)


def _marker_file(path: Path) -> Path:
    """Return the marker file that a BrainVision header names, or the usual one."""
    header = path.read_text(encoding="latin-1")
    named = re.search(r"^MarkerFile\s*=\s*(.+?)\s*$", header, flags=re.MULTILINE)
    file = path.with_name(named[1].replace("$b", path.stem)) if named else path
    return file if file.is_file() else path.with_suffix(".vmrk")
