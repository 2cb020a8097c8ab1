"""The lock under which runs that share a results folder rewrite the files of all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bci_dann.exceptions import ResultsError

__all__ = ["folder_lock"]

LOCK_FILE = ".lock"
# Seconds to wait for others. The lock is held while a table is made of all records, which takes
# a minute for ten thousand of them.
PATIENCE_S = 600.0


@contextmanager
def folder_lock(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Keep other runs from rewriting the files of a results folder during a block.

    The operating system releases the lock of a process that ends, however it ends. Where a file
    system has no such locks, the lock is a file that names its process.

    Parameters
    ----------
    folder : pathlib.Path
        The results folder; it is made where it is missing.
    patience_s : float
        Time to wait for another run (s).

    Yields
    ------
    None
        While the lock is held.

    Raises
    ------
    ResultsError
        When the folder cannot be written to, or another run holds the lock all the time.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK_FILE
    lock = FileLock(path, timeout=patience_s)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise ResultsError(
            f"another run has been writing to {folder} for {patience_s:g} s. Wait until it has "
            f"ended and give the same command again; if there is none, delete {path}."
        ) from None
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. What was there before is "
            "unchanged: free some space, or check the permissions, and give the same command again."
        ) from error
    try:
        yield
    finally:
        lock.release()
