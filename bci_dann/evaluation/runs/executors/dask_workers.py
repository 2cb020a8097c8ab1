"""Executor with the workers of a Dask scheduler, on this machine or on a cluster."""

from __future__ import annotations

import threading
import time
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

# Time limit (s) for connecting to a scheduler.
CONNECT_TIMEOUT_S = 10.0
# Number of groups submitted to the scheduler: enough that no worker is idle, and that an adaptive
# cluster adds workers.
MIN_SUBMITTED, SUBMITTED_PER_WORKER = 32, 3
# Number of worker deaths after which the scheduler returns a task as failed.
ALLOWED_FAILURES = 1
# Time (s) without a finished task after which a run checks whether it has workers; and time (s)
# without any workers after which a run that has started them itself ends.
CHECK_INTERVAL_S, MAX_ABSENCE_S = 10.0, 300.0


class DaskWorkers(Executor):
    """Computes tasks on the workers of a Dask scheduler.

    Workers memory-map the prepared trials and write the records, so all of them need access to both
    folders under the same paths. A worker with several threads computes one group of tasks at a
    time, because the number of threads of linear algebra is set for the whole process.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    closing : sequence of callable
        Functions that are called in this order at the end, to stop what this run has started.
    replace_lost : callable, optional
        Starts workers in place of those that were lost. Given for workers that the run has started,
        and that end with it; other workers only discard its data at the end.
    show : bool
        Whether to report on the standard error stream that the run waits for workers.
    """

    deaths_before_isolation = 1  # because the scheduler has already repeated the task

    def __init__(
        self,
        client: Any,
        closing: Sequence[Callable[[], Any]] = (),
        *,
        replace_lost: Callable[[], Any] | None = None,
        show: bool = True,
    ) -> None:
        self._client = client
        self._closing = tuple(closing)
        self._replace_lost = replace_lost
        self._show = show
        self._submitted: dict[Any, Sequence[Task]] = {}
        self._run_ids: set[str] = set()
        self._absent_since: float | None = None

    @property
    def n_workers(self) -> int:
        """Current number of workers; see :class:`Executor`.

        Returns
        -------
        int
            At least 1.
        """
        # if the client has lost its scheduler, the next call raises an error
        return max(1, len(self._workers()))

    @property
    def most_submitted(self) -> int:
        """Maximum number of submitted groups; see :class:`Executor`.

        Returns
        -------
        int
            More than the number of workers.
        """
        return max(MIN_SUBMITTED, SUBMITTED_PER_WORKER * self.n_workers)

    @cached_property
    def default_stack(self) -> int:
        """Default number of networks in a stack; see :class:`Executor`.

        Returns
        -------
        int
            64 if every worker has a GPU, otherwise 1.
        """
        found = on_every_worker(self._client, _has_gpu)
        return GPU_STACK if found and all(one is True for one in found.values()) else 1

    def check_versions(self, expected: Mapping[str, str]) -> None:
        """Compare the versions of scheduler and workers with this process; see :class:`Executor`.

        Raises
        ------
        ConfigError
            When they differ.
        """
        check_libraries(self._client)
        if not self._workers():
            self._announce_absence()
        check_worker_versions(self._client, expected)

    def check_folders(self, folders: Mapping[str, Path]) -> None:
        """Check that every worker has access to the folders of a run; see :class:`Executor`.

        Raises
        ------
        ResultsError
            When a worker has no access.
        """
        for address, problem in on_every_worker(self._client, _folder_problem, folders).items():
            if problem is not None:
                raise ResultsError(f"the Dask worker {address}: {problem}")

    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Submit a group to the scheduler; see :class:`Executor`."""
        self._run_ids.add(setup.run_id)
        try:
            future = self._client.submit(_execute, list(tasks), setup, pure=False)
        except _lost_connection() as error:
            raise _scheduler_lost(error) from error
        self._submitted[future] = tasks

    def wait(self) -> list[Finished]:
        """Wait for a group, and replace workers that are lost; see :class:`Executor`.

        Raises
        ------
        ResultsError
            Also when the workers of this run do not come back.
        """
        while True:
            finished = self._finished_within(CHECK_INTERVAL_S)
            if finished:
                self._absent_since = None
                return finished
            self._check_presence()

    def _finished_within(self, seconds: float) -> list[Finished]:
        """Return a group if one finishes within a time."""
        from distributed import wait

        try:
            with self._client.as_current():  # `wait` takes no client
                done = wait(list(self._submitted), seconds, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        except _lost_connection() as error:
            raise _scheduler_lost(error) from error
        future = next(iter(done))
        try:
            outcome = _outcome(future, seconds)
        except TimeoutError:
            if future.status == "error":  # an error of the task
                raise
            return []  # the result was lost with its worker, and is computed again
        return [Finished(self._submitted.pop(future), outcome)]

    def _check_presence(self) -> None:
        """Start workers in place of lost ones, or report that the run waits for them."""
        if self._replace_lost is not None:
            self._replace_lost()
        if self._workers():
            self._absent_since = None
            return
        now = time.monotonic()
        if self._absent_since is None:
            self._absent_since = now
            self._announce_absence()
        if self._replace_lost is not None and now - self._absent_since > MAX_ABSENCE_S:
            raise ResultsError(
                f"all Dask workers of this run were lost, and none could be started for "
                f"{MAX_ABSENCE_S:g} s: the machine may have too little memory. Finished tasks have "
                "records: give the same command again, with fewer --jobs."
            )

    def _workers(self) -> Mapping[str, Any]:
        """Return the workers that the scheduler has now, by address."""
        try:
            found: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1).get("workers", {})
        except _lost_connection() as error:
            raise _scheduler_lost(error) from error
        return found

    def _announce_absence(self) -> None:
        address = self._client.scheduler.address
        announce(f"Waiting for workers: the Dask scheduler at {address} has none", self._show)

    def stop(self) -> None:
        """Cancel submitted groups; see :class:`Executor`."""
        futures = list(self._submitted)
        self._submitted.clear()
        _ignoring_a_lost_scheduler(partial(self._client.cancel, futures, force=True))

    def close(self) -> None:
        """Discard data of the run on workers, and stop what it started; see :class:`Executor`."""
        for run_id in self._run_ids if self._replace_lost is None else ():
            _ignoring_a_lost_scheduler(
                partial(on_every_worker, self._client, release_worker, run_id)
            )
        for close in self._closing:
            _ignoring_a_lost_scheduler(close)


def local_workers(n_workers: int, show: bool = True) -> DaskWorkers:
    """Start a scheduler and workers on this machine for a run.

    Parameters
    ----------
    n_workers : int
        Number of worker processes, each with one thread.
    show : bool
        Whether to report on the standard error stream that the run waits for workers.

    Returns
    -------
    DaskWorkers
        Closing it stops them; they also stop if this process is killed.
    """
    import logging

    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        dashboard_address=None,  # no dashboard for workers
        memory_limit=0,  # a worker paused for its memory would never resume
        silence_logs=logging.CRITICAL,  # the run itself reports failed tasks
        scheduler_kwargs={
            "allowed_failures": ALLOWED_FAILURES,
            "dashboard_address": "127.0.0.1:0",  # a free port, to allow parallel runs
        },
    )
    client = Client(cluster, set_as_default=False)
    # a worker that needs more than 15 s to start again after its death is given up by the cluster
    replace_lost = partial(cluster.scale, n_workers)
    return DaskWorkers(client, (client.close, cluster.close), replace_lost=replace_lost, show=show)


def connected_workers(address: str, show: bool = True) -> DaskWorkers:
    """Connect to a running scheduler.

    Parameters
    ----------
    address : str
        For example ``"tcp://10.0.0.1:8786"``.
    show : bool
        Whether to report on the standard error stream that the run waits for workers.

    Returns
    -------
    DaskWorkers
        Closing it does not stop scheduler and workers.

    Raises
    ------
    ConfigError
        When no scheduler answers at this address.
    """
    import warnings

    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    try:
        with warnings.catch_warnings():
            # relevant differences of versions raise errors later
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address}: {_reason(error)}. Start one with `dask "
            "scheduler`, which prints its address, and workers with `dask worker ADDRESS "
            "--nthreads 1`; or let the run start workers on this machine, with --dask local."
        ) from error
    return DaskWorkers(client, (client.close,), show=show)


# One group at a time in each process, because thread limits and warning filters are global.
_one_at_a_time = threading.Lock()


def _execute(tasks: Sequence[Task], setup: WorkerSetup) -> Outcome:
    """Compute tasks on a worker, which may have joined after the start of the run."""
    with _one_at_a_time:
        problem = _folder_problem({"prepared trials": setup.trials_folder})
        if problem is not None:
            raise ResultsError(f"a Dask worker that joined during the run: {problem}")
        expected = tasks[0].versions
        changed = [name for name, found in versions().items() if expected.get(name) != found]
        if changed:
            raise ResultsError(
                f"a Dask worker that joined during the run has another version of "
                f"{', '.join(changed)} than the run: use the same environment for all workers, "
                "restart them, and give the same command again."
            )
        return execute_quietly(tasks, setup)


def _outcome(future: Any, seconds: float) -> Outcome | None:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        outcome: Outcome = future.result(seconds)
    except KilledWorker:
        return None
    except FutureCancelledError as error:
        raise _scheduler_lost(error) from error
    return outcome


def _folder_problem(folders: Mapping[str, Path]) -> str | None:
    for content, folder in folders.items():
        if not folder.is_dir():
            return (
                f"the folder of the {content}, {folder}, does not exist on this worker. All "
                "workers need access to it under the same path: choose a folder on a shared file "
                "system, with --out for results, and with the environment variable BCI_DANN_CACHE "
                "for prepared trials."
            )
    return None


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _scheduler_lost(error: Exception) -> ResultsError:
    return ResultsError(
        f"the connection to the Dask scheduler was lost: {_reason(error)}. Finished tasks have "
        "records: start the scheduler and its workers again, and give the same command."
    )


def _ignoring_a_lost_scheduler(call: Callable[[], Any]) -> None:
    with suppress(*_lost_connection()):
        call()


def _lost_connection() -> tuple[type[Exception], ...]:
    """Return the exceptions that a client raises when it has lost its scheduler."""
    from distributed.client import ClosedClientError, FutureCancelledError, FuturesCancelledError

    cancelled = (FutureCancelledError, FuturesCancelledError)
    return (ClosedClientError, *cancelled, RuntimeError, OSError)


def _reason(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")
