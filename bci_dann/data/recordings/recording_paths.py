"""Names of recordings that depend on their content, and the files that belong to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

__all__ = ["bids_events_path", "recording_name"]

# Bytes at either end of a file that are hashed. Empirical: they hold the header and the first
# samples, which differ between recordings, and a file of a gigabyte is hashed in milliseconds.
HASHED_BYTES = 2**16

# Files in which BrainVision, EEGLAB and Curry keep samples and markers beside a header.
COMPANION_SUFFIXES = (".eeg", ".vmrk", ".fdt", ".dat")


def bids_events_path(path: Path) -> Path:
    """Return the path at which BIDS keeps the events of a recording.

    Parameters
    ----------
    path : pathlib.Path
        The recording.

    Returns
    -------
    pathlib.Path
        The file need not exist.
    """
    return path.with_name(path.stem.rsplit("_", 1)[0] + "_events.tsv")


def recording_name(path: Path) -> str:
    """Return the file's name and a hash of its content.

    Parameters
    ----------
    path : pathlib.Path
        A recording: a file, with its samples and markers beside it, or a folder.

    Returns
    -------
    str
        Equal for every spelling of the path and every copy of the recording, and different
        for another recording of the same name.
    """
    path = path.resolve()
    digest = hashlib.sha256()
    for file in sorted(file for file in _files_of(path) if file.is_file()):
        digest.update(f"{file.relative_to(path.parent).as_posix()} {file.stat().st_size}".encode())
        digest.update(_first_and_last_bytes(file))
    return f"{path.name}-{digest.hexdigest()[:12]}"


def _files_of(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return path.rglob("*")
    return {path, *(path.with_suffix(suffix) for suffix in COMPANION_SUFFIXES)}


def _first_and_last_bytes(file: Path) -> bytes:
    with file.open("rb") as stream:
        first = stream.read(HASHED_BYTES)
        stream.seek(max(0, file.stat().st_size - HASHED_BYTES))
        return first + stream.read(HASHED_BYTES)
