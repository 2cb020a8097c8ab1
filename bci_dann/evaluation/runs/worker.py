"""Worker processes: a worker's trials and cache for the time of a run, and its tasks."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.runs.execution import attempt, compute, compute_stack
from bci_dann.evaluation.runs.records import Record, Task, write_record
from bci_dann.evaluation.runs.results import ResultsFolder

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials

__all__ = ["Worker", "WorkerSetup", "execute", "release_worker"]


@dataclass(frozen=True)
class WorkerSetup:
    """What every worker of a run is given.

    Attributes
    ----------
    run_id : str
        The name of the run.
    trials_folder : pathlib.Path
        The prepared trials, which are memory-mapped and not copied to the worker.
    folder : ResultsFolder
        Where records are written.
    """

    run_id: str
    trials_folder: Path
    folder: ResultsFolder


class Worker:
    """What one process keeps between the tasks of a run.

    Parameters
    ----------
    setup : WorkerSetup
        The run.

    Attributes
    ----------
    cache : ResultCache
        Means and features of domains, which the estimators of the run share.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        from bci_dann.alignment import ResultCache

        self.setup = setup
        self.cache = ResultCache()

    @cached_property
    def trials(self) -> EEGTrials:
        """The prepared trials.

        Returns
        -------
        EEGTrials
            Memory-mapped (µV).
        """
        from bci_dann.data import open_trials

        return open_trials(self.setup.trials_folder)


# The worker that this process is, for the run whose tasks it was last given.
_current: dict[str, Worker] = {}


def execute(tasks: Sequence[Task], setup: WorkerSetup) -> list[tuple[Task, str | None]]:
    """Compute some tasks in this process and write their records.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks; several train their networks in one stack.
    setup : WorkerSetup
        The run that they belong to.

    Returns
    -------
    list of (Task, str or None)
        Each task, because workers finish in any order; and the traceback, where it has
        failed, which leaves other tasks as they are.

    Raises
    ------
    ResultsError
        When a record cannot be written, as would then happen to all other tasks too.
    """
    if multiprocessing.parent_process() is not None:
        warnings.showwarning = _show_warning_as_line
    worker = _worker_of(setup)
    share = partial(_share_cache, worker=worker)
    results: Iterable[Record | str]
    if len(tasks) > 1:
        results = compute_stack(tasks, worker.trials, share)
    else:
        results = (attempt(partial(compute, task, worker.trials, share)) for task in tasks)
    finished: list[tuple[Task, str | None]] = []
    for task, result in zip(tasks, results, strict=True):
        failure = result if isinstance(result, str) else None
        if not isinstance(result, str):
            write_record(setup.folder.record_path(task), task, result)
        finished.append((task, failure))
    return finished


def release_worker(run_id: str) -> None:
    """Drop what this process keeps for a run, at the end of the run.

    Parameters
    ----------
    run_id : str
        The name of the run.
    """
    _current.pop(run_id, None)


def _worker_of(setup: WorkerSetup) -> Worker:
    """Return this process's worker for a run; that of another run is dropped."""
    if setup.run_id not in _current:
        _current.clear()
        _current[setup.run_id] = Worker(setup)
    return _current[setup.run_id]


def _share_cache(estimator: Any, worker: Worker) -> None:
    """Let an estimator use the worker's cache, where it can."""
    if hasattr(estimator, "use_cache"):
        estimator.use_cache(worker.cache)


def _show_warning_as_line(message: Warning | str, *_: Any, **__: Any) -> None:
    """Show a worker's warning without its place in the code, which concerns no user."""
    sys.stderr.write(f"Warning: {message}\n")  # at once, so that lines of workers do not mix
