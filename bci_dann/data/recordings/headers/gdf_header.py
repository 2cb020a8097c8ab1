"""Checks of GDF files that MNE does not make, and events that MNE omits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["check_gdf_file", "gdf_events"]

# Layout of a GDF header (Schlögl 2006, arXiv:cs/0608052). A fixed part has these fields at the same
# bytes in versions 1 and 2, but with different data types. The fields of the signals follow: one
# field of all signals after another. The number of samples per record and the data type of a sample
# start at these bytes times the number of signals.
FIXED_BYTES = 256
VERSION_AT, HEADER_SIZE_AT, N_RECORDS_AT, DURATION_AT, N_SIGNALS_AT = 4, 184, 236, 244, 252
SAMPLES_AT, TYPE_AT = 216, 220

# Versions from which the header has the data types of version 2, and from which the sampling
# frequency of the event table is a float instead of an integer of three bytes.
FIRST_OF_VERSION_2, FIRST_WITH_FLOAT_RATE = 1.9, 1.94

# Bytes of a sample by data type.
TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 16: 4, 17: 8, 18: 16, 279: 3, 535: 3}

# Relative difference of sampling frequencies that may be due to rounding: old event tables state
# the frequency in whole Hz.
RATE_TOLERANCE = 0.005


@dataclass(frozen=True)
class _Header:
    """The fields that are checked: start of the event table, and rate of the first signal."""

    version: float
    events_at: int
    sfreq: float


@dataclass(frozen=True)
class _EventTable:
    """Samples (from 0) and codes of events; the rate is 0 if the table does not state it."""

    sfreq: float
    samples: NDArray[np.int_]
    codes: NDArray[np.int_]


def check_gdf_file(path: Path) -> None:
    """Refuse a GDF file that is truncated, or whose events have another sampling frequency.

    Parameters
    ----------
    path : pathlib.Path
        The file; other formats pass.

    Raises
    ------
    DataError
        When the file is truncated, so that the events at its end are lost, or when the sampling
        frequency of the events differs from that of the signals, which MNE ignores.
    OSError, ValueError, IndexError
        When the header cannot be read.
    """
    if path.suffix.lower() != ".gdf":
        return
    header = _read_header(path)
    actual = path.stat().st_size
    if actual < header.events_at:
        raise DataError(
            f"{path} is truncated: it has {actual} bytes, and {header.events_at} before the table "
            "of events according to its header. Copy the file again from its source, or leave it "
            "out with `exclude`."
        )
    table = _read_events(path, header)
    if table.sfreq and abs(table.sfreq / header.sfreq - 1) > RATE_TOLERANCE:
        raise DataError(
            f"{path} counts its events at {table.sfreq:g} Hz and its signals at "
            f"{header.sfreq:g} Hz, so that cues would be read at wrong times. Export it with one "
            "sampling frequency, or leave it out with `exclude`."
        )


def gdf_events(path: Path) -> list[tuple[float, str]]:
    """Return all events of a GDF file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    list of (float, str)
        Time after the first sample (s), and code.
    """
    header = _read_header(path)
    table = _read_events(path, header)
    onsets = table.samples / header.sfreq
    return list(zip(onsets.tolist(), map(str, table.codes.tolist()), strict=True))


def _read_header(path: Path) -> _Header:
    with path.open("rb") as file:
        fixed = file.read(FIXED_BYTES)
        version = float(fixed[VERSION_AT:8])
        is_first = version < FIRST_OF_VERSION_2
        n_signals = _number(fixed, N_SIGNALS_AT, "<u4" if is_first else "<u2")
        n_records = _number(fixed, N_RECORDS_AT, "<i8")
        # version 2 states the length of the header in blocks of 256 bytes
        header_bytes = (
            _number(fixed, HEADER_SIZE_AT, "<i8")
            if is_first
            else _number(fixed, HEADER_SIZE_AT, "<u2") * 256
        )
        fields = file.read(FIXED_BYTES * n_signals)
    numerator, denominator = np.frombuffer(fixed, "<u4", 2, DURATION_AT).tolist()
    samples = np.frombuffer(fields, "<i4", n_signals, SAMPLES_AT * n_signals).tolist()
    types = np.frombuffer(fields, "<i4", n_signals, TYPE_AT * n_signals).tolist()
    if n_records < 0:
        raise DataError(
            f"{path} was not closed after the recording, so its header does not state its length. "
            "Export it again, or leave it out with `exclude`."
        )
    record_bytes = sum(n * TYPE_BYTES[kind] for n, kind in zip(samples, types, strict=True))
    # a duration of 0 means one second, as in MNE
    seconds = numerator / denominator if numerator else 1.0
    return _Header(version, header_bytes + n_records * record_bytes, max(samples) / seconds)


def _read_events(path: Path, header: _Header) -> _EventTable:
    with path.open("rb") as file:
        file.seek(header.events_at)
        content = file.read()
    if len(content) < 8:  # no table
        return _EventTable(0.0, np.zeros(0, int), np.zeros(0, int))
    three_bytes = int.from_bytes(content[1:4], "little")  # frequency, later number of events
    if header.version < FIRST_WITH_FLOAT_RATE:
        sfreq, n_events = float(three_bytes), _number(content, 4, "<u4")
    else:
        sfreq, n_events = float(np.frombuffer(content, "<f4", 1, 4)[0]), three_bytes
    samples = np.frombuffer(content, "<u4", n_events, 8).astype(int) - 1  # counted from 1
    codes = np.frombuffer(content, "<u2", n_events, 8 + 4 * n_events).astype(int)
    return _EventTable(sfreq, samples, codes)


def _number(content: bytes, offset: int, kind: str) -> int:
    return int(np.frombuffer(content, kind, 1, offset)[0])
