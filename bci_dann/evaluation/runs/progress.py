"""Progress of runs on the standard error stream: bars in a terminal, lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from bci_dann.evaluation.runs.records import Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["TimeLeft", "duration_text", "step_by_step", "tracked"]

Result = TypeVar("Result")


def tracked(
    results: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, show: bool
) -> Iterator[tuple[Task, Result]]:
    """Pass results of tasks on, showing progress on the standard error stream.

    A terminal gets a bar; a file or a pipe gets a line with the number of all tasks before the
    first one, and then one line for each task. Both tell how much time is left.

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
    if not show:
        yield from results
    elif console.is_terminal:
        yield from _with_bar(results, pending, total, console)
    else:
        yield from _with_lines(results, pending, total, console)


class TimeLeft:
    """Time until the last task, from the time that those of the same pipeline have taken.

    Parameters
    ----------
    pending : sequence of Task
        The tasks that are to be done.
    """

    def __init__(self, pending: Sequence[Task]) -> None:
        self._waiting = Counter(task.pipeline.name for task in pending)
        self._intervals: Mapping[str, list[float]] = defaultdict(list)
        self._last = time.monotonic()

    def finished(self, task: Task) -> None:
        """Note that a task is done.

        Parameters
        ----------
        task : Task
            One of the pending tasks.
        """
        now = time.monotonic()
        self._intervals[task.pipeline.name].append(now - self._last)
        self._last = now
        self._waiting[task.pipeline.name] -= 1

    @property
    def seconds(self) -> float | None:
        """The time left (s).

        Returns
        -------
        float or None
            Pipelines of which nothing is done yet are taken to need the mean time of the
            others. ``None`` before the first task is done.
        """
        if not self._intervals:
            return None
        means = {name: sum(times) / len(times) for name, times in self._intervals.items()}
        usual = sum(means.values()) / len(means)
        return sum(count * means.get(name, usual) for name, count in self._waiting.items())


def duration_text(seconds: float) -> str:
    """Return a time in the unit in which it is easily read.

    Parameters
    ----------
    seconds : float
        The time (s).

    Returns
    -------
    str
        For example ``"40 s"``, ``"5 min"`` or ``"2.5 h"``.

    Examples
    --------
    >>> duration_text(130.0)
    '2 min'
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


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
    with _bar(console, measures_left=True) as bar:
        handle = bar.add_task("", total=total)
        yield lambda text, n_done: bar.update(handle, advance=n_done, description=text)


def _with_lines(
    results: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, console: Console
) -> Iterator[tuple[Task, Result]]:
    done, left = total - len(pending), TimeLeft(pending)
    console.print(f"{done}/{total} tasks are finished", highlight=False)
    for count, (task, result) in enumerate(results, start=done + 1):
        left.finished(task)
        failed = " failed" if result is not None else ""
        line = f"{count}/{total} {task.label}{failed}{_left_text(left, count < total)}"
        console.print(line, soft_wrap=True, highlight=False)
        yield task, result


def _with_bar(
    results: Iterable[tuple[Task, Result]], pending: Sequence[Task], total: int, console: Console
) -> Iterator[tuple[Task, Result]]:
    waiting, left = {task.key: task.pipeline.name for task in pending}, TimeLeft(pending)
    with _bar(console) as bar:
        done = total - len(pending)
        handle = bar.add_task(_first(waiting), total=total, completed=done)
        for task, result in results:
            waiting.pop(task.key, None)
            left.finished(task)
            text = _first(waiting) + _left_text(left, bool(waiting))
            bar.update(handle, advance=1, description=text)
            yield task, result


def _left_text(left: TimeLeft, is_going_on: bool) -> str:
    seconds = left.seconds
    return f", about {duration_text(seconds)} left" if is_going_on and seconds is not None else ""


def _first(waiting: dict[str, str]) -> str:
    return next(iter(waiting.values()), "done")


def _bar(console: Console, measures_left: bool = False) -> Progress:
    """Return a bar; that of tasks has the time left in its description."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    left = (TextColumn("left"), TimeRemainingColumn()) if measures_left else ()
    description = TextColumn("{task.description}", markup=False)
    columns = (description, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *left)
    return Progress(*columns, console=console)
