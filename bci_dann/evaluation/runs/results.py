"""Results folders: manifest, a record for each finished task, and the results table."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._files import remove_abandoned, write_atomically
from bci_dann.data.recordings.natural_order import natural_key
from bci_dann.evaluation.metrics import METRICS, score
from bci_dann.evaluation.runs.folder_lock import folder_lock
from bci_dann.evaluation.runs.manifest import Manifest, differences
from bci_dann.evaluation.runs.records import (
    DIAGNOSTICS,
    Record,
    Task,
    read_record,
    set_aside,
)
from bci_dann.exceptions import BCIDannWarning, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "MANIFEST_FILE", "ROW_KEYS", "ResultsFolder", "results_table"]

# File with the manifest of a results folder.
MANIFEST_FILE = "config.json"
# Columns that identify a row of the results table, by which it is sorted; and all columns.
ROW_KEYS = ("dataset", "pipeline", "protocol", "seed", "subject", "session")
COLUMNS = (
    *ROW_KEYS,
    *("n_train", "n_test", *METRICS, "fit_seconds", *DIAGNOSTICS),
)


class ResultsFolder:
    """Folder with the records of one configuration.

    Runs with further pipelines, protocols, seeds or subjects can add records. The table has those
    of the subjects of the last run.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder; created when it is first used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def table_path(self) -> Path:
        """Path of the results table.

        Returns
        -------
        pathlib.Path
            The file may not exist yet.
        """
        return self.path / "results.csv"

    @property
    def account_path(self) -> Path:
        """Path of the counts of used and unused cues.

        Returns
        -------
        pathlib.Path
            The file may not exist yet.
        """
        return self.path / "account.csv"

    def resolved(self) -> ResultsFolder:
        """Return the same folder with an absolute path.

        Returns
        -------
        ResultsFolder
            Independent of the working directory.
        """
        return ResultsFolder(self.path.resolve())

    def record_path(self, task: Task) -> Path:
        """Return the path of the record of a task.

        Parameters
        ----------
        task : Task
            The task.

        Returns
        -------
        pathlib.Path
            A file named by the key of the task.
        """
        return self.path / "records" / f"{task.key}.npz"

    def read(self, task: Task) -> Record | None:
        """Read the record of a task.

        Parameters
        ----------
        task : Task
            The task.

        Returns
        -------
        Record or None
            ``None`` if there is no record or, with a warning, if it is damaged.
        """
        return read_record(self.record_path(task), task)

    def missing(self, tasks: Iterable[Task]) -> list[Task]:
        """Return the tasks without a record; damaged records are renamed, with a warning.

        Parameters
        ----------
        tasks : iterable of Task
            The tasks.

        Returns
        -------
        list of Task
            In the given order.
        """
        found = []
        for task in tasks:
            aside = set_aside(self.record_path(task), task)
            if aside is not None:
                warnings.warn(
                    f"the record of {task.label} was damaged: the task is computed again, and the "
                    f"damaged file was renamed to {aside}",
                    BCIDannWarning,
                    stacklevel=2,
                )
            if aside is not None or self.read(task) is None:
                found.append(task)
        return found

    def finished(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Record]]:
        """Read the records of those tasks that have one.

        Parameters
        ----------
        tasks : iterable of Task
            The tasks.

        Yields
        ------
        tuple of (Task, Record)
            In the given order.
        """
        for task in tasks:
            record = self.read(task)
            if record is not None:
                yield task, record

    def locked(self) -> AbstractContextManager[None]:
        """Prevent other runs from rewriting the files of this folder during a ``with`` block.

        Returns
        -------
        context manager
            Records need no lock, because each is written atomically to its own file.

        Raises
        ------
        ResultsError
            When the folder cannot be written to, or another run does not release the lock.
        """
        return folder_lock(self.path)

    def merged(self, new: Manifest) -> Manifest:
        """Return the manifest of the folder combined with that of a run, without writing it.

        Parameters
        ----------
        new : Manifest
            Manifest of the run.

        Returns
        -------
        Manifest
            With the pipelines, protocols and seeds of both.

        Raises
        ------
        ResultsError
            When the folder has results of another configuration or of other recordings.
        """
        stored = self.manifest()
        if stored is None:
            return new
        changed = list(differences(stored, new))
        if changed:
            raise ResultsError(
                f"{self.path} has results of another configuration:\n  "
                + "\n  ".join(changed)
                + "\nChoose another folder with --out, or restore the earlier values of these keys."
            )
        if None not in (stored.recordings, new.recordings) and stored.recordings != new.recordings:
            raise ResultsError(
                f"{self.path} has results of other recordings: --data-dir is another folder, or "
                "files in it have changed. Choose another folder with --out, or give the same "
                "--data-dir with unchanged files."
            )
        return Manifest(
            fixed=new.fixed,
            pipelines={**stored.pipelines, **new.pipelines},
            protocols=_union(stored.protocols, new.protocols),
            seeds=_union(stored.seeds, new.seeds),
            recordings=new.recordings or stored.recordings,
            data_key=new.data_key or stored.data_key,
            versions=new.versions or stored.versions,
            subjects=new.subjects or stored.subjects,
        )

    def open(self, new: Manifest) -> Manifest:
        """Prepare the folder for the results of a run, and write its manifest.

        Parameters
        ----------
        new : Manifest
            Manifest of the run.

        Returns
        -------
        Manifest
            See :meth:`merged`.

        Raises
        ------
        ResultsError
            For the reasons of :meth:`merged`, or when the folder cannot be written to.
        """
        self.merged(new)  # raises before anything in the folder is changed
        with self.locked():
            merged = self.merged(new)
            text = json.dumps(vars(merged), indent=2) + "\n"
            write_atomically(self.path / MANIFEST_FILE, text.encode())
        for folder in (self.path, self.path / "records"):
            remove_abandoned(folder)
        return merged

    def write_table(self, table: pd.DataFrame) -> None:
        """Write ``results.csv``.

        Parameters
        ----------
        table : pandas.DataFrame
            The result of :func:`results_table`.

        Raises
        ------
        ResultsError
            When it cannot be written.
        """
        write_atomically(self.table_path, table.to_csv(index=False).encode())

    def write_account(self, account: pd.DataFrame | None) -> None:
        """Write ``account.csv``, the counts of used and unused cues of each recording.

        Parameters
        ----------
        account : pandas.DataFrame or None
            In the form of ``EEGTrials.account``.

        Raises
        ------
        ResultsError
            When it cannot be written.
        """
        if account is not None:
            write_atomically(self.account_path, account.to_csv(index=False).encode())

    def account(self) -> pd.DataFrame | None:
        """Read ``account.csv``.

        Returns
        -------
        pandas.DataFrame or None
            In the form of ``EEGTrials.account``; ``None`` for folders of older versions.
        """
        from bci_dann.data.screening.cues import read_account

        return read_account(self.account_path)

    def manifest(self) -> Manifest | None:
        """Read the manifest of the folder.

        Returns
        -------
        Manifest or None
            ``None`` if the folder has no results yet.

        Raises
        ------
        ResultsError
            When the folder is a file, or the manifest cannot be read.
        """
        path = self.path / MANIFEST_FILE
        if self.path.is_file():
            raise ResultsError(
                f"{self.path} is a file, and results are in a folder: give the folder of a run, or "
                "choose a folder for a new run with --out."
            )
        try:
            return Manifest(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ResultsError(
                f"{path} cannot be read: {error}. Choose another folder with --out, or delete "
                "this file if the folder's records are of this configuration."
            ) from error


def results_table(finished: Iterable[tuple[Task, Record]]) -> pd.DataFrame:
    """Return one row for each task and session.

    Parameters
    ----------
    finished : iterable of (Task, Record)
        Tasks with their records, in any order.

    Returns
    -------
    pandas.DataFrame
        The columns :data:`COLUMNS`, sorted by dataset, pipeline, protocol, seed, subject and
        session. As in MOABB, each session is scored separately. ``ess`` and ``domain_auc`` are
        available for methods that weight source trials, otherwise NaN. ``attrs`` has ``n_classes``,
        which :func:`bci_dann.evaluation.summarise` needs for the chance level, but not for
        pseudo-online runs, because their windows overlap.
    """
    import pandas as pd

    pairs = list(finished)
    rows = [row for task, record in pairs for row in _rows(task, record)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.sort_values(list(ROW_KEYS), ignore_index=True, key=_sort_keys)
    if pairs and not pairs[0][1].windows:
        table.attrs["n_classes"] = len(pairs[0][1].classes)
    return table


def _rows(task: Task, record: Record) -> Iterator[dict[str, Any]]:
    for session in sorted(set(record.sessions.tolist())):
        in_session = record.sessions == session
        yield {
            "dataset": task.dataset,
            "pipeline": task.pipeline.name,
            "protocol": task.protocol,
            "seed": task.seed,
            "subject": task.subject,
            "session": session,
            "n_train": record.n_train,
            "n_test": int(in_session.sum()),
            **_scores_of(record, in_session),
            "fit_seconds": record.fit_seconds,
            **{name: record.diagnostics.get(name, math.nan) for name in DIAGNOSTICS},
        }


def _scores_of(record: Record, trials: NDArray[np.bool_]) -> dict[str, float]:
    return score(record.probabilities[trials], record.truth[trials], record.classes.tolist())


def _sort_keys(column: pd.Series) -> pd.Series:
    """Return sort keys: the values, and for subjects their natural order."""
    return column.map(natural_key) if column.name == "subject" else column


def _union(stored: list[Any], new: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*stored, *new]))
