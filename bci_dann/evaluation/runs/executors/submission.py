"""Submission of tasks to an executor, a few at a time, and again where a worker has died."""

from __future__ import annotations

import warnings
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence

from bci_dann.evaluation.runs.executors.executor import Executor, Finished
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.worker import WorkerSetup
from bci_dann.exceptions import BCIDannWarning

__all__ = ["computed"]

DIED_ALONE = (
    "every worker that computed this task died, the last one with no other task beside it: for "
    "lack of memory, or by a crash inside a library. Try it on a machine with more memory, or "
    "leave the pipeline out."
)


def computed(
    executor: Executor, stacks: Sequence[Sequence[Task]], setup: WorkerSetup
) -> Generator[tuple[Task, str | None]]:
    """Compute groups of tasks, and raise the warnings of their workers here.

    When a worker dies, the tasks that it may have been computing are submitted again. Those
    whose workers die again are computed alone at the end, one after another, so that a task that
    ends its worker fails without the others.

    Parameters
    ----------
    executor : Executor
        Where they are computed.
    stacks : sequence of sequence of Task
        Groups of tasks; those of several tasks train their networks in one stack.
    setup : WorkerSetup
        The run that they belong to.

    Yields
    ------
    tuple of (Task, str or None)
        Each task once, in any order, with the traceback of one that has failed.

    Raises
    ------
    ResultsError
        When a record cannot be written, or the workers cannot be reached any more.
    """
    queue, alone = deque(stacks), deque[Sequence[Task]]()
    deaths: Counter[str] = Counter()
    n_submitted = 0
    try:
        while queue or alone or n_submitted:
            is_alone = not queue and not n_submitted
            if is_alone:
                executor.submit(alone.popleft(), setup)
                n_submitted = 1
            while queue and n_submitted < executor.most_submitted:
                executor.submit(queue.popleft(), setup)
                n_submitted += 1
            for finished in executor.wait():
                n_submitted -= 1
                if finished.outcome is not None:
                    yield from _with_warnings(finished)
                    continue
                tasks = finished.tasks
                deaths.update(task.key for task in tasks)
                if is_alone:
                    yield from ((task, DIED_ALONE) for task in tasks)
                    continue
                _tell_of_death(tasks)
                if deaths[tasks[0].key] < executor.deaths_in_company:
                    queue.append(tasks)
                else:
                    alone.extend([task] for task in tasks)
    finally:
        if n_submitted:
            executor.stop()


def _with_warnings(finished: Finished) -> Iterator[tuple[Task, str | None]]:
    assert finished.outcome is not None
    results, caught = finished.outcome
    for warning in caught:
        warnings.warn(warning.text, warning.category, stacklevel=4)
    yield from results


def _tell_of_death(tasks: Sequence[Task]) -> None:
    more = f" and {len(tasks) - 1} more in a stack" if len(tasks) > 1 else ""
    warnings.warn(
        f"a worker process died, most often for lack of memory; it was given {tasks[0].label}"
        f"{more}, which will be computed again. If this goes on, stop the run and give the same "
        "command with fewer --jobs, or give workers more memory.",
        BCIDannWarning,
        stacklevel=3,
    )
