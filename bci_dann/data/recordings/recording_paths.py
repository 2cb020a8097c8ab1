"""Names of single recordings that do not depend on how their path is spelled."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["bids_events_path", "recording_name"]

# Enough of either end (bytes) to tell recordings apart without reading them whole.
SAMPLE = 2**16

# Where BrainVision, EEGLAB and Curry keep samples and markers beside a header.
COMPANIONS = (".eeg", ".vmrk", ".fdt", ".dat")


def bids_events_path(path: Path) -> Path:
    """Return where BIDS has the events of a recording; the file need not exist.

    Parameters
    ----------
    path : pathlib.Path
        The recording.

    Returns
    -------
    pathlib.Path
    """
    return path.with_name(path.stem.rsplit("_", 1)[0] + "_events.tsv")


def recording_name(path: Path) -> str:
    """Return the file's name and a hash of what it holds.

    Parameters
    ----------
    path : pathlib.Path
        A recording: a file, with its samples and markers beside it, or a folder.

    Returns
    -------
    str
        The same for every spelling of the path and every copy of the recording, and another
        for another recording of the same name.
    """
    path = path.resolve()
    beside = [path.with_suffix(suffix) for suffix in COMPANIONS]
    files = path.rglob("*") if path.is_dir() else {path, *beside}
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        digest.update(f"{file.relative_to(path.parent).as_posix()} {file.stat().st_size}".encode())
        digest.update(_ends(file))
    return f"{path.name}-{digest.hexdigest()[:12]}"


def _ends(file: Path) -> bytes:
    with file.open("rb") as stream:
        head = stream.read(SAMPLE)
        stream.seek(max(0, file.stat().st_size - SAMPLE))
        return head + stream.read(SAMPLE)
