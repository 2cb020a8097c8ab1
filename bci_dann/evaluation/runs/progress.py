"""Display of progress on the standard error stream: bars in a terminal, otherwise lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from bci_dann.evaluation.runs.records import Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["TimeLeft", "announce", "duration_text", "step_by_step", "tracked"]

Result = TypeVar("Result")
# Cost of a task without its networks, in passes over the trials (empirical).
COST_WITHOUT_NETWORK = 5.0


def tracked(
    results: Iterable[tuple[Task, Result]],
    pending: Sequence[Task],
    total: int,
    show: bool,
    n_jobs: int = 1,
) -> Iterator[tuple[Task, Result]]:
    """Pass on the results of tasks, and show progress on the standard error stream.

    A terminal shows a bar; a file or a pipe gets a line with the number of tasks, and then one line
    for each task. Both show the remaining time.

    Parameters
    ----------
    results : iterable of (Task, object)
        One result for each pending task, in any order; anything except ``None`` is a failure.
    pending : sequence of Task
        The unfinished tasks in the order in which they are started.
    total : int
        Number of all tasks, including those that are already finished.
    show : bool
        Whether to show anything.
    n_jobs : int
        Number of parallel tasks, needed to estimate the remaining time.

    Yields
    ------
    tuple of (Task, object)
        The results in the order of their arrival.
    """
    from rich.console import Console

    # names of variants have brackets, those of subjects may have colons
    console = Console(stderr=True, markup=False, emoji=False)
    left = TimeLeft(pending, n_jobs)
    if not show:
        yield from results
    elif console.is_terminal:
        yield from _with_bar(results, pending, total, left, console)
    else:
        yield from _with_lines(results, total - len(pending), total, left, console)


def announce(text: str, show: bool) -> None:
    """Print a status message on the standard error stream.

    Parameters
    ----------
    text : str
        The message.
    show : bool
        Whether to print it.
    """
    from rich.console import Console

    if show:
        Console(stderr=True, markup=False, emoji=False).print(text, soft_wrap=True, highlight=False)


class TimeLeft:
    """Estimates the remaining time of a run from the duration of finished tasks.

    The relative durations of tasks of different pipelines are estimated from the number of epochs
    of their networks, as given in their definitions.

    Parameters
    ----------
    pending : sequence of Task
        The unfinished tasks.
    n_jobs : int
        Number of parallel tasks.
    """

    def __init__(self, pending: Sequence[Task], n_jobs: int = 1) -> None:
        self._costs = {task.key: _cost(task) for task in pending}
        self._left = sum(self._costs.values())
        self._done = 0.0
        self._n_unknown = min(n_jobs, len(pending))
        self._start = time.monotonic()

    def finished(self, task: Task) -> None:
        """Count a task as finished.

        Parameters
        ----------
        task : Task
            One of the pending tasks.
        """
        cost = self._costs.get(task.key, 0.0)
        self._done += cost
        self._left -= cost
        self._n_unknown -= 1

    @property
    def seconds(self) -> float | None:
        """The remaining time (s).

        Returns
        -------
        float or None
            ``None`` until as many tasks are finished as run in parallel, because the first one is
            not representative.
        """
        if self._n_unknown > 0 or not self._done:
            return None
        return (time.monotonic() - self._start) / self._done * self._left


def duration_text(seconds: float) -> str:
    """Return a duration as text with a suitable unit.

    Parameters
    ----------
    seconds : float
        The duration (s).

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
    """Show a progress bar during a ``with`` block, if the standard error stream is a terminal.

    Parameters
    ----------
    total : int
        Number of steps.
    show : bool
        Whether to show anything.

    Yields
    ------
    callable
        Function of a description and a number: shows the current step, and adds finished steps.
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
    results: Iterable[tuple[Task, Result]], done: int, total: int, left: TimeLeft, console: Console
) -> Iterator[tuple[Task, Result]]:
    console.print(f"{done}/{total} tasks are finished", highlight=False)
    for count, (task, result) in enumerate(results, start=done + 1):
        left.finished(task)
        failed = " failed" if result is not None else ""
        line = f"{count}/{total} {task.label}{failed}{_time_left_text(left, count < total)}"
        console.print(line, soft_wrap=True, highlight=False)
        yield task, result


def _with_bar(
    results: Iterable[tuple[Task, Result]],
    pending: Sequence[Task],
    total: int,
    left: TimeLeft,
    console: Console,
) -> Iterator[tuple[Task, Result]]:
    waiting = {task.key: task.pipeline.name for task in pending}
    with _bar(console) as bar:
        done = total - len(pending)
        handle = bar.add_task(_first_waiting(waiting), total=total, completed=done)
        for task, result in results:
            waiting.pop(task.key, None)
            left.finished(task)
            text = _first_waiting(waiting) + _time_left_text(left, bool(waiting))
            bar.update(handle, advance=1, description=text)
            yield task, result


def _time_left_text(left: TimeLeft, is_going_on: bool) -> str:
    seconds = left.seconds
    return f", about {duration_text(seconds)} left" if is_going_on and seconds is not None else ""


def _cost(task: Task) -> float:
    """Return the estimated duration of a task, in passes over the trials."""
    of_networks = sum(_passes(step["parameters"]) for step in task.pipeline.definition)
    return COST_WITHOUT_NETWORK + of_networks


def _passes(value: Any) -> float:
    """Count the epochs of all networks in the parameters of a step and of its members."""
    if isinstance(value, list | tuple):
        return sum(map(_passes, value))
    if not isinstance(value, Mapping):
        return 0.0
    nested = sum(map(_passes, value.values()))
    epochs, members = value.get("max_epochs"), value.get("n_members", 1)
    if not isinstance(epochs, int) or not isinstance(members, int):
        return nested
    return nested + epochs * members * (2 if value.get("guard") else 1)


def _first_waiting(waiting: dict[str, str]) -> str:
    return next(iter(waiting.values()), "done")


def _bar(console: Console, measures_left: bool = False) -> Progress:
    """Return a progress bar; for tasks, the description contains the remaining time."""
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
