"""Checks of EDF and BDF files that MNE does not make: length, and pauses between records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bci_dann.exceptions import DataError

__all__ = ["check_edf_file"]

# Bytes of a sample (EDF: Kemp et al. 1992; BDF is the same with 24 bits).
BYTES_PER_SAMPLE = {".edf": 2, ".bdf": 3}

# Layout of an EDF header (Kemp et al. 1992, doi:10.1016/0013-4694(92)90009-7): a fixed part, with
# the length of the header, the kind of EDF+ file, the number and duration of records and the
# number of signals at these bytes; then the fields of all signals, one after another, at
# these bytes per signal.
FIXED_BYTES = 256
HEADER_BYTES, KIND = slice(184, 192), slice(192, 236)
N_RECORDS, DURATION, N_SIGNALS = slice(236, 244), slice(244, 252), slice(252, 256)
LABEL_BYTES, BYTES_BEFORE_SAMPLES, SAMPLES_BYTES = 16, 216, 8

# EDF+ (Kemp and Olivan 2003, doi:10.1016/S1388-2457(03)00123-8): the header states whether a file
# is discontinuous. The time of each record is the first annotation of the first annotation signal,
# for example "+12.5", followed by two bytes 20 and a byte 0.
DISCONTINUOUS = ("EDF+D", "BDF+D")
ANNOTATION_LABELS = ("EDF Annotations", "BDF Annotations")
END_OF_TIME = b"\x14"

# Tolerance of the time of a record compared with that of its samples (s). Empirical: times are
# written with at least three decimals.
TIME_TOLERANCE_S = 0.002


@dataclass(frozen=True)
class _Header:
    """The fields of a header that are checked; numbers of samples are per record."""

    bytes: int
    kind: str
    n_records: int
    duration_s: float
    labels: list[str]
    samples: list[int]

    def record_bytes(self, sample_bytes: int) -> int:
        return sum(self.samples) * sample_bytes


def check_edf_file(path: Path) -> None:
    """Refuse an EDF or BDF file whose length differs from its header, or that has pauses.

    Parameters
    ----------
    path : pathlib.Path
        The file; other formats pass.

    Raises
    ------
    DataError
        When the file is truncated, has more records than its header states, or has pauses between
        its records: MNE reads such a file as if it were continuous, and shifts the trials after
        a pause.
    OSError, ValueError
        When the header cannot be read.
    """
    sample_bytes = BYTES_PER_SAMPLE.get(path.suffix.lower())
    if sample_bytes is None:
        return
    header = _read_header(path)
    if header.n_records < 0:  # a recording that was never closed
        return
    expected = header.bytes + header.n_records * header.record_bytes(sample_bytes)
    actual = path.stat().st_size
    if actual < expected:
        raise DataError(
            f"{path} is truncated: it has {actual} bytes, and {expected} according to its header. "
            "Copy the file again from its source, or leave it out with `exclude`."
        )
    if actual >= expected + header.record_bytes(sample_bytes) > expected:
        raise DataError(
            f"{path} is longer than its header says: it has {actual} bytes, and {expected} "
            "according to its header. The remaining samples and events would be ignored. Export it "
            "again, or leave it out with `exclude`."
        )
    if header.kind.startswith(DISCONTINUOUS):
        _check_continuous(path, header, sample_bytes)


def _read_header(path: Path) -> _Header:
    with path.open("rb") as file:
        head = file.read(FIXED_BYTES)
        n_signals = int(head[N_SIGNALS])
        fields = file.read(FIXED_BYTES * n_signals)
    labels = [fields[i * LABEL_BYTES :][:LABEL_BYTES] for i in range(n_signals)]
    start = BYTES_BEFORE_SAMPLES * n_signals
    samples = [fields[start + i * SAMPLES_BYTES :][:SAMPLES_BYTES] for i in range(n_signals)]
    return _Header(
        bytes=int(head[HEADER_BYTES]),
        kind=head[KIND].decode("latin-1").strip(),
        n_records=int(head[N_RECORDS]),
        duration_s=float(head[DURATION]),
        labels=[label.decode("latin-1").strip() for label in labels],
        samples=[int(text) for text in samples],
    )


def _check_continuous(path: Path, header: _Header, sample_bytes: int) -> None:
    times = _record_times(path, header, sample_bytes)
    expected = times[0] + header.duration_s * np.arange(len(times))
    late = np.flatnonzero(np.abs(times - expected) > TIME_TOLERANCE_S)
    if not len(late):
        return
    first = late[0]
    raise DataError(
        f"{path} is a discontinuous recording ({header.kind[:5]}): after "
        f"{first * header.duration_s:g} s of samples there is a pause of "
        f"{times[first] - expected[first]:g} s. It would be read as if it were continuous, and "
        "trials after the pause would be shifted. Export each continuous part as a separate file "
        "(EDF+C), or leave it out with `exclude`."
    )


def _record_times(path: Path, header: _Header, sample_bytes: int) -> np.ndarray:
    """Return the time of each record (s)."""
    names = [label for label in header.labels if label in ANNOTATION_LABELS]
    if not names:
        raise DataError(
            f"{path} is discontinuous according to its header ({header.kind[:5]}), but has no "
            "times of its records. Export it as EDF+C, or leave it out with `exclude`."
        )
    index = header.labels.index(names[0])
    offset = sum(header.samples[:index]) * sample_bytes
    length = header.samples[index] * sample_bytes
    times = np.empty(header.n_records)
    with path.open("rb") as file:
        for record in range(header.n_records):
            file.seek(header.bytes + record * header.record_bytes(sample_bytes) + offset)
            times[record] = float(file.read(length).partition(END_OF_TIME)[0])
    return times
