"""Submission of tasks to an executor, with repetition of tasks whose worker has died."""

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
    "every worker that computed this task died, even without other tasks running in parallel. The "
    "cause is a lack of memory, or a crash inside a library. Use a machine with more memory, or "
    "leave the pipeline out."
)


def computed(
    executor: Executor, stacks: Sequence[Sequence[Task]], setup: WorkerSetup
) -> Generator[tuple[Task, str | None]]:
    """Compute groups of tasks, and raise the warnings of their workers in this process.

    If a worker dies, the tasks that it may have been computing are submitted again. If their
    workers die again, they are computed at the end, one at a time, so that a task that kills its
    worker fails without affecting others.

    Parameters
    ----------
    executor : Executor
        Executor for the tasks.
    stacks : sequence of sequence of Task
        Groups of tasks; the networks of a group are trained in one stack.
    setup : WorkerSetup
        Settings of their run.

    Yields
    ------
    tuple of (Task, str or None)
        Each task once, in any order, with the traceback if it failed.

    Raises
    ------
    ResultsError
        When a record cannot be written, or the workers cannot be reached.
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
                _warn_of_death(tasks)
                if deaths[tasks[0].key] < executor.deaths_before_isolation:
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


def _warn_of_death(tasks: Sequence[Task]) -> None:
    more = f" and {len(tasks) - 1} other tasks at once" if len(tasks) > 1 else ""
    warnings.warn(
        f"a worker process died while computing {tasks[0].label}{more}, usually because of a lack "
        "of memory. Unfinished tasks are computed again. If this happens repeatedly, stop the run, "
        "and give the same command with fewer --jobs, or give workers more memory.",
        BCIDannWarning,
        stacklevel=3,
    )
