"""Dispatch of tasks without a record to an executor, and logging of failed tasks."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann._files import write_atomically
from bci_dann.evaluation.config.pipeline_builder import build_with_warnings, trains_network
from bci_dann.evaluation.pretrained_weights import warn_of_given_weights
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.executors.submission import computed
from bci_dann.evaluation.runs.invocations import Invocation, add_invocation, current_invocation
from bci_dann.evaluation.runs.progress import tracked
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.worker import WorkerSetup, release_worker
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    from bci_dann.evaluation.runs.resolved_run import ResolvedRun

__all__ = ["FAILURES_FILE", "RESUME_ADVICE", "failure_reason", "run_missing", "stacks_of"]

# Log of the tasks that failed, with their tracebacks.
FAILURES_FILE = "failures.txt"
# What to do after an interruption or a failure, for messages.
RESUME_ADVICE = "Give the same command again to continue from here."
# The line above the traceback of each task in the log of failures.
FAILURE_HEADING = re.compile(r"^== (.*)\n", flags=re.MULTILINE)
# The line of a traceback that names a function and its file.
TRACEBACK_FRAME = re.compile(r'^  File "', flags=re.MULTILINE)


def run_missing(run: ResolvedRun, tasks: Sequence[Task], trials_folder: Path) -> None:
    """Compute the tasks that have no record yet.

    Parameters
    ----------
    run : ResolvedRun
        The run; its options determine the executor and the number of networks in a stack.
    tasks : sequence of Task
        All tasks that should have a record at the end.
    trials_folder : pathlib.Path
        Folder of the prepared trials.

    Raises
    ------
    ResultsError
        When tasks failed, or workers cannot be reached; finished tasks have records.

    Warns
    -----
    BCIDannWarning
        When a network starts from weights that subjects of the data may have trained.
    """
    from bci_dann.data import open_trials

    folder, options = run.folder, run.options
    pending = folder.missing(tasks)
    failures: list[tuple[Task, str]] = []
    if pending:
        warn_of_given_weights(run.pipelines, open_trials(trials_folder), pending[0].dataset)
        with opened(options.executor, options.n_jobs, options.progress) as executor:
            # workers may have another working directory
            log = None if options.tensorboard is None else Path(options.tensorboard).resolve()
            setup = WorkerSetup(run.run_id, trials_folder.resolve(), folder.resolved(), log)
            stacks = stacks_of(pending, options.stack or executor.default_stack)
            try:
                # if writing fails, closing the generator stops the remaining tasks
                with closing(computed(executor, stacks, setup)) as results:
                    recorded, n_workers = _recording_command(results, run), executor.n_workers
                    watched = tracked(recorded, pending, len(tasks), options.progress, n_workers)
                    failures = [(task, failure) for task, failure in watched if failure is not None]
            finally:
                release_worker(run.run_id)
    _log_failures(folder, pending, failures)
    if failures:
        raise _failure_error(folder, failures, len(pending))


def stacks_of(tasks: Sequence[Task], size: int) -> list[list[Task]]:
    """Group tasks whose networks can be trained together in one stack.

    Parameters
    ----------
    tasks : sequence of Task
        Tasks, with those of one pipeline and protocol in sequence.
    size : int
        Maximum number of tasks in a stack.

    Returns
    -------
    list of list of Task
        All tasks in order; tasks without a network form stacks of one.
    """
    stacks: list[list[Task]] = []
    for (spec, _), group in itertools.groupby(tasks, key=lambda t: (t.pipeline, t.protocol)):
        members = list(group)
        is_network = size > 1 and trains_network(build_with_warnings(spec, members[0].seed)[0])
        step = size if is_network else 1
        stacks += [members[start : start + step] for start in range(0, len(members), step)]
    return stacks


def failure_reason(text: str) -> str:
    """Return the error at the end of a traceback, in one line.

    Parameters
    ----------
    text : str
        The traceback.

    Returns
    -------
    str
        The class of the error and the first line of its message. The following lines, which
        libraries such as scikit-learn and PyTorch add, are general advice.
    """
    after_last_frame = TRACEBACK_FRAME.split(text.strip())[-1].splitlines()[1:]
    message = (line for line in after_last_frame if line[:1].strip())
    return next(message, text.strip().splitlines()[-1])


def _recording_command(
    results: Iterator[tuple[Task, str | None]], run: ResolvedRun
) -> Iterator[tuple[Task, str | None]]:
    """Pass results on; store the command in the folder when the first record is written."""
    invocation: Invocation | None = current_invocation(run.versions)
    for task, failure in results:
        if failure is None and invocation is not None:
            with run.folder.locked():
                add_invocation(run.folder.path, invocation)
            invocation = None
        yield task, failure


def _log_failures(
    folder: ResultsFolder, attempted: Sequence[Task], failures: Sequence[tuple[Task, str]]
) -> None:
    """Rewrite the log of failures; keep those of other tasks that still have no record."""
    log = folder.path / FAILURES_FILE
    if not (failures or log.exists()):
        return
    with folder.locked():
        manifest = folder.manifest()
        others = {task.label: task for task in (manifest.tasks if manifest else [])}
        for task in attempted:
            others.pop(task.label, None)
        entries = {
            label: text
            for label, text in _logged_failures(log)
            if label in others and not folder.record_path(others[label]).exists()
        }
        entries |= {task.label: failure for task, failure in failures}
        if entries:
            text = "\n".join(f"== {label}\n{failure}" for label, failure in entries.items())
            write_atomically(log, text.encode())
        else:
            log.unlink(missing_ok=True)


def _logged_failures(log: Path) -> Iterator[tuple[str, str]]:
    """Yield the labels of the tasks in a log of failures, with their tracebacks."""
    if log.exists():
        parts = FAILURE_HEADING.split(log.read_text(encoding="utf-8"))[1:]
        yield from zip(parts[::2], (part.rstrip("\n") for part in parts[1::2]), strict=True)


def _failure_error(
    folder: ResultsFolder, failures: Sequence[tuple[Task, str]], n_pending: int
) -> ResultsError:
    log = folder.path / FAILURES_FILE
    others = "."
    if len(failures) < n_pending:
        others = f"; the others are finished and have their records in {folder.path}."
    return ResultsError(
        f"{len(failures)} of {n_pending} tasks failed{others} See {log} for the tracebacks. "
        f"{RESUME_ADVICE}\n" + "\n".join(_reasons(failures))
    )


def _reasons(failures: Sequence[tuple[Task, str]]) -> list[str]:
    """Return one line for each reason, with the first task that failed for it."""
    tasks: dict[str, list[Task]] = {}
    for task, failure in failures:
        tasks.setdefault(failure_reason(failure), []).append(task)
    return [
        f"  {first.label}{f' and {len(more)} more' if more else ''}: {reason}"
        for reason, (first, *more) in tasks.items()
    ]
