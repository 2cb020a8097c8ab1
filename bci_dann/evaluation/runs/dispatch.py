"""Give the tasks that have no record yet to workers, and tell what has failed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from bci_dann._files import write_atomically
from bci_dann.evaluation.runs.execution import execute, stacks_of
from bci_dann.evaluation.runs.progress import tracked
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.exceptions import ResultsError

__all__ = ["GO_ON", "run_missing"]

FAILURES = "failures.txt"
GO_ON = "Give the same command again to go on from here."


def run_missing(
    folder: ResultsFolder,
    tasks: list[Task],
    trials_folder: Path,
    n_jobs: int,
    stack: int,
    progress: bool,
) -> None:
    """Run the tasks that have no record yet.

    Parameters
    ----------
    folder : ResultsFolder
        Where records are.
    tasks : list of Task
        All that are to be finished.
    trials_folder : pathlib.Path
        The prepared trials.
    n_jobs : int
        Processes; -1 for one a core.
    stack : int
        Most networks that one process trains together.
    progress : bool
        Whether to show progress on the standard error stream.

    Raises
    ------
    ResultsError
        When tasks have failed, or a worker has died; what was finished is kept.
    """
    pending = [task for task in tasks if folder.read(task) is None]
    outcomes = _outcomes(folder, stacks_of(pending, stack), trials_folder, n_jobs)
    watched = tracked(outcomes, pending, len(tasks), progress)
    failures = [(task, failure) for task, failure in watched if failure is not None]
    if failures:
        raise _failed(folder, failures, len(pending))
    (folder.path / FAILURES).unlink(missing_ok=True)  # of an earlier run


def _outcomes(
    folder: ResultsFolder, stacks: list[list[Task]], trials_folder: Path, n_jobs: int
) -> Iterator[tuple[Task, str | None]]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    jobs = (
        joblib.delayed(execute)(tasks, trials_folder, [folder.record_path(t) for t in tasks])
        for tasks in stacks
    )
    # tasks take minutes, so a batch of several would only delay what is known
    parallel = joblib.Parallel(n_jobs, return_as="generator_unordered", batch_size=1)
    try:
        yield from itertools.chain.from_iterable(parallel(jobs))
    except TerminatedWorkerError as error:
        raise ResultsError(
            "a worker process died, most often for want of memory. What was finished is kept: "
            "give the same command again with fewer --jobs."
        ) from error


def _failed(
    folder: ResultsFolder, failures: Sequence[tuple[Task, str]], n_pending: int
) -> ResultsError:
    log = folder.path / FAILURES
    text = "\n".join(f"== {task.label}\n{failure}" for task, failure in failures)
    write_atomically(log, text.encode())
    lines = [f"  {task.label}: {_last_line(failure)}" for task, failure in failures]
    return ResultsError(
        f"{len(failures)} of {n_pending} tasks failed; the others are finished and kept in "
        f"{folder.path}. See {log} for the tracebacks. {GO_ON}\n" + "\n".join(lines)
    )


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1]
