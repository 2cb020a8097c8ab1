"""Worker processes: computation of tasks, with trials and a cache that are kept during a run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.runs.execution import attempt, compute, compute_stack
from bci_dann.evaluation.runs.records import Record, Task, write_record
from bci_dann.evaluation.runs.results import ResultsFolder

if TYPE_CHECKING:
    from bci_dann.alignment import ResultCache
    from bci_dann.data import EEGTrials

__all__ = [
    "Outcome",
    "TaskWarning",
    "Worker",
    "WorkerSetup",
    "execute",
    "execute_quietly",
    "release_worker",
]

# Packages whose warning classes any process can load.
LOADABLE_PACKAGES = ("builtins", "bci_dann")


@dataclass(frozen=True)
class WorkerSetup:
    """Settings of a run for its workers.

    Attributes
    ----------
    run_id : str
        The identifier of the run.
    trials_folder : pathlib.Path
        Folder of the prepared trials, which are memory-mapped and not copied.
    folder : ResultsFolder
        Results folder for the records.
    tensorboard : pathlib.Path or None
        Folder for the log of losses of networks.
    """

    run_id: str
    trials_folder: Path
    folder: ResultsFolder
    tensorboard: Path | None = None


@dataclass(frozen=True)
class TaskWarning:
    """A warning of a task, in a form that can be sent to the process of the run.

    Attributes
    ----------
    text : str
        The message.
    category : type of Warning
        Its class, or the nearest base class that other processes can load.
    """

    text: str
    category: type[Warning]


# Result of a group of tasks: each task, with the traceback if it failed, and the warnings of all.
Outcome = tuple[list[tuple[Task, str | None]], list[TaskWarning]]


class Worker:
    """Trials and cache that a process keeps between the tasks of a run.

    Parameters
    ----------
    setup : WorkerSetup
        Settings of the run.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self.setup = setup

    @cached_property
    def cache(self) -> ResultCache:
        """A cache for means and features of domains, shared by the estimators of the run.

        Returns
        -------
        ResultCache
            Large enough for the features of all trials.
        """
        from bci_dann.alignment import ResultCache

        return ResultCache.for_trials(self.trials.X.nbytes)

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


# The worker of this process by the identifier of its run; empty, or with a single entry.
_current_worker: dict[str, Worker] = {}


def execute(tasks: Sequence[Task], setup: WorkerSetup) -> list[tuple[Task, str | None]]:
    """Compute a group of tasks in this process and write their records.

    A task is skipped if its record has been written since it was submitted, by another run in the
    same folder or by a worker that died afterwards.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks; the networks of several tasks are trained in one stack.
    setup : WorkerSetup
        Settings of their run.

    Returns
    -------
    list of (Task, str or None)
        Each task, with the traceback if it failed; other tasks are not affected.

    Raises
    ------
    ResultsError
        When a record cannot be written, which would affect all other tasks as well.
    """
    missing = [task for task in tasks if not setup.folder.record_path(task).exists()]
    failures: dict[str, str] = {}
    for task, result in zip(missing, _results_of(missing, _worker_of(setup)), strict=True):
        if isinstance(result, str):
            failures[task.key] = result
        else:
            write_record(setup.folder.record_path(task), task, result)
    return [(task, failures.get(task.key)) for task in tasks]


def execute_quietly(tasks: Sequence[Task], setup: WorkerSetup) -> Outcome:
    """Compute a group of tasks like :func:`execute`, and also return their warnings.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks.
    setup : WorkerSetup
        Settings of their run.

    Returns
    -------
    results : list of (Task, str or None)
        The result of :func:`execute`.
    caught : list of TaskWarning
        Warnings that pass the filters of this process, each once. The process of the run raises
        them again, so that they are counted and shown in one place.
    """
    with warnings.catch_warnings(record=True) as caught:
        results = execute(tasks, setup)
    once = dict.fromkeys(
        TaskWarning(str(one.message), _loadable_category(one.category)) for one in caught
    )
    return results, list(once)


def release_worker(run_id: str) -> None:
    """Discard the trials and the cache of a run, at its end.

    Parameters
    ----------
    run_id : str
        The identifier of the run.
    """
    _current_worker.pop(run_id, None)


def _results_of(tasks: Sequence[Task], worker: Worker) -> Iterable[Record | str]:
    share = partial(_share_cache, worker=worker)
    if len(tasks) > 1:
        with _log_of_losses(worker.setup, tasks[0], "stack"):
            return compute_stack(tasks, worker.trials, share)
    return (_result(task, worker, share) for task in tasks)


def _result(task: Task, worker: Worker, share: Callable[[Any], None]) -> Record | str:
    with _log_of_losses(worker.setup, task, f"subject {task.subject}", f"seed {task.seed}"):
        return attempt(partial(compute, task, worker.trials, share))


def _log_of_losses(setup: WorkerSetup, task: Task, *parts: str) -> AbstractContextManager[None]:
    """Log losses in a ``with`` block, if the run has a folder for this."""
    if setup.tensorboard is None:
        return nullcontext()
    from bci_dann.training import tensorboard_log

    return tensorboard_log(setup.tensorboard, task.pipeline.name, task.protocol, *parts)


def _worker_of(setup: WorkerSetup) -> Worker:
    """Return the worker of this process for a run; the worker of another run is discarded."""
    if setup.run_id not in _current_worker:
        _current_worker.clear()
        _current_worker[setup.run_id] = Worker(setup)
    return _current_worker[setup.run_id]


def _share_cache(estimator: Any, worker: Worker) -> None:
    """Share the cache of a worker with an estimator, if it supports this."""
    if hasattr(estimator, "use_cache"):
        estimator.use_cache(worker.cache)


def _loadable_category(category: type[Warning]) -> type[Warning]:
    """Return a warning class, or its nearest base class that the process of the run can load."""
    loadable = (
        base for base in category.__mro__ if base.__module__.split(".")[0] in LOADABLE_PACKAGES
    )
    nearest = next(loadable, UserWarning)
    return nearest if issubclass(nearest, Warning) else UserWarning
