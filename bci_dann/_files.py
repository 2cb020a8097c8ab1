"""Writing of files: checked before the work, and in one step after it."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path

from bci_dann.exceptions import ConfigError, ResultsError

__all__ = ["check_folder_of", "check_writable", "remove_abandoned", "write_atomically"]

# Seconds after which a temporary file, which is written in one go, belongs to a writer that was
# killed: an hour allows for the clocks of a network file system.
ABANDONED_S = 3600.0
TEMPORARY = ".part"


def check_folder_of(path: Path) -> Path:
    """Return the path of a file to be written, once its folder is seen to exist.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    ConfigError
        When there is no such folder, or a folder has the name of the file.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file in it.")
    if not path.parent.is_dir():
        raise ConfigError(
            f"the folder of {path} does not exist. Make it (`mkdir -p {path.parent}`), or name "
            "another file."
        )
    return path


def check_writable(folder: Path) -> None:
    """Raise if files cannot be written to a folder, before the work of which they are the result.

    Parameters
    ----------
    folder : pathlib.Path
        The folder, which may not exist yet; nothing is created.

    Raises
    ------
    ResultsError
        When the folder, or the nearest folder above it that exists, is a file or is read-only.
    """
    absolute = folder.absolute()
    existing = next(path for path in (absolute, *absolute.parents) if path.exists())
    if not existing.is_dir():
        raise ResultsError(
            f"{folder} cannot be a folder, because {existing} is a file. Choose another folder."
        )
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ResultsError(
            f"{folder} cannot be written to: {existing} is read-only for this user. Check the "
            "permissions, or choose another folder."
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the content of a file in one step.

    The content goes into a temporary file of the same folder, reaches the disk, and is then
    renamed. A crash or a full disk leaves the existing file, and several writers never mix.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made where it is missing.
    content : bytes
        All of the new content.

    Raises
    ------
    ResultsError
        When the file cannot be written; its existing content, if any, is unchanged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except (FileExistsError, NotADirectoryError) as error:
        raise ResultsError(
            f"{path} cannot be written, because {path.parent} is a file, or is in one. Choose "
            "another folder."
        ) from error
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror or error}. What was there before is "
            "unchanged: free some space, or check the permissions, and give the same command again."
        ) from error


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of writers that were killed.

    Parameters
    ----------
    folder : pathlib.Path
        A folder that :func:`write_atomically` writes to; it need not exist.
    """
    for path in folder.glob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


def _replace(path: Path, content: bytes) -> None:
    # one name for each writer, in the same folder, so that the renaming is one step
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY}")
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
