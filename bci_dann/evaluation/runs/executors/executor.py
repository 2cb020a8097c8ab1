"""Interface of executors, which compute the tasks of a run; the executor in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.worker import Outcome, WorkerSetup, execute_quietly

__all__ = ["Executor", "Finished", "InProcess"]

# Networks in a stack on a GPU, about the folds and seeds of a typical benchmark.
GPU_STACK = 64


@dataclass(frozen=True)
class Finished:
    """A group of tasks that an executor has finished.

    Attributes
    ----------
    tasks : sequence of Task
        The submitted group.
    outcome : Outcome or None
        Result of the group; ``None`` if the worker died.
    """

    tasks: Sequence[Task]
    outcome: Outcome | None


class Executor(ABC):
    """Interface of executors, which compute groups of tasks in parallel; a context manager.

    Methods without a body can be overridden by executors that need them.

    Workers read the prepared trials and write the records themselves: all workers need access to
    both folders.
    """

    # Number of worker deaths after which a task is computed without parallel tasks; the first death
    # may have been caused by another task or by the machine.
    deaths_before_isolation = 2

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """Number of groups that are computed in parallel.

        Returns
        -------
        int
            At least 1.
        """

    @property
    def most_submitted(self) -> int:
        """Maximum number of submitted groups, including those that wait.

        Returns
        -------
        int
            By default the number of workers.
        """
        return self.n_workers

    @property
    def default_stack(self) -> int:
        """Default number of networks that a worker trains together.

        Returns
        -------
        int
            64 on a GPU, otherwise 1.
        """
        import torch

        return GPU_STACK if torch.cuda.is_available() else 1

    def check_versions(self, expected: Mapping[str, str]) -> None:  # noqa: B027
        """Raise if workers have other library versions than the records of this run.

        Parameters
        ----------
        expected : mapping of str to str
            Versions of this package and of the libraries that results depend on.
        """

    def check_folders(self, folders: Mapping[str, Path]) -> None:  # noqa: B027
        """Raise if workers have no access to the folders of a run.

        Parameters
        ----------
        folders : mapping of str to pathlib.Path
            Folders by a description of their content.
        """

    @abstractmethod
    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Submit a group of tasks.

        Parameters
        ----------
        tasks : sequence of Task
            The group.
        setup : WorkerSetup
            Settings of their run.
        """

    @abstractmethod
    def wait(self) -> list[Finished]:
        """Wait until a group is finished.

        Returns
        -------
        list of Finished
            At least one group.

        Raises
        ------
        ResultsError
            When a record cannot be written, or the workers cannot be reached.
        """

    def stop(self) -> None:  # noqa: B027
        """Cancel all submitted groups."""

    def close(self) -> None:  # noqa: B027
        """End the workers that this executor has started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class InProcess(Executor):
    """Executor that computes tasks in this process, one after another."""

    def __init__(self) -> None:
        self._submitted: list[tuple[Sequence[Task], WorkerSetup]] = []

    @property
    def n_workers(self) -> int:
        """One; see :class:`Executor`.

        Returns
        -------
        int
            1.
        """
        return 1

    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Store a group for :meth:`wait`; see :class:`Executor`."""
        self._submitted.append((tasks, setup))

    def wait(self) -> list[Finished]:
        """Compute a group; see :class:`Executor`."""
        tasks, setup = self._submitted.pop()
        return [Finished(tasks, execute_quietly(tasks, setup))]

    def stop(self) -> None:
        """Discard submitted groups; see :class:`Executor`."""
        self._submitted.clear()
