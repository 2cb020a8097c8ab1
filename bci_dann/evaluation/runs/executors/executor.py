"""The interface of what computes the tasks of a run, and its simplest form: this process."""

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

# Networks in a stack on a GPU: the folds and seeds of a usual benchmark.
GPU_STACK = 64


@dataclass(frozen=True)
class Finished:
    """A group of tasks that an executor is done with.

    Attributes
    ----------
    tasks : sequence of Task
        As they were submitted.
    outcome : Outcome or None
        ``None`` where the worker that computed them died.
    """

    tasks: Sequence[Task]
    outcome: Outcome | None


class Executor(ABC):
    """What computes groups of tasks, several at a time; a context manager.

    Methods without a body are for executors that have something to check or to end.

    Workers read the prepared trials and write the records themselves: both folders have to be
    the same for all of them.
    """

    # Deaths of workers after which a task is computed with no other one beside it: after the first,
    # the cause may have been another task, or the machine.
    deaths_in_company = 2

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """The groups that are computed at a time.

        Returns
        -------
        int
            At least 1.
        """

    @property
    def most_submitted(self) -> int:
        """The number of groups that are handed over at a time, those that wait among them.

        Returns
        -------
        int
            As many as there are workers.
        """
        return self.n_workers

    @property
    def default_stack(self) -> int:
        """The number of networks that a worker trains as one, where the user names none.

        Returns
        -------
        int
            64 where there is a GPU, else 1.
        """
        import torch

        return GPU_STACK if torch.cuda.is_available() else 1

    def check_versions(self, expected: Mapping[str, str]) -> None:  # noqa: B027
        """Raise unless the workers have the versions that the records will name.

        Parameters
        ----------
        expected : mapping of str to str
            Of this package and of the libraries that results depend on.
        """

    def check_folders(self, folders: Mapping[str, Path]) -> None:  # noqa: B027
        """Raise unless the workers see the folders of a run.

        Parameters
        ----------
        folders : mapping of str to pathlib.Path
            By what they hold, in words.
        """

    @abstractmethod
    def submit(self, tasks: Sequence[Task], setup: WorkerSetup) -> None:
        """Hand a group of tasks over.

        Parameters
        ----------
        tasks : sequence of Task
            The group.
        setup : WorkerSetup
            The run that they belong to.
        """

    @abstractmethod
    def wait(self) -> list[Finished]:
        """Wait until a group is done.

        Returns
        -------
        list of Finished
            At least one.

        Raises
        ------
        ResultsError
            When a record cannot be written, or the workers cannot be reached any more.
        """

    def stop(self) -> None:  # noqa: B027
        """Give up what was submitted."""

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
    """Computes tasks in this process, one after another."""

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
        """Keep a group for :meth:`wait`; see :class:`Executor`."""
        self._submitted.append((tasks, setup))

    def wait(self) -> list[Finished]:
        """Compute a group; see :class:`Executor`."""
        tasks, setup = self._submitted.pop()
        return [Finished(tasks, execute_quietly(tasks, setup))]

    def stop(self) -> None:
        """Forget what was submitted; see :class:`Executor`."""
        self._submitted.clear()
