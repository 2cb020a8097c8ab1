"""The tasks in several processes of this machine, by loky."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from bci_dann.evaluation.runs.executors.executor import Executor, Finished
from bci_dann.evaluation.runs.executors.parent_watch import end_with_parent
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.worker import Outcome, WorkerSetup, execute_quietly

__all__ = ["LocalProcesses"]

# Seconds after which a process without work ends, so that runs one after another share them
# (joblib's own).
IDLE_S = 300
# Read by linear algebra when a process starts.
THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)


class LocalProcesses(Executor):
    """Computes tasks in processes of this machine.

    A process ends with the process of the run, however that ends. On Windows, where this cannot
    be seen, it ends when it has been without work for five minutes.

    Parameters
    ----------
    n_workers : int
        The number of processes.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._submitted: dict[Future[Outcome], Sequence[Task]] = {}

    @property
    def n_workers(self) -> int:
        """The number of processes; see :class:`Executor`.

        Returns
        -------
        int
            As it was given.
        """
        return self._n_workers

    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Hand a group over; see :class:`Executor`."""
        try:
            future = self._pool().submit(execute_quietly, tasks, setup)
        except BrokenProcessPool:  # since a worker has died in this very moment
            future = self._pool().submit(execute_quietly, tasks, setup)
        self._submitted[future] = tasks

    def wait(self) -> list[Finished]:
        """Wait for a group; see :class:`Executor`. All that runs is lost with one process."""
        done, _ = wait(self._submitted, return_when=FIRST_COMPLETED)
        return [Finished(self._submitted.pop(future), _outcome(future)) for future in done]

    def stop(self) -> None:
        """End all processes; see :class:`Executor`."""
        self._submitted.clear()
        self._pool().shutdown(kill_workers=True)

    def _pool(self) -> Any:
        """Return the processes that are there, or start others where one has died."""
        from joblib.externals.loky import get_reusable_executor

        threads = str(max((os.cpu_count() or 1) // self._n_workers, 1))
        return get_reusable_executor(
            self._n_workers,
            timeout=IDLE_S,
            initializer=_begin,
            # other paths than those of the processes that are there start others
            initargs=(os.getpid(), tuple(sys.path)),
            env={name: os.environ.get(name, threads) for name in THREAD_VARIABLES},
        )


def _begin(parent: int, paths: Sequence[str]) -> None:
    """Let a new process find modules where its parent does, and end with it."""
    sys.path[:] = paths
    end_with_parent(parent)


def _outcome(future: Future[Outcome]) -> Outcome | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None
