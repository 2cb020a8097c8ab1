"""The tasks on the workers of a Dask scheduler, of this machine or of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from bci_dann.evaluation.runs.executors.dask_checks import (
    check_libraries,
    check_worker_versions,
    on_every_worker,
)
from bci_dann.evaluation.runs.executors.executor import GPU_STACK, Executor, Finished
from bci_dann.evaluation.runs.progress import announce
from bci_dann.evaluation.runs.records import Task, versions
from bci_dann.evaluation.runs.worker import (
    Outcome,
    WorkerSetup,
    execute_quietly,
    release_worker,
)
from bci_dann.exceptions import ConfigError, ResultsError

__all__ = ["DaskWorkers", "connected_workers", "local_workers"]

# Seconds until a scheduler that does not answer counts as not there.
CONNECT_S = 10.0
# Groups at the scheduler: enough that no worker waits for the next one, and that an adaptive
# cluster sees that more workers are of use.
LEAST_SUBMITTED, SUBMITTED_BY_WORKER = 32, 3
# Deaths of its workers after which the scheduler gives a task back.
ALLOWED_FAILURES = 1


class DaskWorkers(Executor):
    """Computes tasks on the workers of a Dask scheduler.

    Workers memory-map the prepared trials and write the records: all have to see the folder of
    the prepared trials and the results folder under the same path. A worker of several threads
    computes one group of tasks at a time, since linear algebra is limited for the whole process.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    closing : sequence of callable
        Called in order at the end, for what was started for this run.
    are_own : bool
        Whether the workers end with the run; others are told to forget it.
    show : bool
        Whether to say on the standard error stream that workers are waited for.
    """

    deaths_in_company = 1  # since the scheduler has tried again already

    def __init__(
        self,
        client: Any,
        closing: Sequence[Callable[[], Any]] = (),
        *,
        are_own: bool = False,
        show: bool = True,
    ) -> None:
        from distributed import as_completed

        self._client = client
        self._closing = tuple(closing)
        self._are_own = are_own
        self._show = show
        self._submitted: dict[Any, Sequence[Task]] = {}
        self._run_ids: set[str] = set()
        self._done = as_completed(loop=client.loop)

    @property
    def n_workers(self) -> int:
        """The workers at present; see :class:`Executor`.

        Returns
        -------
        int
            At least 1.
        """
        # a client that has lost its scheduler knows nothing: the next call says so
        return max(1, len(self._client.scheduler_info(n_workers=-1).get("workers", ())))

    @property
    def most_submitted(self) -> int:
        """The groups at the scheduler; see :class:`Executor`.

        Returns
        -------
        int
            More than there are workers.
        """
        return max(LEAST_SUBMITTED, SUBMITTED_BY_WORKER * self.n_workers)

    @cached_property
    def default_stack(self) -> int:
        """The networks in a stack; see :class:`Executor`.

        Returns
        -------
        int
            64 where every worker has a GPU, else 1.
        """
        found = on_every_worker(self._client, _has_gpu)
        return GPU_STACK if found and all(one is True for one in found.values()) else 1

    def check_versions(self, expected: Mapping[str, str]) -> None:
        """Compare the versions of scheduler and workers with ours; see :class:`Executor`.

        Raises
        ------
        ConfigError
            When they differ.
        """
        check_libraries(self._client)
        if not self._client.scheduler_info().get("workers"):
            address = self._client.scheduler.address
            announce(f"The Dask scheduler at {address} has no worker yet: waiting", self._show)
        check_worker_versions(self._client, expected)

    def check_folders(self, folders: Mapping[str, Path]) -> None:
        """Let every worker look for the folders of a run; see :class:`Executor`.

        Raises
        ------
        ResultsError
            When one does not see them.
        """
        for address, problem in on_every_worker(self._client, _folder_problem, folders).items():
            if problem is not None:
                raise ResultsError(f"the Dask worker {address}: {problem}")

    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Hand a group to the scheduler; see :class:`Executor`."""
        self._run_ids.add(setup.run_id)
        try:
            future = self._client.submit(_execute, list(tasks), setup, pure=False)
        except _lost_connection() as error:
            raise _scheduler_lost(error) from error
        self._submitted[future] = tasks
        self._done.add(future)

    def wait(self) -> list[Finished]:
        """Wait for a group; see :class:`Executor`."""
        future = next(self._done)
        return [Finished(self._submitted.pop(future), _outcome(future))]

    def stop(self) -> None:
        """Cancel what waits at the scheduler; see :class:`Executor`."""
        futures = list(self._submitted)
        self._submitted.clear()
        _ignoring_a_lost_scheduler(partial(self._client.cancel, futures, force=True))

    def close(self) -> None:
        """Let workers forget the run, and end what was started for it; see :class:`Executor`."""
        for run_id in () if self._are_own else self._run_ids:
            _ignoring_a_lost_scheduler(
                partial(on_every_worker, self._client, release_worker, run_id)
            )
        for close in self._closing:
            _ignoring_a_lost_scheduler(close)


def local_workers(n_workers: int, show: bool = True) -> DaskWorkers:
    """Start a scheduler and workers on this machine, for the time of a run.

    Parameters
    ----------
    n_workers : int
        Worker processes, of one thread each.
    show : bool
        Whether to say on the standard error stream that workers are waited for.

    Returns
    -------
    DaskWorkers
        Closing it ends them; if this process is killed, they end by themselves.
    """
    import logging

    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        dashboard_address=None,  # none, although the scheduler opens its port all the same
        memory_limit=0,  # a worker that is paused for its memory would never go on
        silence_logs=logging.CRITICAL,  # what becomes of a task is told by the run
        scheduler_kwargs={
            "allowed_failures": ALLOWED_FAILURES,
            "dashboard_address": "127.0.0.1:0",  # any free port: several runs at a time
        },
    )
    client = Client(cluster, set_as_default=False)
    return DaskWorkers(client, (client.close, cluster.close), are_own=True, show=show)


def connected_workers(address: str, show: bool = True) -> DaskWorkers:
    """Connect to a scheduler that runs.

    Parameters
    ----------
    address : str
        For example ``"tcp://10.0.0.1:8786"``.
    show : bool
        Whether to say on the standard error stream that workers are waited for.

    Returns
    -------
    DaskWorkers
        Closing it leaves scheduler and workers running.

    Raises
    ------
    ConfigError
        When nothing answers there.
    """
    import warnings

    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    try:
        with warnings.catch_warnings():
            # differences of versions that matter are errors, with what to do
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address}: {_reason(error)}. Start one with `dask "
            "scheduler`, which prints its address, and workers with `dask worker ADDRESS "
            "--nthreads 1`; or let the run start workers on this machine, with --dask local."
        ) from error
    return DaskWorkers(client, (client.close,), show=show)


# Tasks of one process at a time: limits of threads and filters of warnings are the process's.
_one_at_a_time = threading.Lock()


def _execute(tasks: Sequence[Task], setup: WorkerSetup) -> Outcome:
    """Compute some tasks on a worker, also one that has joined since the run began."""
    with _one_at_a_time:
        problem = _folder_problem({"prepared trials": setup.trials_folder})
        if problem is not None:
            raise ResultsError(f"a Dask worker that has joined: {problem}")
        changed = [name for name, one in versions().items() if tasks[0].versions.get(name) != one]
        if changed:
            raise ResultsError(
                f"a Dask worker that has joined has another version of {', '.join(changed)} than "
                "this run: give all workers the same environment, restart them, and give the same "
                "command again."
            )
        return execute_quietly(tasks, setup)


def _outcome(future: Any) -> Outcome | None:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        outcome: Outcome = future.result()
    except KilledWorker:
        return None
    except FutureCancelledError as error:
        raise _scheduler_lost(error) from error
    return outcome


def _folder_problem(folders: Mapping[str, Path]) -> str | None:
    for content, folder in folders.items():
        if not folder.is_dir():
            return (
                f"{folder} is not there, which holds the {content}. All workers have to see it "
                "under this path: put it on a file system that they share, by --out for results "
                "and by the environment variable BCI_DANN_CACHE for prepared trials."
            )
    return None


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _scheduler_lost(error: Exception) -> ResultsError:
    return ResultsError(
        f"the connection to the Dask scheduler was lost: {_reason(error)}. Finished tasks have "
        "their records: start the scheduler and its workers again, and give the same command."
    )


def _ignoring_a_lost_scheduler(call: Callable[[], Any]) -> None:
    with suppress(*_lost_connection()):
        call()


def _lost_connection() -> tuple[type[Exception], ...]:
    """Return what a client raises that has lost its scheduler."""
    from distributed.client import ClosedClientError, FutureCancelledError

    return (ClosedClientError, FutureCancelledError, RuntimeError, OSError)


def _reason(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")
