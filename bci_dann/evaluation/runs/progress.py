"""Progress of runs on the standard error stream: bars in a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from bci_dann.evaluation.runs.records import Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["step_by_step", "tracked"]

Result = TypeVar("Result")


def tracked(
    results: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, show: bool
) -> Iterator[tuple[Task, Result]]:
    """Pass results of tasks on, showing progress on the standard error stream.

    A terminal gets a bar; a file or a pipe gets a line with the number of all tasks before the
    first one, and then one line for each task.

    Parameters
    ----------
    results : iterable of (Task, object)
        One for each pending task, in any order; anything but ``None`` is a failure.
    pending : sequence of Task
        The tasks in the order in which they are started.
    total : int
        The number of all tasks, those that were finished before among them.
    show : bool
        Whether to show anything.

    Yields
    ------
    tuple of (Task, object)
        The results, as they come.
    """
    from rich.console import Console

    console = Console(stderr=True, markup=False)  # names of variants have brackets
    done = total - len(pending)
    if not show:
        yield from results
    elif console.is_terminal:
        yield from _with_bar(results, pending, total, console)
    else:
        console.print(f"{done}/{total} tasks are finished", highlight=False)
        for count, (task, result) in enumerate(results, start=done + 1):
            failed = " failed" if result is not None else ""
            console.print(f"{count}/{total} {task.label}{failed}", soft_wrap=True, highlight=False)
            yield task, result


@contextmanager
def step_by_step(total: int, show: bool) -> Iterator[Callable[[str, int], None]]:
    """Show a bar during a block, on the standard error stream if it is a terminal.

    Parameters
    ----------
    total : int
        Steps in all.
    show : bool
        Whether to show anything.

    Yields
    ------
    callable
        ``(description, n_done)``: shows the current step, and counts finished ones.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not (show and console.is_terminal):
        yield lambda *_: None
        return
    with _bar(console) as bar:
        handle = bar.add_task("", total=total)
        yield lambda text, n_done: bar.update(handle, advance=n_done, description=text)


def _with_bar(
    results: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, console: Console
) -> Iterator[tuple[Task, Result]]:
    waiting = {task.key: task.pipeline.name for task in pending}
    with _bar(console) as bar:
        done = total - len(pending)
        handle = bar.add_task(_first(waiting), total=total, completed=done)
        for task, result in results:
            waiting.pop(task.key, None)
            bar.update(handle, advance=1, description=_first(waiting))
            yield task, result


def _first(waiting: dict[str, str]) -> str:
    return next(iter(waiting.values()), "done")


def _bar(console: Console) -> Progress:
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
    return Progress(*columns, console=console)
