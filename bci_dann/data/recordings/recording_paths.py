"""Names of recordings that depend on their content, and paths of BIDS events."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from bci_dann.data.recordings.companions import is_existing_file, named_by_header
from bci_dann.data.recordings.formats import COMPANION_SUFFIXES

__all__ = ["bids_events_path", "recording_name"]

# Number of bytes at the start and the end of a file that are hashed. They contain the header and
# the first samples, which differ between recordings. Hashing a file of a gigabyte takes
# milliseconds.
HASHED_BYTES = 2**16


def bids_events_path(path: Path) -> Path:
    """Return the path of the BIDS events file of a recording.

    Parameters
    ----------
    path : pathlib.Path
        The recording.

    Returns
    -------
    pathlib.Path
        The path; the file need not exist.
    """
    return path.with_name(path.stem.rsplit("_", 1)[0] + "_events.tsv")


def recording_name(path: Path) -> str:
    """Return the file's name and a hash of its content.

    Parameters
    ----------
    path : pathlib.Path
        A recording: a file, with its companion files, or a folder.

    Returns
    -------
    str
        A name that is the same for copies of the recording and other spellings of the path, and
        different for another recording with the same file name.
    """
    target = path.resolve()
    base = path if _companions(path) else target  # companions may be next to the link or its target
    files = sorted(base.rglob("*")) if base.is_dir() else sorted({base, *_companions(base)})
    digest = hashlib.sha256()
    for file in (file for file in files if file.is_file()):
        name = target.name if file == base else os.path.relpath(file, base.parent)
        digest.update(os.fsencode(f"{Path(name).as_posix()} {file.stat().st_size}"))
        digest.update(_first_and_last_bytes(file))
    return f"{target.name}-{digest.hexdigest()[:12]}"


def _companions(path: Path) -> set[Path]:
    """Return the files with samples and markers next to a header."""
    beside = (path.with_suffix(suffix) for suffix in COMPANION_SUFFIXES)
    return {*filter(is_existing_file, (*beside, *named_by_header(path)))} - {path}


def _first_and_last_bytes(file: Path) -> bytes:
    with file.open("rb") as stream:
        first = stream.read(HASHED_BYTES)
        stream.seek(max(0, file.stat().st_size - HASHED_BYTES))
        return first + stream.read(HASHED_BYTES)
