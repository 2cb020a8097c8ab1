"""The executor that a user has named: in-process, loky, Dask on this machine or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bci_dann.evaluation.runs.executors.executor import Executor, InProcess
from bci_dann.exceptions import ConfigError, InstallationError

__all__ = ["check_executor", "opened"]

IN_PROCESS, LOKY, DASK = "in-process", "loky", "dask"
NAMES = (IN_PROCESS, LOKY, DASK)
# Between the protocol and the rest of an address, such as "tcp://10.0.0.1:8786".
ADDRESS_MARK = "://"


def check_executor(executor: Any, n_jobs: int) -> None:
    """Raise unless an executor can be what is named, with this number of jobs.

    Parameters
    ----------
    executor : str, Executor, distributed.Client or None
        As :func:`opened` takes it.
    n_jobs : int
        Tasks at a time.

    Raises
    ------
    ConfigError
        When the name is unknown, or the number is not for this executor to choose.
    InstallationError
        When Dask is needed, and not installed.
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
            f"--jobs (n_jobs) counts processes that a run starts on this machine, and does not "
            f"apply to the executor {executor!r}: leave it out."
        )
    if is_address or executor == DASK:
        _check_dask()


@contextmanager
def opened(executor: Any, n_jobs: int, show: bool = True) -> Iterator[Executor]:
    """Have an executor ready in a block, and end what was started for it.

    Parameters
    ----------
    executor : str, Executor, distributed.Client or None
        A name, the address of a scheduler, or what exists already, which is left open; ``None``
        takes this process for one job and loky for several.
    n_jobs : int
        Tasks at a time; -1 for one a core.
    show : bool
        Whether to say on the standard error stream that workers are waited for.

    Yields
    ------
    Executor
        Ready for tasks.

    Raises
    ------
    ConfigError
        When the name is unknown, or no scheduler answers.
    InstallationError
        When Dask is needed, and not installed.
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
    # joblib says 1 where a process may have no children
    return InProcess() if executor is None and n_workers == 1 else LocalProcesses(n_workers)


def _effective(n_jobs: int) -> int:
    import joblib

    n_workers: int = joblib.effective_n_jobs(n_jobs)
    return n_workers


def _is_client(executor: object) -> bool:
    """Whether it is a Dask client, without importing Dask."""
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
