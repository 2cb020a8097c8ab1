"""Reading one recording, and saying plainly what is wrong with it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import mne
import numpy as np

from bci_dann.data.montages import standard_montage
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.recordings.truncation import check_events_inside, noting_omissions
from bci_dann.exceptions import BCIDannError, DataError

__all__ = ["apply_layout", "open_recording", "read_recording"]

# bytes a sample
RECORD_FORMATS = {".edf": 2, ".bdf": 3}


def open_recording(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    """Open a recording without reading its samples.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        Channel names to change or drop, and what the events mean.

    Returns
    -------
    mne.io.Raw
        EEG channels only, with annotations exactly as in the file.

    Raises
    ------
    DataError
        When the file is shorter than its header says or its events need, or MNE cannot
        read it.
    """
    _check_length(path)
    raw, omitted = _attempt(path, noting_omissions, partial(_open, path, layout))
    _annotate_triggers(raw)
    check_events_inside(raw, path, layout, omitted)
    return _renamed(raw, layout, path)


def read_recording(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    """Read a recording: samples in volt, electrode positions, classes as annotations.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    layout : RecordingsLayout
        How to understand it.

    Returns
    -------
    mne.io.Raw
        Its annotations are named as the classes, beside those that mark bad segments.

    Raises
    ------
    DataError
        As in `open_recording`.
    """
    return _loaded(open_recording(path, layout), layout, path)


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
    return _loaded(_renamed(raw, layout, name), layout, name)


def _loaded(raw: mne.io.BaseRaw, layout: RecordingsLayout, name: Path | str) -> mne.io.BaseRaw:
    """Load samples in place, with the layout's unit, positions and classes."""
    _attempt(name, raw.load_data, verbose="error")
    if layout.unit_scale != 1.0:
        scale = layout.unit_scale
        raw.apply_function(lambda x: x * scale, picks="eeg", channel_wise=False, verbose="error")
    if layout.montage is not None:
        montage = standard_montage(layout.montage)
        raw.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")
    return raw.set_annotations(_classes_only(raw.annotations, layout))


def _open(path: Path, layout: RecordingsLayout) -> mne.io.BaseRaw:
    if layout.format == "bids":
        import mne_bids

        bids_path = mne_bids.get_bids_path_from_fname(path)
        return mne_bids.read_raw_bids(bids_path, verbose="warning")
    return mne.io.read_raw(path, preload=False, verbose="warning")


def _attempt(path: Path | str, read: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return read(*args, **kwargs)
    except BCIDannError:
        raise
    except Exception as error:  # readers fail in as many ways as files do
        raise DataError(
            f"{path} cannot be read: {type(error).__name__}: {error} "
            "Copy the file again from its source, or leave it out with `exclude`."
        ) from error


def _check_length(path: Path) -> None:
    """Compare an EDF or BDF file with what its header promises; MNE would only warn."""
    sample_bytes = RECORD_FORMATS.get(path.suffix.lower())
    if sample_bytes is None:
        return
    promised = _attempt(path, _promised_bytes, path, sample_bytes)
    actual = path.stat().st_size
    if promised is not None and actual < promised:
        raise DataError(
            f"{path} is truncated: its header promises {promised} bytes and it has {actual}. "
            "Copy the file again from its source, or leave it out with `exclude`."
        )


def _promised_bytes(path: Path, sample_bytes: int) -> int | None:
    """Return the length of a complete file, or None where the header does not know it."""
    with path.open("rb") as file:
        head = file.read(256)
        n_header, n_records, n_signals = int(head[184:192]), int(head[236:244]), int(head[252:256])
        file.seek(256 + 216 * n_signals)  # past the other fields of each signal
        samples = [int(file.read(8)) for _ in range(n_signals)]
    if n_records < 0:  # a recording that was never closed
        return None
    return n_header + n_records * sum(samples) * sample_bytes


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


def _renamed(raw: mne.io.BaseRaw, layout: RecordingsLayout, path: Path | str) -> mne.io.BaseRaw:
    raw.drop_channels([name for name in layout.drop if name in raw.ch_names])
    if not len(mne.pick_types(raw.info, eeg=True, exclude=[])):
        raise DataError(f"{path} has no EEG channels; it has {', '.join(raw.ch_names)}.")
    raw.pick("eeg", exclude=[], verbose="error")
    here = {old: new for old, new in layout.rename.items() if old in raw.ch_names}
    _attempt(path, raw.rename_channels, here, verbose="error")
    return raw


def _classes_only(annotations: mne.Annotations, layout: RecordingsLayout) -> mne.Annotations:
    kept = annotations.copy()
    unused = [
        index
        for index, name in enumerate(kept.description)
        if name not in layout.events and not name.lower().startswith("bad")
    ]
    kept.delete(unused)
    return kept.rename(
        {name: layout.events[name] for name in set(kept.description) if name in layout.events}
    )
