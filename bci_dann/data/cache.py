"""Cache of prepared trials on disk, under a key of everything that determines them.

The folder of a key contains ``X.npy`` (trials, float32, µV), ``rest.npy`` (rest windows, if there
are any), ``trials.csv`` (subject, session, run and label; with sliding windows also times and
tasks), ``account.csv`` (used and rejected cues of each recording), ``info.fif`` (`mne.Info`) and
``key.json`` (the parts of the key, for users). No file is a pickle. A folder is written under a
temporary name and renamed when it is complete, so readers and writers need no lock.
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

from bci_dann.data.screening.cues import read_account
from bci_dann.data.trials import METADATA_COLUMNS, EEGTrials
from bci_dann.exceptions import DataError

if TYPE_CHECKING:
    import mne

__all__ = ["DATA_VERSION", "TrialsWriter", "cache_key", "cache_root", "open_trials", "store"]

# Part of every key: increase it when a change of this package changes the trials of the same
# configuration, so that trials in existing caches are not used.
DATA_VERSION = 2

SIGNALS_FILE, TABLE_FILE, INFO_FILE, KEY_FILE = "X.npy", "trials.csv", "info.fif", "key.json"
ACCOUNT_FILE, REST_FILE = "account.csv", "rest.npy"
LABEL_COLUMN = "label"


def cache_root(cache_dir: Path | str | None = None) -> Path:
    """Return the folder of the cache: ``BCI_DANN_CACHE``, or the user's cache folder.

    Parameters
    ----------
    cache_dir : path, or None
        Another folder to use instead.

    Returns
    -------
    pathlib.Path
        The folder, which need not exist yet.
    """
    configured = cache_dir or os.environ.get("BCI_DANN_CACHE")
    if configured:
        return Path(configured)
    import platformdirs

    return Path(platformdirs.user_cache_dir("bci_dann"))


def cache_key(parts: Mapping[str, Any]) -> str:
    """Return a hash of settings.

    Parameters
    ----------
    parts : mapping
        Values that JSON supports; the order of keys does not matter.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


class TrialsWriter:
    """Writer of trials to a folder, subject by subject, so that only one is in memory at a time.

    Parameters
    ----------
    folder : pathlib.Path
        An existing, empty folder that no other process writes to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._signals = _RowsFile(folder / SIGNALS_FILE)
        self._rest = _RowsFile(folder / REST_FILE)
        self._tables: list[pd.DataFrame] = []
        self._accounts: list[pd.DataFrame] = []
        self._info: mne.Info | None = None

    def add(self, trials: EEGTrials) -> None:
        """Append trials.

        Parameters
        ----------
        trials : EEGTrials
            Labelled trials with the same channels and samples as the previous ones.

        Raises
        ------
        DataError
            When the folder cannot be written.
        ValueError
            When the shape of the trials differs from that of the previous ones.
        """
        with _os_errors_as_data_errors(self.folder.parent):
            self._signals.add(trials.X)
            if trials.rest is not None:
                self._rest.add(trials.rest)
        self._info = self._info or trials.info
        others = [name for name in trials.metadata if name not in METADATA_COLUMNS]
        table = trials.metadata[[*METADATA_COLUMNS, *others]].astype(str)
        self._tables.append(table.assign(**{LABEL_COLUMN: trials.y}))
        if trials.account is not None:
            self._accounts.append(trials.account)

    def note(self, name: str, content: Any) -> None:
        """Write additional information on the trials to a file in the folder.

        Parameters
        ----------
        name : str
            Name of the file.
        content : object
            A value that JSON supports.

        Raises
        ------
        DataError
            When the folder cannot be written.
        """
        with _os_errors_as_data_errors(self.folder.parent):
            (self.folder / name).write_text(json.dumps(content))

    def finish(self, parts: Mapping[str, Any]) -> None:
        """Complete the folder: the number of trials, the tables and the key.

        Parameters
        ----------
        parts : mapping
            The parts of the key.

        Raises
        ------
        DataError
            When no trials were added, or the folder cannot be written.
        """
        if self._info is None:
            raise DataError("there are no trials to store.")
        with _os_errors_as_data_errors(self.folder.parent):
            self._signals.finish()
            self._rest.finish()
            table = pd.concat(self._tables, ignore_index=True)
            table.to_csv(self.folder / TABLE_FILE, index=False)
            if self._accounts:
                account = pd.concat(self._accounts, ignore_index=True)
                account.to_csv(self.folder / ACCOUNT_FILE, index=False)
            _write_info(self.folder / INFO_FILE, self._info)
            (self.folder / KEY_FILE).write_text(json.dumps(parts, indent=1, sort_keys=True))

    def discard(self) -> None:
        """Close unfinished files; no effect after `finish`."""
        for file in (self._signals, self._rest):
            file.discard()


class _RowsFile:
    """A NumPy file of float32 to which rows are appended; created with the first row."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._n_rows = 0
        self._row_shape: tuple[int, ...] = ()

    def add(self, rows: NDArray[np.float32]) -> None:
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        if self._file is None:
            self._row_shape = rows.shape[1:]
            self._file = self.path.open("wb")
            self._write_header(self._file)
        if rows.shape[1:] != self._row_shape:
            raise ValueError(f"trials of shape {rows.shape[1:]} after {self._row_shape}")
        self._file.write(rows.data)
        self._n_rows += len(rows)

    def finish(self) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._write_header(self._file)
            self._file.close()

    def discard(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # a full disk may refuse to write the buffer
                self._file.close()

    def _write_header(self, file: BinaryIO) -> None:
        """Write the header; NumPy pads it so that it may be rewritten in place."""
        np.lib.format.write_array_header_1_0(
            file,
            {
                "descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)),
                "fortran_order": False,
                "shape": (self._n_rows, *self._row_shape),
            },
        )


def store(root: Path, parts: Mapping[str, Any], fill: Callable[[TrialsWriter], None]) -> Path:
    """Return the folder of a key; if it does not exist, ``fill`` writes it first.

    Parameters
    ----------
    root : pathlib.Path
        The cache.
    parts : mapping
        The parts of the key.
    fill : callable
        Called with a `TrialsWriter` if the key is not in the cache.

    Returns
    -------
    pathlib.Path
        The complete folder, for `open_trials`.

    Raises
    ------
    DataError
        When the folder cannot be written, for example because the disk is full. An
        incomplete folder is removed.
    """
    folder = root / "trials" / cache_key(parts)
    if folder.is_dir():
        return folder
    with _os_errors_as_data_errors(root):
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
    """Rename the draft, unless another process has stored the same content in the meantime."""
    try:
        draft.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise DataError(f"{folder} cannot be written: {error}.") from error


@contextmanager
def _os_errors_as_data_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(_write_error_message(folder, error)) from error


def _write_error_message(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full: prepared trials cannot be written to {folder}. Free some space, "
            "or choose another folder with BCI_DANN_CACHE."
        )
    return (
        f"prepared trials cannot be written to {folder}: {error.strerror or error}. "
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
        Trials whose ``X`` is memory-mapped and read-only.

    Raises
    ------
    DataError
        When the folder is missing or damaged.

    See Also
    --------
    prepare_trials : Creates the folder.
    load_dataset : Creates and opens it in one call.

    Examples
    --------
    >>> from bci_dann.data import DataConfig, Preprocessing, open_trials, prepare_trials
    >>> config = DataConfig(dataset="SimulatedMI", params={"n_subjects": 3, "n_trials": 10})
    >>> trials = open_trials(prepare_trials(config, Preprocessing()))
    >>> type(trials.X).__name__, trials.ch_names[:2]
    ('memmap', ['Fz', 'FC3'])
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist: prepare the trials again.")
    try:
        return _read(folder)
    except Exception as error:  # each reader raises other errors for a damaged file
        raise DataError(
            f"{folder} is damaged ({error}). Delete this folder and run again; "
            "the trials are then prepared again."
        ) from error


def _read(folder: Path) -> EEGTrials:
    table = pd.read_csv(folder / TABLE_FILE, dtype=str, keep_default_na=False)
    labels = table.pop(LABEL_COLUMN).to_numpy(dtype=str)
    signals = np.load(folder / SIGNALS_FILE, mmap_mode="r", allow_pickle=False)
    info = _read_info(folder / INFO_FILE)
    account = read_account(folder / ACCOUNT_FILE)
    rest = None
    if (folder / REST_FILE).is_file():
        rest = np.load(folder / REST_FILE, mmap_mode="r", allow_pickle=False)
    return EEGTrials.trusted(signals, labels, table, info, account, rest)


def _write_info(path: Path, info: mne.Info) -> None:
    """Write channel names with escapes, because MNE's format supports only ASCII characters."""
    import mne

    written = info.copy()  # writing unlocks the info, which other threads might use
    with mne.use_log_level("error"):
        mne.rename_channels(written, lambda name: name.encode("unicode_escape").decode("ascii"))
        mne.io.write_info(path, written)


def _read_info(path: Path) -> mne.Info:
    import mne

    with mne.use_log_level("error"):
        info = mne.io.read_info(path)
        mne.rename_channels(info, lambda name: name.encode("ascii").decode("unicode_escape"))
    return info
