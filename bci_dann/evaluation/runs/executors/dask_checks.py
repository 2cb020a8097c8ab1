"""Checks of a Dask scheduler and its workers before a run: libraries, code and folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bci_dann.evaluation.runs.records import versions
from bci_dann.exceptions import ConfigError

__all__ = ["check_libraries", "check_worker_versions", "on_every_worker"]

# Libraries through which scheduler, workers and client communicate: versions must be equal.
COMMUNICATION_LIBRARIES = ("distributed", "dask", "python")


def check_libraries(client: Any) -> None:
    """Raise if scheduler or workers have other versions of Dask than this process.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.

    Raises
    ------
    ConfigError
        With the differing versions.
    """
    found = client.get_versions()
    own = _communication_versions(found["client"])
    others = {"the Dask scheduler": found["scheduler"]}
    others |= {f"the Dask worker {name}": one for name, one in found["workers"].items()}
    for name, one in others.items():
        for library, version in _communication_versions(one).items():
            if version != own[library]:
                raise ConfigError(
                    f"{name} has {library} {version}, but this process {own[library]}. Start "
                    "scheduler and workers in the environment of this process."
                )


def check_worker_versions(client: Any, expected: Mapping[str, str]) -> None:
    """Raise if a worker has other library versions than the records of this run.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    expected : mapping of str to str
        Versions of this package, with a fingerprint of its code, and of the libraries.

    Raises
    ------
    ConfigError
        With the worker and the differing versions, or when a worker does not answer.
    """
    from distributed.comm import CommClosedError

    for address, found in on_every_worker(client, versions).items():
        if isinstance(found, CommClosedError):
            raise ConfigError(
                f"the Dask worker {address} does not answer, and the connection was closed: "
                f"{found}. Stop this worker or start it again, and give the same command again."
            )
        if not isinstance(found, Mapping):
            raise ConfigError(
                f"the Dask worker {address} cannot load bci_dann: {found}. Start workers in the "
                "environment of this process."
            )
        for name, version in expected.items():
            if found.get(name) != version:
                raise ConfigError(
                    f"the Dask worker {address} has {name} {found.get(name)}, but this process "
                    f"{version}. Use the same environment for all, and restart the workers, "
                    "because they do not reload changed code."
                )


def on_every_worker(client: Any, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Call a function on all workers.

    A worker that hangs delays the answers until the scheduler removes it, by default after five
    minutes (``distributed.scheduler.worker-ttl``); its answer is then a ``CommClosedError``.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    function : callable
        A function of this package.
    *arguments : object
        Arguments of the function.

    Returns
    -------
    dict of str to object
        Results of the function, or errors, by address of the worker.
    """
    if not client.scheduler_info(n_workers=-1).get("workers"):
        return {}
    answers: dict[str, Any] = client.run(function, *arguments, on_error="return")
    return answers


def _communication_versions(found: Mapping[str, Any]) -> dict[str, str]:
    everything = {**found["packages"], **found["host"]}
    return {name: str(everything.get(name)) for name in COMMUNICATION_LIBRARIES}
