"""The folder of a run: its configuration, one record a task, and the table made of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._files import write_atomically
from bci_dann.evaluation.metrics import METRICS, score
from bci_dann.evaluation.runs.manifest import Manifest, differences
from bci_dann.evaluation.runs.records import (
    DIAGNOSTICS,
    Record,
    Task,
    read_record,
)
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "ResultsFolder", "results_table"]

COLUMNS = (
    *("dataset", "pipeline", "protocol", "seed", "subject", "session"),
    *("n_train", "n_test", *METRICS, "fit_seconds", *DIAGNOSTICS),
)


class ResultsFolder:
    """Records of one configuration, which may grow by pipelines, protocols, seeds, subjects.

    Parameters
    ----------
    path : str or pathlib.Path
        The folder; it is made on first use.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def table_path(self) -> Path:
        """Where the table of results stands."""
        return self.path / "results.csv"

    def record_path(self, task: Task) -> Path:
        """Return the file of a task's record.

        Parameters
        ----------
        task : Task
            The task.

        Returns
        -------
        pathlib.Path
        """
        return self.path / "records" / f"{task.key}.npz"

    def read(self, task: Task) -> Record | None:
        """Return a task's record, or ``None`` where there is no sound one.

        Parameters
        ----------
        task : Task
            The task.

        Returns
        -------
        Record or None
        """
        return read_record(self.record_path(task), task)

    def finished(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Record]]:
        """Read those of some tasks that have a record.

        Parameters
        ----------
        tasks : iterable of Task
            The tasks.

        Yields
        ------
        tuple of (Task, Record)
            In their order.
        """
        for task in tasks:
            record = self.read(task)
            if record is not None:
                yield task, record

    def merged(self, scope: Manifest) -> Manifest:
        """Return what the folder holds joined with ``scope``, writing nothing.

        Parameters
        ----------
        scope : Manifest
            What is to be run.

        Returns
        -------
        Manifest

        Raises
        ------
        ResultsError
            When the folder holds results of another configuration or of other recordings.
        """
        held = self.held()
        if held is None:
            return scope
        changed = list(differences(held, scope))
        if changed:
            raise ResultsError(
                f"{self.path} holds results of another configuration:\n  "
                + "\n  ".join(changed)
                + "\nChoose another folder with --out, or set these keys as they were."
            )
        if None not in (held.recordings, scope.recordings) and held.recordings != scope.recordings:
            raise ResultsError(
                f"{self.path} holds results of other recordings: --data-dir is another folder, or "
                "files in it have changed. Choose another folder with --out, or give the "
                "--data-dir of before with its files as they were."
            )
        return Manifest(
            fixed=scope.fixed,
            pipelines={**held.pipelines, **scope.pipelines},
            protocols=_union(held.protocols, scope.protocols),
            seeds=_union(held.seeds, scope.seeds),
            recordings=scope.recordings or held.recordings,
            data_key=scope.data_key or held.data_key,
            versions=scope.versions or held.versions,
        )

    def open(self, scope: Manifest) -> Manifest:
        """Make the folder ready for ``scope`` and note what it then holds.

        Parameters
        ----------
        scope : Manifest
            What is to be run.

        Returns
        -------
        Manifest
            As :meth:`merged`.

        Raises
        ------
        ResultsError
            As :meth:`merged`, or when the folder cannot be written to.
        """
        merged = self.merged(scope)
        text = json.dumps(vars(merged), indent=2) + "\n"
        write_atomically(self.path / "config.json", text.encode())
        return merged

    def write_table(self, table: pd.DataFrame) -> None:
        """Write ``results.csv``.

        Parameters
        ----------
        table : pandas.DataFrame
            As :func:`results_table` returns it.
        """
        write_atomically(self.table_path, table.to_csv(index=False).encode())

    def held(self) -> Manifest | None:
        """Return what the folder is about, or ``None`` where nothing was run into it.

        Returns
        -------
        Manifest or None

        Raises
        ------
        ResultsError
            When that cannot be read.
        """
        path = self.path / "config.json"
        if self.path.is_file():
            raise ResultsError(f"{self.path} is a file. Choose a folder with --out.")
        try:
            scope = Manifest(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ResultsError(
                f"{path} cannot be read: {error}. Choose another folder with --out, or delete "
                "this file if the folder's records are of this configuration."
            ) from error
        return scope


def results_table(finished: Iterable[tuple[Task, Record]]) -> pd.DataFrame:
    """Return one row for each task and session, in an order of its own.

    Parameters
    ----------
    finished : iterable of (Task, Record)
        In any order.

    Returns
    -------
    pandas.DataFrame
        The columns :data:`COLUMNS`, sorted by dataset, pipeline, protocol, seed, subject
        and session. As in MOABB each session is scored by itself. ``ess`` and ``domain_auc`` are
        those of methods that weigh source trials, NaN for others. ``attrs`` holds
        ``n_classes``, which :func:`bci_dann.evaluation.summarise` needs for chance.
    """
    import pandas as pd

    pairs = list(finished)
    rows = [row for task, record in pairs for row in _rows(task, record)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.sort_values(list(COLUMNS[:6]), ignore_index=True, key=_natural)
    if pairs:
        table.attrs["n_classes"] = len(pairs[0][1].classes)
    return table


def _rows(task: Task, record: Record) -> Iterator[dict[str, Any]]:
    for session in sorted(set(record.sessions.tolist())):
        here = record.sessions == session
        yield {
            "dataset": task.dataset,
            "pipeline": task.pipeline.name,
            "protocol": task.protocol,
            "seed": task.seed,
            "subject": task.subject,
            "session": session,
            "n_train": record.n_train,
            "n_test": int(here.sum()),
            **score(record.probabilities[here], record.truth[here], record.classes.tolist()),
            "fit_seconds": record.fit_seconds,
            **{name: record.diagnostics.get(name, math.nan) for name in DIAGNOSTICS},
        }


def _natural(column: pd.Series) -> pd.Series:
    """Sort key that puts subject 2 before subject 10."""
    if column.name != "subject":
        return column
    return column.map(lambda name: (0, int(name), "") if str(name).isdigit() else (1, 0, name))


def _union(held: list[Any], new: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*held, *new]))
