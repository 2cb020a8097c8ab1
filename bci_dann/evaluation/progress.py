"""A progress bar over tasks: finished of all, what is at hand, and the time that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from bci_dann.evaluation.records import Task

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["tracked"]

Result = TypeVar("Result")


def tracked(
    outcomes: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, show: bool
) -> Iterator[tuple[Task, Result]]:
    """Pass outcomes on, showing progress on the standard error stream.

    A terminal gets a bar; a file or a pipe gets one line a task.

    Parameters
    ----------
    outcomes : iterable of (Task, object)
        One for each pending task, in any order; anything but ``None`` is a failure.
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

    console = Console(stderr=True, markup=False)  # names of variants have brackets
    done = total - len(pending)
    if not show:
        yield from outcomes
    elif console.is_terminal:
        yield from _with_bar(outcomes, pending, total, console)
    else:
        for count, (task, result) in enumerate(outcomes, start=done + 1):
            failed = " failed" if result is not None else ""
            console.print(f"{count}/{total} {task.label}{failed}", soft_wrap=True, highlight=False)
            yield task, result


def _with_bar(
    outcomes: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, console: Console
) -> Iterator[tuple[Task, Result]]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        *(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        *(TextColumn("left"), TimeRemainingColumn()),
    )
    waiting = {task.key: task.pipeline.name for task in pending}
    with Progress(*columns, console=console) as bar:
        done = total - len(pending)
        handle = bar.add_task(_first(waiting), total=total, completed=done)
        for task, result in outcomes:
            waiting.pop(task.key, None)
            bar.update(handle, advance=1, description=_first(waiting))
            yield task, result


def _first(waiting: dict[str, str]) -> str:
    return next(iter(waiting.values()), "done")
