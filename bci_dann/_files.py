"""Atomic writing of files: a reader sees the former content or all of the new one."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from bci_dann.exceptions import ResultsError

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step.

    The content goes into a temporary file of the same folder, reaches the disk, and is then
    renamed. A crash or a full disk leaves the former file, and several writers never mix.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made where it is missing.
    content : bytes
        All of the new content.

    Raises
    ------
    ResultsError
        When the file cannot be written; its former content, if any, is unchanged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. What was there before is "
            "unchanged: free some space, or check the permissions, and give the same command again."
        ) from error


def _replace(path: Path, content: bytes) -> None:
    # one name for each writer, in the same folder, so that the renaming is one step
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
