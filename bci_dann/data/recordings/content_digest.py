"""Digests of the content of files, cached for files that have not changed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from bci_dann.data.cache import cache_root
from bci_dann.exceptions import DataError

__all__ = ["content_digest"]

# Hexadecimal digits of a digest: 128 bits.
DIGITS = 32

# Digests of files that were modified less than this time ago (s) are not cached: such a file may
# change again with the same modification time. FAT has the coarsest clock, with 2 s.
SETTLED_SECONDS = 3.0


def content_digest(file: Path) -> str:
    """Return a digest of all bytes of a file.

    The digest is cached with the size, inode and times of the file. At least one of them changes
    with the content, even if a program resets the modification time, so a file is read
    again only after a change.

    Parameters
    ----------
    file : pathlib.Path
        The file, or a link to it.

    Returns
    -------
    str
        The digest, which does not depend on the location and the times of the file.

    Raises
    ------
    DataError
        When the file cannot be read.
    """
    try:
        state = _state(file.stat())
        path_hash = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()
        cached = cache_root() / "digests" / path_hash
        known = _cached_digest(cached, state)
        if known is not None:
            return known
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, hashlib.blake2b).hexdigest()[:DIGITS]
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from error
    if time.time_ns() - max(state[2:]) > SETTLED_SECONDS * 1e9:
        with suppress(OSError):  # without the cache, files are only read again
            cached.parent.mkdir(parents=True, exist_ok=True)
            cached.write_text(json.dumps([state, digest]))
    return digest


def _state(stat: os.stat_result) -> list[int]:
    return [stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns]


def _cached_digest(cached: Path, state: list[int]) -> str | None:
    """Return the digest in the cache, if the file still has the same state."""
    with suppress(OSError, ValueError, TypeError):
        known_state, digest = json.loads(cached.read_bytes())
        if known_state == state and isinstance(digest, str):
            return digest
    return None
