"""Safe reading of the files of a model folder, which may come from an untrusted source."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from bci_dann.exceptions import DataError

__all__ = ["MOST_ARRAY_BYTES", "MOST_TEXT_BYTES", "read_model_bytes", "read_model_json"]

# Larger files are refused before they are read. Models of the package have a few megabytes
# of arrays, and a hundred kilobytes of text.
MOST_ARRAY_BYTES = 2**30
MOST_TEXT_BYTES = 2**24


def read_model_bytes(folder: Path, name: str, most_bytes: int) -> bytes:
    """Read a file of a model folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder, which may be a link.
    name : str
        The name of the file.
    most_bytes : int
        Maximum size of the file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    DataError
        When the file is a link to a location outside the folder, not a regular file, or too large;
        it is not read in these cases.
    FileNotFoundError
        When it is missing.
    OSError
        When it cannot be read.
    """
    path = folder / name
    target = path.resolve()
    if not target.is_relative_to(folder.resolve()):
        raise DataError(
            f"{path} is a link to {target}, outside of the model's folder. A model has its files "
            "in one folder: put a copy of the file there."
        )
    status = target.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a regular file, and cannot belong to a model.")
    if status.st_size > most_bytes:
        raise DataError(
            f"{path} has {status.st_size} bytes, and no such file of a model has more than "
            f"{most_bytes}: it is damaged, or belongs to something else."
        )
    return target.read_bytes()


def read_model_json(folder: Path, name: str) -> Any:
    """Read a JSON file of a model folder.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    name : str
        The name of the file.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    DataError
        See :func:`read_model_bytes`.
    ValueError
        When it is not valid JSON.
    FileNotFoundError
        When it is missing.
    OSError
        When it cannot be read.
    """
    content = read_model_bytes(folder, name, MOST_TEXT_BYTES)
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"{name} is nested too deeply") from None
