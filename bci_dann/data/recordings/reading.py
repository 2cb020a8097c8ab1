"""Reading of one recording with MNE, with error messages that name the file and the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pandas as pd

from bci_dann.data.channels.channel_account import ChannelAccount
from bci_dann.data.channels.channel_use import account_channels, with_channels
from bci_dann.data.channels.units import scale_of, scale_samples
from bci_dann.data.montages import standard_montage
from bci_dann.data.recordings.epochs_files import as_continuous, is_epochs_file, read_epochs_file
from bci_dann.data.recordings.events import (
    OTHER_TASK,
    annotate_triggers,
    class_annotations,
    class_cues,
    set_annotations,
)
from bci_dann.data.recordings.formats import check_format
from bci_dann.data.recordings.headers.edf_header import check_edf_file
from bci_dann.data.recordings.headers.fif_tags import check_fif_file
from bci_dann.data.recordings.headers.gdf_header import check_gdf_file
from bci_dann.data.recordings.headers.mat_elements import check_mat_file
from bci_dann.data.recordings.headers.samples_file import check_samples_file
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.truncation import (
    check_events_inside,
    detect_omitted_annotations,
    omitted_events,
)
from bci_dann.data.screening.interruptions import mark_missing_samples
from bci_dann.exceptions import BCIDannError, DataError

__all__ = [
    "CuedRecording",
    "apply_layout",
    "check_file",
    "open_recording",
    "read_file",
    "read_recording",
]

# Formats whose readers have a parameter for the encoding, and their error for a wrong encoding.
FORMATS_WITH_ENCODING = (".edf", ".bdf")
UNDECODABLE = "invalid byte in at least one annotations channel"

# Share of the cues of a recording that may contradict each other. Empirical: few markers are sent
# by mistake; if a fifth of the cues contradict each other, the mapping `events` is wrong.
MAX_CONTRADICTING_SHARE = 0.2


@dataclass(frozen=True)
class CuedRecording:
    """A recording, its cues and its channel account.

    Parameters
    ----------
    raw : mne.io.Raw
        The EEG channels, and channels that the reader declares as EEG but that are not, under their
        actual types. The first sample has the number 0. If returned by `read_recording`, the
        annotations are the classes of usable cues, other tasks, bad segments, and interruptions.
    cues : pandas.DataFrame
        All cues; see :func:`bci_dann.data.screening.cues.cue_table`.
    channels : ChannelAccount
        How each channel of the file is used.
    events : dict of str to int
        Number of occurrences of each event, including triggers; most frequent first.
    """

    raw: mne.io.BaseRaw
    cues: pd.DataFrame
    channels: ChannelAccount
    events: dict[str, int]


def open_recording(
    path: Path, layout: RecordingsLayout, other_tasks: Iterable[str] = ()
) -> CuedRecording:
    """Open a recording without reading the samples of its EEG channels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        Channels to rename or drop, and the events that start a task.
    other_tasks : iterable of str
        See `read_recording`.

    Returns
    -------
    CuedRecording
        The recording with the annotations of the file, and triggers as further annotations.

    Raises
    ------
    DataError
        When the file is shorter than its header or its events require, has pauses that MNE
        ignores, or cannot be read.
    """
    check_file(path)
    raw, omitted = read_file(path, detect_omitted_annotations, partial(_open, path, layout))
    read_file(path, check_samples_file, raw, path)
    outside = omitted_events(raw, path, layout) if omitted else []
    cues = _cues(raw, layout, path, outside, other_tasks)
    check_events_inside(cues, raw, path, layout.interval)
    return _with_layout_channels(raw, cues, layout, path)


def check_file(path: Path) -> None:
    """Check the format and the header of a file before MNE reads it.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    DataError
        When the format is not supported, or the file is empty, or damaged in a way that MNE does
        not detect.
    """
    check_format(path)
    if path.is_file() and not path.stat().st_size:
        raise DataError(
            f"{path} is empty. Copy the file again from its source, or leave it out with `exclude`."
        )
    for check in (check_edf_file, check_gdf_file, check_fif_file, check_mat_file):
        read_file(path, check, path)


def read_recording(
    path: Path, layout: RecordingsLayout, other_tasks: Sequence[str] = ()
) -> CuedRecording:
    """Read a recording: samples in volt, electrode positions, classes as annotations.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        Channels, unit, montage and events.
    other_tasks : sequence of str
        Events of tasks that are no cues. They are annotated as
        :data:`~bci_dann.data.recordings.events.OTHER_TASK`.

    Returns
    -------
    CuedRecording
        The recording, with first sample 0 and no measurement date, so that all times are relative
        to the first sample.

    Raises
    ------
    ConfigError
        When the montage is unknown.
    DataError
        See `open_recording`.
    """
    return _loaded(open_recording(path, layout, other_tasks), layout, path, other_tasks)


def apply_layout(
    raw: mne.io.BaseRaw,
    layout: RecordingsLayout,
    name: Path | str,
    other_tasks: Sequence[str] = (),
) -> CuedRecording:
    """Apply a layout to a recording in memory, as `read_recording` does for a file.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording as MNE reads it from a file; not changed.
    layout : RecordingsLayout
        Channels, unit, montage and events.
    name : pathlib.Path or str
        Name of the recording in messages.
    other_tasks : sequence of str
        See `read_recording`.

    Returns
    -------
    CuedRecording
        See `read_recording`.

    Raises
    ------
    DataError
        When it has no EEG channels, or they cannot be renamed.
    """
    raw = raw.copy()
    cues = _cues(raw, layout, name, other_tasks=other_tasks)
    return _loaded(_with_layout_channels(raw, cues, layout, name), layout, name, other_tasks)


def _cues(
    raw: mne.io.BaseRaw,
    layout: RecordingsLayout,
    name: Path | str,
    outside: Sequence[tuple[float, str]] = (),
    other_tasks: Iterable[str] = (),
) -> pd.DataFrame:
    """Add triggers as annotations in place, and find the cues."""
    events = layout.events_of()
    read_file(name, annotate_triggers, raw, [*events, *other_tasks], name)
    cues: pd.DataFrame = read_file(name, class_cues, raw, events, outside)
    contradicting = cues[cues["left_out"] == "contradicting"]
    if len(contradicting) > MAX_CONTRADICTING_SHARE * len(cues):
        first = contradicting.iloc[0]
        raise DataError(
            f"{name}: {len(contradicting)} of {len(cues)} cues are within half a second of a cue "
            "of another class; the first is "
            f"{first['event']!r} at {first['sample'] / raw.info['sfreq']:.2f} s. "
            "Choose `events` with one class per trial, or leave the file out with `exclude`."
        )
    return cues


def _with_layout_channels(
    raw: mne.io.BaseRaw, cues: pd.DataFrame, layout: RecordingsLayout, name: Path | str
) -> CuedRecording:
    """Select and rename channels in place."""
    events = Counter(raw.annotations.description.tolist())
    channels = account_channels(raw, layout, name)
    return CuedRecording(with_channels(raw, channels), cues, channels, dict(events.most_common()))


def _loaded(
    recording: CuedRecording, layout: RecordingsLayout, name: Path | str, other_tasks: Sequence[str]
) -> CuedRecording:
    """Load samples, and apply unit, electrode positions and classes of the layout."""
    raw = recording.raw
    tasks = class_cues(raw, dict.fromkeys(other_tasks, OTHER_TASK))
    annotations = class_annotations(raw, pd.concat([recording.cues, tasks]))
    read_file(name, raw.load_data, verbose="error")
    scale_samples(raw, scale_of(layout.unit_scale, Path(name).as_posix()))
    raw = _from_first_sample(raw)
    if layout.montage is not None:
        montage = standard_montage(layout.montage)
        raw.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")
    set_annotations(raw, *annotations)
    # for MOABB's paradigms; this package considers missing samples of selected channels only
    mark_missing_samples(raw, mne.pick_types(raw.info, eeg=True).tolist())
    return replace(recording, raw=raw)


def _from_first_sample(raw: mne.io.BaseRaw) -> mne.io.BaseRaw:
    """Set first sample 0 and no date; otherwise MOABB adds the time of the first sample twice."""
    if raw.first_samp == 0 and raw.info["meas_date"] is None:
        return raw
    info = raw.info.copy()
    info.set_meas_date(None)
    return mne.io.RawArray(raw.get_data(), info, first_samp=0, copy=None, verbose="error")


def _open(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    takes_encoding = path.suffix.lower() in FORMATS_WITH_ENCODING
    options = {"encoding": layout.encoding} if takes_encoding else {}
    if layout.format == "bids":
        import mne_bids

        bids_path = mne_bids.get_bids_path_from_fname(path)
        return mne_bids.read_raw_bids(bids_path, extra_params=options, verbose="warning")
    if is_epochs_file(path):
        return as_continuous(read_epochs_file(path))
    return mne.io.read_raw(path, preload=False, verbose="warning", **options)


def read_file(path: Path | str, function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a reading function, and convert its errors to a `DataError` that names the file.

    Parameters
    ----------
    path : pathlib.Path or str
        Name of the file in messages.
    function : callable
        The function.
    *args : object
        Its arguments.
    **kwargs : object
        Its keyword arguments.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    DataError
        When the function raises an error; errors of this package keep their type.
    """
    try:
        with np.errstate(all="ignore"):  # damaged samples may be any number
            return function(*args, **kwargs)
    except BCIDannError as error:
        if str(path) in str(error):
            raise
        raise type(error)(f"{path}: {error}") from error
    except Exception as error:  # readers fail in as many ways as files do
        if UNDECODABLE in str(error):
            raise DataError(
                f"{path}: its annotations have a different encoding than assumed. Set `encoding: "
                "latin1` under `recordings`, or the encoding of the program that wrote the file."
            ) from error
        raise DataError(
            f"{path} cannot be read: {type(error).__name__}: {error} "
            "Copy the file again from its source, or leave it out with `exclude`."
        ) from error
