"""Worker processes: a worker's trials and cache for the time of a run, and its tasks."""

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

# Where the classes of warnings are that any process can load.
KNOWN_MODULES = ("builtins", "bci_dann")


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
    tensorboard : pathlib.Path or None
        Where the losses of networks are logged.
    """

    run_id: str
    trials_folder: Path
    folder: ResultsFolder
    tensorboard: Path | None = None


@dataclass(frozen=True)
class TaskWarning:
    """A warning that a task has raised, on its way to the process of the run.

    Attributes
    ----------
    text : str
        The message.
    category : type of Warning
        Its class, or the nearest of its bases that another process is sure to know.
    """

    text: str
    category: type[Warning]


# What a worker returns of some tasks: each with the traceback of one that has failed, and the
# warnings of all.
Outcome = tuple[list[tuple[Task, str | None]], list[TaskWarning]]


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

    A task that has got a record since it was submitted, from another run in the same folder or
    from a worker that died after writing it, is left as it is.

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
    missing = [task for task in tasks if not setup.folder.record_path(task).exists()]
    failures: dict[str, str] = {}
    for task, result in zip(missing, _results(missing, _worker_of(setup)), strict=True):
        if isinstance(result, str):
            failures[task.key] = result
        else:
            write_record(setup.folder.record_path(task), task, result)
    return [(task, failures.get(task.key)) for task in tasks]


def execute_quietly(tasks: Sequence[Task], setup: WorkerSetup) -> Outcome:
    """Compute some tasks as :func:`execute` does, and return their warnings, too.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks.
    setup : WorkerSetup
        The run that they belong to.

    Returns
    -------
    results : list of (Task, str or None)
        As :func:`execute` returns them.
    caught : list of TaskWarning
        What the filters of this process let pass, each once. The process of the run raises them
        again, so that they are counted and shown in one place.
    """
    with warnings.catch_warnings(record=True) as caught:
        results = execute(tasks, setup)
    once = dict.fromkeys(TaskWarning(str(one.message), _known(one.category)) for one in caught)
    return results, list(once)


def release_worker(run_id: str) -> None:
    """Drop what this process keeps for a run, at the end of the run.

    Parameters
    ----------
    run_id : str
        The name of the run.
    """
    _current.pop(run_id, None)


def _results(tasks: Sequence[Task], worker: Worker) -> Iterable[Record | str]:
    share = partial(_share_cache, worker=worker)
    if len(tasks) > 1:
        with _logged(worker.setup, tasks[0], "stack"):
            return compute_stack(tasks, worker.trials, share)
    return (_result(task, worker, share) for task in tasks)


def _result(task: Task, worker: Worker, share: Callable[[Any], None]) -> Record | str:
    with _logged(worker.setup, task, f"subject {task.subject}", f"seed {task.seed}"):
        return attempt(partial(compute, task, worker.trials, share))


def _logged(setup: WorkerSetup, task: Task, *parts: str) -> AbstractContextManager[None]:
    """Log the losses of a block, where that is asked for."""
    if setup.tensorboard is None:
        return nullcontext()
    from bci_dann.training import tensorboard_log

    return tensorboard_log(setup.tensorboard, task.pipeline.name, task.protocol, *parts)


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


def _known(category: type[Warning]) -> type[Warning]:
    ours = (base for base in category.__mro__ if base.__module__.split(".")[0] in KNOWN_MODULES)
    known = next(ours, UserWarning)
    return known if issubclass(known, Warning) else UserWarning
