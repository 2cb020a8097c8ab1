"""Shards: parts of the tasks of a run, for job arrays on clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bci_dann.evaluation.runs.records import Task
from bci_dann.exceptions import ConfigError

__all__ = ["Shard"]

# Form of a shard: number of the part, and number of all parts.
SHARD_PATTERN = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class Shard:
    """One of several parts of the tasks of a run.

    Attributes
    ----------
    index : int
        Number of this part, from 1 to ``count``.
    count : int
        Number of parts.
    """

    index: int
    count: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the shard for a text such as ``"2/5"``.

        Parameters
        ----------
        text : str
            Number of the part and of all parts, such as ``"2/5"``.

        Returns
        -------
        Shard
            The given part.

        Raises
        ------
        ConfigError
            When the text has another form, or there is no such part.
        """
        match = SHARD_PATTERN.fullmatch(str(text).strip())
        index, count = map(int, match.groups()) if match else (0, 0)
        if not 1 <= index <= count:
            raise ConfigError(
                f"--shard (shard) must be I/N, the I-th of N parts with I from 1 to N, such as "
                f"2/5; got {text!r}."
            )
        return cls(index, count)

    def of(self, tasks: Sequence[Task]) -> list[Task]:
        """Return this part of the tasks.

        The part contains every N-th task, so that all parts have about the same number of tasks of
        each pipeline, protocol and seed.

        Parameters
        ----------
        tasks : sequence of Task
            All tasks in the order of the configuration.

        Returns
        -------
        list of Task
            In the given order.

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
