"""Files of named arrays beside the records of a run, which can be computed again."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import write_atomically

__all__ = ["read_array_file", "write_array_file"]

# How NumPy reports that a file is missing, incomplete or damaged.
UNREADABLE = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)


def write_array_file(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays to a ``.npz`` file, atomically.

    Parameters
    ----------
    path : pathlib.Path
        The file; an earlier one is replaced.
    arrays : mapping of str to ndarray or str
        By name.

    Raises
    ------
    ResultsError
        When the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_atomically(path, buffer.getvalue())


def read_array_file(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read the arrays of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict of str to ndarray, or None
        By name; ``None`` where the file is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except UNREADABLE:
        return None
