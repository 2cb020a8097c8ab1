"""Prepared trials on disk, under a key of everything that determines them.

A folder holds ``X.npy`` (float32, µV), ``trials.csv`` (subject, session, run, label),
``info.fif`` and ``key.json`` (the parts of the key, for people). Nothing in it is a
pickle. A folder appears whole or not at all, so readers and writers need no lock.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bci_dann.data.trials import METADATA_COLUMNS, EEGTrials
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import mne

__all__ = ["DATA_VERSION", "TrialsWriter", "cache_key", "cache_root", "open_trials", "store"]

# Raise this when the same configuration comes to give other trials.
DATA_VERSION = 1

SIGNALS, TABLE, INFO, KEY = "X.npy", "trials.csv", "info.fif", "key.json"
LABEL = "label"


def cache_root() -> Path:
    """Return the folder for prepared trials: ``BCI_DANN_CACHE``, or the user's cache.

    Returns
    -------
    pathlib.Path
        It need not exist yet.
    """
    given = os.environ.get("BCI_DANN_CACHE")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("bci_dann"))


def cache_key(parts: Mapping[str, Any]) -> str:
    """Return a name for a combination of settings.

    Parameters
    ----------
    parts : mapping
        Anything that JSON can hold; the order of keys does not matter.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(_canonical(parts).encode()).hexdigest()


def _canonical(parts: Mapping[str, Any]) -> str:
    return json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


class TrialsWriter:
    """Collects trials subject by subject in a file, so that memory holds one at a time.

    Parameters
    ----------
    folder : pathlib.Path
        An existing, private folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_trials = 0
        self._file: BinaryIO | None = None
        self._trial_shape: tuple[int, ...] = ()
        self._tables: list[pd.DataFrame] = []
        self._info: mne.Info | None = None

    def add(self, trials: EEGTrials) -> None:
        """Append trials on the same channels and time axis as those before."""
        signals = np.ascontiguousarray(trials.X, dtype=np.float32)
        with _told_as_data_error(self.folder.parent):
            self._append(signals, trials.info)
        self.n_trials += len(signals)
        table = trials.metadata[list(METADATA_COLUMNS)].astype(str)
        self._tables.append(table.assign(**{LABEL: trials.y}))

    def _append(self, signals: NDArray[np.float32], info: mne.Info) -> None:
        if self._file is None:
            self._trial_shape, self._info = signals.shape[1:], info
            self._file = (self.folder / SIGNALS).open("wb")
            self._write_header()
        if signals.shape[1:] != self._trial_shape:
            raise ValueError(f"trials of shape {signals.shape[1:]} after {self._trial_shape}")
        self._file.write(signals.data)

    def finish(self, parts: Mapping[str, Any]) -> None:
        """Write what is known only at the end: the number of trials, the table, the key."""
        if self._file is None or self._info is None:
            raise DataError("there are no trials to store.")
        with _told_as_data_error(self.folder.parent):
            self._file.seek(0)
            self._write_header()
            self._file.close()
            table = pd.concat(self._tables, ignore_index=True)
            table.to_csv(self.folder / TABLE, index=False)
            _write_info(self.folder / INFO, self._info)
            (self.folder / KEY).write_text(json.dumps(parts, indent=1, sort_keys=True))

    def discard(self) -> None:
        """Let go of a file that was not finished; harmless after `finish`."""
        if self._file is not None:
            with suppress(OSError):  # a full disk may refuse what is still to be flushed
                self._file.close()

    def _write_header(self) -> None:
        """NumPy leaves room in a header for the first axis to grow, so it can be rewritten."""
        assert self._file is not None
        np.lib.format.write_array_header_1_0(
            self._file,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
                "fortran_order": False,
                "shape": (self.n_trials, *self._trial_shape),
            },
        )


def store(root: Path, parts: Mapping[str, Any], fill: Callable[[TrialsWriter], None]) -> Path:
    """Return the folder of a key, letting ``fill`` write it first where it is new.

    Parameters
    ----------
    root : pathlib.Path
        The cache.
    parts : mapping
        The parts of the key.
    fill : callable
        Called with a `TrialsWriter` when the cache does not have the key.

    Returns
    -------
    pathlib.Path
        A complete folder for `open_trials`.

    Raises
    ------
    DataError
        When the folder cannot be written, for example because the disk is full; nothing
        half-written stays behind.
    """
    folder = root / "trials" / cache_key(parts)
    if folder.is_dir():
        return folder
    with _told_as_data_error(root):
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        _write_draft(draft, parts, fill)
        _publish(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _write_draft(
    draft: Path, parts: Mapping[str, Any], fill: Callable[[TrialsWriter], None]
) -> None:
    writer = TrialsWriter(draft)
    try:
        fill(writer)
        writer.finish(parts)
    finally:
        writer.discard()


def _publish(draft: Path, folder: Path) -> None:
    """Give the draft its name, unless another process was faster with the same content."""
    try:
        draft.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise DataError(f"{folder} cannot be written: {error}.") from error


@contextmanager
def _told_as_data_error(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(_write_failure(place, error)) from error


def _write_failure(place: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full: prepared trials cannot be written to {place}. Free some space, "
            "or choose another folder with BCI_DANN_CACHE."
        )
    return (
        f"prepared trials cannot be written to {place}: {error.strerror or error}. "
        "Choose another folder with BCI_DANN_CACHE."
    )


def open_trials(folder: Path | str) -> EEGTrials:
    """Open prepared trials without reading the signals into memory.

    Parameters
    ----------
    folder : pathlib.Path or str
        A folder that `prepare_trials` returned.

    Returns
    -------
    EEGTrials
        ``X`` is memory-mapped and read-only.

    Raises
    ------
    DataError
        When the folder is missing or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist: prepare the trials again.")
    try:
        return _read(folder)
    except Exception as error:  # damaged files fail in as many ways as they have readers
        raise DataError(
            f"{folder} is damaged ({error}). Delete this folder and run again; "
            "the trials are then prepared anew."
        ) from error


def _read(folder: Path) -> EEGTrials:
    table = pd.read_csv(folder / TABLE, dtype=str, keep_default_na=False)
    labels = table.pop(LABEL).to_numpy(dtype=str)
    signals = np.load(folder / SIGNALS, mmap_mode="r", allow_pickle=False)
    return EEGTrials.trusted(X=signals, y=labels, metadata=table, info=_read_info(folder / INFO))


def _write_info(path: Path, info: mne.Info) -> None:
    import mne

    with mne.use_log_level("error"):
        mne.io.write_info(path, info.copy())  # writing unlocks it, which threads would share


def _read_info(path: Path) -> mne.Info:
    import mne

    return mne.io.read_info(path, verbose="error")
