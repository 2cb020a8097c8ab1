"""File lock for runs that share a results folder, while they rewrite common files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bci_dann.exceptions import ResultsError

__all__ = ["folder_lock"]

LOCK_FILE = ".lock"
# How long to wait for other runs (s). The lock is held while the table of all records is written,
# which takes a minute for ten thousand records.
LOCK_TIMEOUT_S = 600.0


@contextmanager
def folder_lock(folder: Path, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Prevent other runs from rewriting the files of a results folder during a ``with`` block.

    The operating system releases the lock when the process ends, even if it is killed. On file
    systems without locks, the lock is a file with the number of the process.

    Parameters
    ----------
    folder : pathlib.Path
        The results folder; created if it does not exist.
    timeout_s : float
        How long to wait for another run (s).

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    ResultsError
        When the folder cannot be written to, or another run does not release the lock.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK_FILE
    lock = FileLock(path, timeout=timeout_s)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise ResultsError(
            f"another run has been writing to {folder} for {timeout_s:g} s. Wait until it has "
            f"ended and give the same command again; if no other run exists, delete {path}."
        ) from None
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. Existing files are unchanged: "
            "free some space, or check the permissions, and give the same command again."
        ) from error
    try:
        yield
    finally:
        lock.release()
