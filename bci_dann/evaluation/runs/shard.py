"""Shards: the i-th of n parts of the tasks of a run, for job arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bci_dann.evaluation.runs.records import Task
from bci_dann.exceptions import ConfigError

__all__ = ["Shard"]

FORM = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class Shard:
    """One of several parts of a run's tasks.

    Attributes
    ----------
    index : int
        From 1 to ``count``.
    count : int
        The number of parts.
    """

    index: int
    count: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a shard as a user writes it.

        Parameters
        ----------
        text : str
            For example ``"2/5"``.

        Returns
        -------
        Shard
            The second of five.

        Raises
        ------
        ConfigError
            When it is something else, or there is no such part.
        """
        match = FORM.fullmatch(str(text).strip())
        index, count = map(int, match.groups()) if match else (0, 0)
        if not 1 <= index <= count:
            raise ConfigError(
                f"--shard (shard) takes I/N, the I-th of N parts with I from 1 to N, for example "
                f"2/5; got {text!r}."
            )
        return cls(index, count)

    def of(self, tasks: Sequence[Task]) -> list[Task]:
        """Return this part of the tasks.

        Every N-th task is taken, so that each part has the same number of tasks of each pipeline,
        protocol and seed, give or take one.

        Parameters
        ----------
        tasks : sequence of Task
            All tasks, in the order that the configuration gives them.

        Returns
        -------
        list of Task
            In the same order.

        Raises
        ------
        ConfigError
            When there are fewer tasks than parts.
        """
        if self.count > len(tasks):
            raise ConfigError(
                f"--shard {self.index}/{self.count} (shard): there are only {len(tasks)} tasks. "
                f"Use at most {len(tasks)} parts."
            )
        return list(tasks[self.index - 1 :: self.count])
