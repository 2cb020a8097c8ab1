"""A progress bar over tasks: finished of all, what is at hand, and the time that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from bci_dann.evaluation.records import Task

__all__ = ["tracked"]

Result = TypeVar("Result")


def tracked(
    outcomes: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, show: bool
) -> Iterator[tuple[Task, Result]]:
    """Pass outcomes on, showing progress on the standard error stream.

    Parameters
    ----------
    outcomes : iterable of (Task, object)
        One for each pending task, in any order.
    pending : sequence of Task
        The tasks in the order in which they are started.
    total : int
        All tasks, with those that were finished before.
    show : bool
        Whether to show anything.

    Yields
    ------
    tuple of (Task, object)
        The outcomes.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        *(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn()),
    )
    waiting = {task.key: task.pipeline.name for task in pending}
    with Progress(*columns, console=Console(stderr=True), disable=not show) as bar:
        handle = bar.add_task(_first(waiting), total=total, completed=total - len(pending))
        for task, result in outcomes:
            waiting.pop(task.key, None)
            bar.update(handle, advance=1, description=_first(waiting))
            yield task, result


def _first(waiting: dict[str, str]) -> str:
    return next(iter(waiting.values()), "done")
