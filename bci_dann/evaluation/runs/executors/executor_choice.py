"""Choice of the executor by the options of a user: in-process, loky, or Dask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bci_dann.evaluation.runs.executors.executor import Executor, InProcess
from bci_dann.exceptions import ConfigError, InstallationError

__all__ = ["check_executor", "opened"]

IN_PROCESS, LOKY, DASK = "in-process", "loky", "dask"
NAMES = (IN_PROCESS, LOKY, DASK)
# Part of every address of a scheduler, such as "tcp://10.0.0.1:8786".
ADDRESS_MARK = "://"


def check_executor(executor: Any, n_jobs: int) -> None:
    """Raise if the executor is unknown, or does not fit the number of jobs.

    Parameters
    ----------
    executor : str, Executor, distributed.Client or None
        See :func:`opened`.
    n_jobs : int
        Number of parallel tasks.

    Raises
    ------
    ConfigError
        When the executor is unknown, or does not support a number of jobs.
    InstallationError
        When Dask is needed but not installed.
    """
    if executor is None or isinstance(executor, Executor):
        return
    is_address = isinstance(executor, str) and ADDRESS_MARK in executor
    if executor not in NAMES and not is_address and not _is_client(executor):
        raise ConfigError(
            f"executor (--dask) must be one of {', '.join(NAMES)}, the address of a Dask "
            f"scheduler such as tcp://10.0.0.1:8786, or a distributed.Client; got {executor!r}."
        )
    if n_jobs != 1 and executor not in (LOKY, DASK):
        raise ConfigError(
            f"--jobs (n_jobs) is the number of processes that a run starts on this machine, and "
            f"does not apply to the executor {executor!r}: leave it out."
        )
    if is_address or executor == DASK:
        _check_dask()


@contextmanager
def opened(executor: Any, n_jobs: int, show: bool = True) -> Iterator[Executor]:
    """Provide an executor in a ``with`` block, and stop what was started for it at the end.

    Parameters
    ----------
    executor : str, Executor, distributed.Client or None
        A name, the address of a scheduler, or an existing executor or client, which is not closed.
        By default ``"in-process"`` for one job and ``"loky"`` for several.
    n_jobs : int
        Number of parallel tasks; -1 for one per CPU core.
    show : bool
        Whether to report on the standard error stream that the run waits for workers.

    Yields
    ------
    Executor
        The executor, ready for tasks.

    Raises
    ------
    ConfigError
        When the name is unknown, or no scheduler answers.
    InstallationError
        When Dask is needed but not installed.
    """
    if isinstance(executor, Executor):
        yield executor
        return
    check_executor(executor, n_jobs)
    with _made(executor, n_jobs, show) as made:
        yield made


def _made(executor: Any, n_jobs: int, show: bool) -> Executor:
    if executor in (IN_PROCESS, None) and n_jobs == 1:
        return InProcess()
    if executor in (LOKY, None):
        return _processes(executor, n_jobs)
    from bci_dann.evaluation.runs.executors.dask_workers import (
        DaskWorkers,
        connected_workers,
        local_workers,
    )

    if executor == DASK:
        return local_workers(_effective(n_jobs), show)
    if isinstance(executor, str):
        return connected_workers(executor, show)
    return DaskWorkers(executor, show=show)


def _processes(executor: str | None, n_jobs: int) -> Executor:
    from bci_dann.evaluation.runs.executors.local_processes import LocalProcesses

    n_workers = _effective(n_jobs)
    # joblib returns 1 if this process cannot start others
    return InProcess() if executor is None and n_workers == 1 else LocalProcesses(n_workers)


def _effective(n_jobs: int) -> int:
    import joblib

    n_workers: int = joblib.effective_n_jobs(n_jobs)
    return n_workers


def _is_client(executor: object) -> bool:
    """Return whether an object is a Dask client, without importing Dask."""
    names = {f"{one.__module__}.{one.__name__}" for one in type(executor).__mro__}
    return "distributed.client.Client" in names


def _check_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise InstallationError(
            "Dask is not installed: `pip install bci_dann[dask]`, or use --jobs N for processes of "
            "this machine."
        ) from error
