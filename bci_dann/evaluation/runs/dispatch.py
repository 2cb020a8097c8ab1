"""Dispatch of tasks without a record to worker processes, and the report of failed tasks."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.config.pipeline_builder import build_with_warnings, trains_network
from bci_dann.evaluation.runs.invocations import Invocation, add_invocation, current_invocation
from bci_dann.evaluation.runs.progress import tracked
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.worker import WorkerSetup, execute_quietly, release_worker
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["RESUME", "run_missing", "stacks_of"]

FAILURES = "failures.txt"
RESUME = "Give the same command again to continue from here."
# Networks in a stack on a GPU: the folds and seeds of a usual benchmark.
GPU_STACK = 64


def run_missing(run: ResolvedRun, tasks: Sequence[Task], trials_folder: Path) -> None:
    """Compute the tasks that have no record yet.

    Parameters
    ----------
    run : ResolvedRun
        The run; its options say how many processes and networks at a time.
    tasks : sequence of Task
        All tasks that are to be finished.
    trials_folder : pathlib.Path
        The prepared trials.

    Raises
    ------
    ResultsError
        When tasks have failed, or a worker has died; finished tasks have their records.
    """
    import joblib

    folder, options = run.folder, run.options
    pending = [task for task in tasks if folder.read(task) is None]
    stacks = stacks_of(pending, options.stack or _default_stack()) if pending else []
    setup = WorkerSetup(run.run_id, trials_folder, folder)
    try:
        results = _noted(_results(stacks, setup, options.n_jobs), run)
        n_jobs = joblib.effective_n_jobs(options.n_jobs)
        watched = tracked(results, pending, len(tasks), options.progress, n_jobs)
        failures = [(task, failure) for task, failure in watched if failure is not None]
    finally:
        release_worker(run.run_id)
    if failures:
        raise _failed(folder, failures, len(pending))
    (folder.path / FAILURES).unlink(missing_ok=True)  # of an earlier run


def stacks_of(tasks: Sequence[Task], size: int) -> list[list[Task]]:
    """Group tasks whose networks may be trained in one stack.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks of one pipeline and protocol follow each other.
    size : int
        Most tasks in a stack.

    Returns
    -------
    list of list of Task
        All tasks, in order; those without a network are alone.
    """
    stacks: list[list[Task]] = []
    for (spec, _), group in itertools.groupby(tasks, key=lambda t: (t.pipeline, t.protocol)):
        members = list(group)
        is_network = size > 1 and trains_network(build_with_warnings(spec, members[0].seed)[0])
        step = size if is_network else 1
        stacks += [members[start : start + step] for start in range(0, len(members), step)]
    return stacks


def _default_stack() -> int:
    import torch

    return GPU_STACK if torch.cuda.is_available() else 1


def _results(
    stacks: list[list[Task]], setup: WorkerSetup, n_jobs: int
) -> Iterator[tuple[Task, str | None]]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    jobs = (joblib.delayed(execute_quietly)(tasks, setup) for tasks in stacks)
    # tasks take minutes, so a batch of several would only delay what is known
    parallel = joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
    try:
        for results, caught in parallel(jobs):
            for warning in caught:
                warnings.warn(warning.text, warning.category, stacklevel=2)
            yield from results
    except TerminatedWorkerError as error:
        raise ResultsError(
            "a worker process died, most often for lack of memory. Finished tasks have their "
            "records: give the same command again with fewer --jobs."
        ) from error


def _noted(
    results: Iterator[tuple[Task, str | None]], run: ResolvedRun
) -> Iterator[tuple[Task, str | None]]:
    """Pass results on; the first record notes the command, so that one without any leaves none."""
    invocation: Invocation | None = current_invocation(run.versions)
    for task, failure in results:
        if failure is None and invocation is not None:
            add_invocation(run.folder.path, invocation)
            invocation = None
        yield task, failure


def _failed(
    folder: ResultsFolder, failures: Sequence[tuple[Task, str]], n_pending: int
) -> ResultsError:
    log = folder.path / FAILURES
    text = "\n".join(f"== {task.label}\n{failure}" for task, failure in failures)
    write_atomically(log, text.encode())
    lines = [f"  {task.label}: {_last_line(failure)}" for task, failure in failures]
    return ResultsError(
        f"{len(failures)} of {n_pending} tasks failed; the others are finished and have their "
        f"records in {folder.path}. See {log} for the tracebacks. {RESUME}\n" + "\n".join(lines)
    )


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1]
