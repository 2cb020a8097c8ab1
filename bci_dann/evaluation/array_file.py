"""Files of named arrays in a results folder, and what reading a damaged file can raise.

These files contain nothing that cannot be computed again from the data of the run.
"""

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

__all__ = ["READ_ERRORS", "read_array_file", "write_array_file"]

# Exceptions that reading a missing, truncated or modified ``.npz`` file can raise. RuntimeError is
# that of a damaged header: zipfile reads it as encryption, or as an unknown compression.
READ_ERRORS = (
    *(OSError, ValueError, KeyError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


def write_array_file(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays to a ``.npz`` file, atomically.

    Parameters
    ----------
    path : pathlib.Path
        The file; an existing file is replaced.
    arrays : mapping of str to ndarray or str
        Arrays by name.

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
        Arrays by name; ``None`` if the file is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except READ_ERRORS:
        return None
