"""Reading one recording with MNE, with errors that name the file and the cure."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np

from bci_dann.data.montages import standard_montage
from bci_dann.data.recordings.channel_account import ChannelAccount
from bci_dann.data.recordings.channels import account_channels, with_channels
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.truncation import check_events_inside, detect_omitted_annotations
from bci_dann.data.recordings.units import scale_of, scale_samples
from bci_dann.exceptions import BCIDannError, DataError

__all__ = [
    "apply_layout",
    "open_recording",
    "open_with_account",
    "read_recording",
    "read_with_account",
]

# Bytes of a sample (EDF: Kemp et al. 1992; BDF is the same with 24 bits).
BYTES_PER_SAMPLE = {".edf": 2, ".bdf": 3}

# What MNE's readers of EDF and BDF say of annotations in another encoding.
UNDECODABLE = "invalid byte in at least one annotations channel"

# Layout of an EDF header (Kemp et al. 1992, doi:10.1016/0013-4694(92)90009-7): a fixed part, of
# which these bytes hold the length of the header, the number of records and the number of
# signals; then the fields of all signals, the samples in each record after these bytes a signal.
EDF_FIXED_BYTES = 256
EDF_HEADER_BYTES, EDF_N_RECORDS, EDF_N_SIGNALS = slice(184, 192), slice(236, 244), slice(252, 256)
EDF_BYTES_BEFORE_SAMPLES, EDF_SAMPLES_BYTES = 216, 8


def open_recording(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    """Open a recording without reading its samples.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        Channels to rename or drop, and the events that start a task.

    Returns
    -------
    mne.io.Raw
        The EEG channels, and with other types those that the reader had taken for EEG;
        annotations exactly as in the file.

    Raises
    ------
    DataError
        When the file is shorter than its header says or its events need, or MNE cannot
        read it.
    """
    return open_with_account(path, layout)[0]


def open_with_account(
    path: Path, layout: RecordingsLayout
) -> tuple[mne.io.BaseRaw, ChannelAccount]:
    """Open a recording, and say what became of each of its channels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        As for `open_recording`.

    Returns
    -------
    raw : mne.io.Raw
        As `open_recording` returns it.
    account : ChannelAccount
        One entry for each channel of the file.

    Raises
    ------
    DataError
        As `open_recording`.
    """
    _check_length(path)
    raw, omitted = _read(path, detect_omitted_annotations, partial(_open, path, layout))
    _annotate_triggers(raw)
    check_events_inside(raw, path, layout, omitted)
    account = account_channels(raw, layout, path)
    return with_channels(raw, account), account


def read_recording(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    """Read a recording: samples in volt, electrode positions, classes as annotations.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        Channels, unit, montage and events.

    Returns
    -------
    mne.io.Raw
        Its annotations are named as the classes, beside those that mark bad segments.

    Raises
    ------
    ConfigError
        When MNE has no such montage.
    DataError
        When the file is shorter than its header says or its events need, or MNE cannot
        read it.
    """
    return read_with_account(path, layout)[0]


def read_with_account(
    path: Path, layout: RecordingsLayout
) -> tuple[mne.io.BaseRaw, ChannelAccount]:
    """Read a recording, and say what became of each of its channels.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        As for `read_recording`.

    Returns
    -------
    raw : mne.io.Raw
        As `read_recording` returns it.
    account : ChannelAccount
        One entry for each channel of the file.

    Raises
    ------
    ConfigError
        As `read_recording`.
    DataError
        As `read_recording`.
    """
    raw, account = open_with_account(path, layout)
    return _loaded(raw, layout, path), account


def apply_layout(raw: mne.io.BaseRaw, layout: RecordingsLayout, name: Path | str) -> mne.io.BaseRaw:
    """Return what `read_recording` makes of a file, of a recording that is in memory.

    Parameters
    ----------
    raw : mne.io.Raw
        As MNE reads it from a file; it is left as it is.
    layout : RecordingsLayout
        How to understand it.
    name : pathlib.Path or str
        What messages call it.

    Returns
    -------
    mne.io.Raw
        Its annotations are named as the classes, beside those that mark bad segments.

    Raises
    ------
    DataError
        When it has no EEG channels, or they cannot be renamed.
    """
    raw = raw.copy()
    _annotate_triggers(raw)
    return _loaded(with_channels(raw, account_channels(raw, layout, name)), layout, name)


def _loaded(raw: mne.io.BaseRaw, layout: RecordingsLayout, name: Path | str) -> mne.io.BaseRaw:
    """Load samples in place, with the layout's unit, positions and classes."""
    _read(name, raw.load_data, verbose="error")
    scale_samples(raw, scale_of(layout.unit_scale, Path(name).as_posix()))
    if layout.montage is not None:
        montage = standard_montage(layout.montage)
        raw.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")
    return raw.set_annotations(_class_annotations(raw.annotations, layout))


def _open(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    options = {"encoding": layout.encoding} if path.suffix.lower() in BYTES_PER_SAMPLE else {}
    if layout.format == "bids":
        import mne_bids

        bids_path = mne_bids.get_bids_path_from_fname(path)
        return mne_bids.read_raw_bids(bids_path, extra_params=options, verbose="warning")
    return mne.io.read_raw(path, preload=False, verbose="warning", **options)


def _read(path: Path | str, function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a reading function, and turn its failure into a `DataError` that names the file."""
    try:
        return function(*args, **kwargs)
    except BCIDannError:
        raise
    except Exception as error:  # readers fail in as many ways as files do
        if UNDECODABLE in str(error):
            raise DataError(_encoding_advice(path)) from error
        raise DataError(
            f"{path} cannot be read: {type(error).__name__}: {error} "
            "Copy the file again from its source, or leave it out with `exclude`."
        ) from error


def _encoding_advice(path: Path | str) -> str:
    return (
        f"{path}: the texts of its annotations are in another encoding than was assumed. Set "
        "`encoding: latin1` under `recordings`, or the encoding of the program that wrote the file."
    )


def _check_length(path: Path) -> None:
    """Compare an EDF or BDF file with the length in its header; MNE would only warn."""
    sample_bytes = BYTES_PER_SAMPLE.get(path.suffix.lower())
    if sample_bytes is None:
        return
    promised = _read(path, _promised_bytes, path, sample_bytes)
    actual = path.stat().st_size
    if promised is not None and actual < promised:
        raise DataError(
            f"{path} is truncated: its header promises {promised} bytes and it has {actual}. "
            "Copy the file again from its source, or leave it out with `exclude`."
        )


def _promised_bytes(path: Path, sample_bytes: int) -> int | None:
    """Return the length of a complete file, or None where the header does not know it."""
    with path.open("rb") as file:
        head = file.read(EDF_FIXED_BYTES)
        n_records, n_signals = int(head[EDF_N_RECORDS]), int(head[EDF_N_SIGNALS])
        file.seek(EDF_FIXED_BYTES + EDF_BYTES_BEFORE_SAMPLES * n_signals)
        samples = [int(file.read(EDF_SAMPLES_BYTES)) for _ in range(n_signals)]
    if n_records < 0:  # a recording that was never closed
        return None
    return int(head[EDF_HEADER_BYTES]) + n_records * sum(samples) * sample_bytes


def _annotate_triggers(raw: mne.io.BaseRaw) -> None:
    """Turn a trigger channel into annotations that are named by the trigger's number."""
    if not len(mne.pick_types(raw.info, stim=True)):
        return
    events = mne.find_events(raw, shortest_event=1, verbose="error")
    if not len(events):
        return
    names = {code: str(code) for code in np.unique(events[:, 2])}
    first, date = raw.first_samp, raw.info["meas_date"]
    triggers = mne.annotations_from_events(
        events, raw.info["sfreq"], names, first_samp=first, orig_time=date, verbose="error"
    )
    raw.set_annotations(raw.annotations + triggers)


def _class_annotations(annotations: mne.Annotations, layout: RecordingsLayout) -> mne.Annotations:
    """Return annotations of the layout's events, named as classes, and of bad segments."""
    selected, events = annotations.copy(), layout.events_of()
    unused = [
        index
        for index, name in enumerate(selected.description)
        if name not in events and not name.lower().startswith("bad")
    ]
    selected.delete(unused)
    return selected.rename(
        {name: events[name] for name in set(selected.description) if name in events}
    )
