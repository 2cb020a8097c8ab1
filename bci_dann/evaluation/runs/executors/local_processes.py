"""Executor with several processes of this machine, started by loky."""

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

# Time (s) after which an idle process ends; consecutive runs reuse processes (default of joblib).
IDLE_TIMEOUT_S = 300
# Environment variables that linear algebra libraries read when a process starts.
THREAD_VARIABLES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
)


class LocalProcesses(Executor):
    """Computes tasks in several processes of this machine.

    The processes end when the process of the run ends, even if it is killed. On Windows, where they
    cannot detect this, they end after five minutes without work.

    Parameters
    ----------
    n_workers : int
        Number of processes.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._submitted: dict[Future[Outcome], Sequence[Task]] = {}

    @property
    def n_workers(self) -> int:
        """Number of processes; see :class:`Executor`.

        Returns
        -------
        int
            The given number.
        """
        return self._n_workers

    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Submit a group; see :class:`Executor`."""
        try:
            future = self._pool().submit(execute_quietly, tasks, setup)
        except BrokenProcessPool:  # a worker has just died
            future = self._pool().submit(execute_quietly, tasks, setup)
        self._submitted[future] = tasks

    def wait(self) -> list[Finished]:
        """Wait for a group; see :class:`Executor`. If a process dies, running groups are lost."""
        done, _ = wait(self._submitted, return_when=FIRST_COMPLETED)
        return [Finished(self._submitted.pop(future), _outcome(future)) for future in done]

    def stop(self) -> None:
        """End all processes; see :class:`Executor`."""
        self._submitted.clear()
        self._pool().shutdown(kill_workers=True)

    def _pool(self) -> Any:
        """Return the running processes, or start new ones if one has died."""
        from joblib.externals.loky import get_reusable_executor

        threads = str(max((os.cpu_count() or 1) // self._n_workers, 1))
        return get_reusable_executor(
            self._n_workers,
            timeout=IDLE_TIMEOUT_S,
            initializer=_begin,
            # if these values change, new processes are started
            initargs=(os.getpid(), tuple(sys.path)),
            env={name: os.environ.get(name, threads) for name in THREAD_VARIABLES},
        )


def _begin(parent: int, paths: Sequence[str]) -> None:
    """Set up a new process: search path of its parent, and end with its parent."""
    sys.path[:] = paths
    end_with_parent(parent)


def _outcome(future: Future[Outcome]) -> Outcome | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None
