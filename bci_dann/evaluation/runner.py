"""Run every task of a configuration that has no record yet, and make the table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann.evaluation.building import build
from bci_dann.evaluation.config import RunConfig, load_config, pipeline_specs
from bci_dann.evaluation.execution import execute, stacks_of
from bci_dann.evaluation.progress import tracked
from bci_dann.evaluation.records import Record, Task, write_atomically
from bci_dann.evaluation.results import ResultsFolder, Scope, results_table, scope_of
from bci_dann.exceptions import ConfigError, DataError, ResultsError

if TYPE_CHECKING:
    import pandas as pd
    from moabb.datasets.base import BaseDataset

    from bci_dann.data import EEGTrials

__all__ = ["run_benchmark"]

FAILURES = "failures.txt"
# Networks in a stack on a GPU: the folds and seeds of a usual benchmark.
GPU_STACK = 64

GO_ON = "Give the same command again to go on from here."


def run_benchmark(
    config: str | Path | Mapping[str, Any] | RunConfig,
    out: str | Path | None = None,
    n_jobs: int = 1,
    data_dir: str | Path | None = None,
    progress: bool = True,
    dry_run: bool = False,
    cache_dir: str | Path | None = None,
    stack: int | None = None,
) -> pd.DataFrame:
    """Compare pipelines, each subject in turn being the target.

    Every finished task is kept in ``out``: a run that was interrupted goes on where it
    stopped, and a configuration that has grown computes what is new.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file or its content.
    out : str, pathlib.Path or None
        The results folder; ``None`` is ``runs/NAME`` in the working folder.
    n_jobs : int
        Tasks at a time, each in a process of its own; -1 for one a core. More jobs than
        cores are allowed and only cost time. Results do not depend on it, bit for bit.
    data_dir : str, pathlib.Path or None
        Where the recordings are; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check the configuration, the pipelines, the dataset and the results folder, and
        return the tasks. A folder of recordings is opened, file by file, for lengths,
        channels and events; of MOABB's datasets the name, the parameters and the subjects
        are checked, and nothing is downloaded. Signals are not read, and nothing is
        trained or written.
    cache_dir : str, pathlib.Path or None
        Where prepared trials are kept; see :func:`bci_dann.data.prepare_trials`.
    stack : int or None
        Folds and seeds of one pipeline whose networks a process trains together, in one set
        of tensors; equal to training them apart but for rounding. ``None`` takes 64 where
        there is a GPU, and 1 on a CPU, where a stack gains little and processes use the cores.

    Returns
    -------
    pandas.DataFrame
        One row a task and session, as in ``results.csv``, over everything that the folder
        holds; in a dry run one row a task.

    Raises
    ------
    ConfigError
        When the configuration, a pipeline or ``n_jobs`` is wrong.
    DataError
        When the recordings are not what was promised, or do not allow the protocols.
    ResultsError
        When the folder holds another configuration or cannot be written to, or when tasks
        have failed; what was finished is kept.
    KeyboardInterrupt
        After Ctrl-C, once the table of what was finished is written.
    """
    _check_jobs(n_jobs)
    stack = _checked_stack(stack)
    run = load_config(config)
    _check_pipelines(run)
    dataset = _dataset(run, data_dir)
    scope = scope_of(run, dataset)
    folder = ResultsFolder(Path("runs") / run.name if out is None else out)
    held = folder.merged(scope)
    if dry_run:
        return _plan(run, scope, dataset)
    trials_folder = _prepare(run, data_dir, cache_dir, progress)
    subjects = _checked_subjects(trials_folder)
    wanted, all_held = (_tasks(run, trials_folder.name, s, subjects) for s in (scope, held))
    folder.open(scope)
    with _table_written(folder, all_held):
        _run_missing(folder, wanted, trials_folder, n_jobs, stack, progress)
    return results_table(_finished(folder, all_held))


def _check_jobs(n_jobs: int) -> None:
    if n_jobs != -1 and n_jobs < 1:
        raise ConfigError(f"--jobs (n_jobs) must be at least 1, or -1 for all cores; got {n_jobs}.")


def _checked_stack(stack: int | None) -> int:
    if stack is None:
        import torch

        return GPU_STACK if torch.cuda.is_available() else 1
    if stack < 1:
        raise ConfigError(f"--stack (stack) must be at least 1; got {stack}.")
    return stack


def _check_pipelines(run: RunConfig) -> None:
    for spec in pipeline_specs(run):
        build(spec, seed=run.seeds[0])


def _dataset(run: RunConfig, data_dir: str | Path | None) -> BaseDataset:
    from bci_dann.data import make_dataset

    return make_dataset(run.data, data_dir)


def _plan(run: RunConfig, scope: Scope, dataset: BaseDataset) -> pd.DataFrame:
    import pandas as pd

    from bci_dann.data.selection import resolve

    subjects = [str(subject) for subject in resolve(dataset, run.data).subjects]
    _check_subject_count(subjects)
    _check_recordings(dataset)
    tasks = _tasks(run, "", scope, subjects)
    columns = ["dataset", "pipeline", "protocol", "seed", "subject"]
    rows = [(t.dataset, t.pipeline.name, t.protocol, t.seed, t.subject) for t in tasks]
    return pd.DataFrame(rows, columns=columns)


def _check_recordings(dataset: BaseDataset) -> None:
    """Open every file of a folder; MOABB's datasets would first have to be downloaded."""
    check = getattr(dataset, "check", None)
    if callable(check):
        check()


def _prepare(
    run: RunConfig,
    data_dir: str | Path | None,
    cache_dir: str | Path | None,
    progress: bool,
) -> Path:
    from bci_dann.data import prepare_trials

    return prepare_trials(
        run.data, run.preprocessing, data_dir=data_dir, cache_dir=cache_dir, progress=progress
    )


def _checked_subjects(trials_folder: Path) -> list[str]:
    from bci_dann.data import open_trials

    trials = open_trials(trials_folder)
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    _check_subject_count(subjects)
    _check_classes(trials)
    return subjects


def _tasks(run: RunConfig, data_key: str, scope: Scope, subjects: Sequence[str]) -> list[Task]:
    """List the tasks, pipelines outermost, so that a first pipeline is complete early."""
    grid = itertools.product(scope.specs, scope.protocols, scope.seeds, subjects)
    return [
        Task(run.data.dataset, data_key, spec, protocol, subject, seed, run.threads)
        for spec, protocol, seed, subject in grid
    ]


def _check_subject_count(subjects: Sequence[str]) -> None:
    if len(subjects) < 2:
        raise DataError(
            f"leaving one subject out needs at least two subjects; there is {list(subjects)}. "
            "Add subjects under `data`."
        )


def _check_classes(trials: EEGTrials) -> None:
    """Raise where a class would be missing in training when its only subject is left out."""
    labels = np.asarray(trials.y)
    for name in np.unique(labels).tolist():
        owners = np.unique(trials.subjects[labels == name])
        if len(owners) < 2:
            raise DataError(
                f"the class {name!r} occurs only in subject {owners[0]}, so no other subject "
                "could teach it. Leave the class out with `data.classes`, or add subjects."
            )


def _run_missing(
    folder: ResultsFolder,
    tasks: list[Task],
    trials_folder: Path,
    n_jobs: int,
    stack: int,
    progress: bool,
) -> None:
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


@contextmanager
def _table_written(folder: ResultsFolder, tasks: list[Task]) -> Iterator[None]:
    """Write the table of what is finished, however the block ends."""
    try:
        yield
    except KeyboardInterrupt:
        done = _write_table(folder, tasks)
        raise KeyboardInterrupt(
            f"interrupted: {done} of {len(tasks)} tasks are finished and kept in {folder.path}. "
            + GO_ON
        ) from None
    except ResultsError as error:
        # a disk that is full has no room for the table either
        try:
            _write_table(folder, tasks)
        except ResultsError:
            raise error from None
        raise
    _write_table(folder, tasks)


def _write_table(folder: ResultsFolder, tasks: list[Task]) -> int:
    finished = list(_finished(folder, tasks))
    folder.write_table(results_table(finished))
    return len(finished)


def _finished(folder: ResultsFolder, tasks: list[Task]) -> Iterator[tuple[Task, Record]]:
    for task in tasks:
        record = folder.read(task)
        if record is not None:
            yield task, record


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
