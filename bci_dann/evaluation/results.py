"""The folder of a run: its configuration, one record a task, and the table made of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.config import RunConfig, pipeline_specs
from bci_dann.evaluation.metrics import METRICS, score
from bci_dann.evaluation.pipelines import PipelineSpec
from bci_dann.evaluation.records import (
    DIAGNOSTICS,
    Record,
    Task,
    read_record,
    write_atomically,
)
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd
    from moabb.datasets.base import BaseDataset

__all__ = ["COLUMNS", "ResultsFolder", "Scope", "results_table", "scope_of"]

COLUMNS = (
    *("dataset", "pipeline", "protocol", "seed", "subject", "session"),
    *("n_train", "n_test", *METRICS, "fit_seconds", *DIAGNOSTICS),
)


@dataclass(frozen=True)
class Scope:
    """What a results folder is about, as plain data.

    Parameters
    ----------
    fixed : dict
        What may not change: data, preprocessing, threads.
    pipelines : dict of str to list
        The definition of each pipeline by its name; names may be added.
    protocols : list of str
        May grow.
    seeds : list of int
        May grow.
    recordings : str or None
        A fingerprint of the dataset, of all its subjects; may not change. ``None`` where it
        is not known, as in folders of earlier versions.
    """

    fixed: dict[str, Any]
    pipelines: dict[str, list[dict[str, Any]]]
    protocols: list[str]
    seeds: list[int]
    recordings: str | None = None

    @property
    def specs(self) -> list[PipelineSpec]:
        """The pipelines, ready to be built."""
        return [PipelineSpec(name, tuple(steps)) for name, steps in self.pipelines.items()]


def scope_of(config: RunConfig, dataset: BaseDataset | None = None) -> Scope:
    """Return the scope of a run.

    Parameters
    ----------
    config : RunConfig
        The run.
    dataset : moabb.datasets.base.BaseDataset or None
        What its data are; ``None`` leaves the recordings unknown.

    Returns
    -------
    Scope
    """
    fixed = config.model_dump(mode="json", include={"data", "preprocessing", "threads"})
    pipelines = {spec.name: list(spec.definition) for spec in pipeline_specs(config)}
    recordings = None if dataset is None else _fingerprint(dataset)
    return Scope(fixed, _plain(pipelines), list(config.protocols), list(config.seeds), recordings)


def _fingerprint(dataset: BaseDataset) -> str:
    from bci_dann.data.cache import cache_key
    from bci_dann.data.fingerprint import identity

    return cache_key(identity(dataset))[:16]


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

    def merged(self, scope: Scope) -> Scope:
        """Return what the folder holds joined with ``scope``, writing nothing.

        Parameters
        ----------
        scope : Scope
            What is to be run.

        Returns
        -------
        Scope

        Raises
        ------
        ResultsError
            When the folder holds results of another configuration or of other recordings.
        """
        held = self._held()
        if held is None:
            return scope
        differences = list(_differences(held, scope))
        if differences:
            raise ResultsError(
                f"{self.path} holds results of another configuration:\n  "
                + "\n  ".join(differences)
                + "\nChoose another folder with --out, or set these keys as they were."
            )
        if None not in (held.recordings, scope.recordings) and held.recordings != scope.recordings:
            raise ResultsError(
                f"{self.path} holds results of other recordings: --data-dir is another folder, or "
                "files in it have changed. Choose another folder with --out, or give the "
                "--data-dir of before with its files as they were."
            )
        return Scope(
            fixed=scope.fixed,
            pipelines={**held.pipelines, **scope.pipelines},
            protocols=_union(held.protocols, scope.protocols),
            seeds=_union(held.seeds, scope.seeds),
            recordings=scope.recordings or held.recordings,
        )

    def open(self, scope: Scope) -> Scope:
        """Make the folder ready for ``scope`` and note what it then holds.

        Parameters
        ----------
        scope : Scope
            What is to be run.

        Returns
        -------
        Scope
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

    def _held(self) -> Scope | None:
        path = self.path / "config.json"
        try:
            return Scope(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise ResultsError(
                f"{path} cannot be read: {error}. Choose another folder with --out, or delete "
                "this file if the folder's records are of this configuration."
            ) from error


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


def _differences(held: Scope, new: Scope) -> Iterator[str]:
    yield from _compare(_without_subjects(held.fixed), _without_subjects(new.fixed), "")
    for name in held.pipelines.keys() & new.pipelines.keys():
        yield from _compare(held.pipelines[name], new.pipelines[name], f"pipelines.{name}")


def _compare(held: Any, new: Any, where: str) -> Iterator[str]:
    if isinstance(held, dict) and isinstance(new, dict):
        for key in sorted(held.keys() | new.keys()):
            place = f"{where}.{key}" if where else key
            yield from _compare(held.get(key), new.get(key), place)
    elif isinstance(held, list) and isinstance(new, list) and _are_steps(held, new):
        for index, (one, other) in enumerate(zip(held, new, strict=True)):
            yield from _compare(one, other, f"{where}[{index}]")
    elif held != new:
        yield f"{where}: {held!r} there, {new!r} now"


def _are_steps(held: list[Any], new: list[Any]) -> bool:
    return len(held) == len(new) and all(isinstance(item, dict) for item in [*held, *new])


def _without_subjects(fixed: dict[str, Any]) -> dict[str, Any]:
    """Leave out what may grow; other subjects make another data key, hence other records."""
    data = {key: value for key, value in fixed["data"].items() if key != "subjects"}
    return {**fixed, "data": data}


def _union(held: list[Any], new: list[Any]) -> list[Any]:
    return list(dict.fromkeys([*held, *new]))


def _plain(value: Any) -> Any:
    """Return what JSON makes of a value, so that it compares equal after being stored."""
    return json.loads(json.dumps(value, default=str))
