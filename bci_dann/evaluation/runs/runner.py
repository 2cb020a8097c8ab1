"""Run every task of a configuration that has no record yet, and make the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.config.run_config import RunConfig, load_config
from bci_dann.evaluation.runs.dispatch import GO_ON, run_missing
from bci_dann.evaluation.runs.manifest import Manifest, manifest_of
from bci_dann.evaluation.runs.preflight import (
    check_classes,
    check_jobs,
    check_pipelines,
    check_recordings,
    check_subject_count,
    checked_stack,
)
from bci_dann.evaluation.runs.records import Task, versions
from bci_dann.evaluation.runs.results import ResultsFolder, results_table
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd
    from moabb.datasets.base import BaseDataset

__all__ = ["ORDINARY", "Design", "TaskRun", "run_benchmark", "run_tasks", "task_table"]


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
    done = run_tasks(ORDINARY, config, out, n_jobs, data_dir, progress, dry_run, cache_dir, stack)
    return task_table(done.asked) if dry_run else results_table(done.folder.finished(done.held))


@dataclass(frozen=True)
class Design:
    """Which tasks are run.

    Parameters
    ----------
    tasks : callable
        Returns them, given the ordinary ones: each pipeline, protocol, seed and target.
    left_out : int
        How many subjects a task trains without.
    """

    tasks: Callable[[list[Task]], list[Task]]
    left_out: int


ORDINARY = Design(list, left_out=1)


@dataclass(frozen=True)
class TaskRun:
    """Tasks, and the folder that holds their records.

    Parameters
    ----------
    folder : ResultsFolder
        The folder.
    asked : list of Task
        What the run is to have done.
    held : list of Task
        The ordinary tasks of everything that the folder is about, which its table shows.
    trials_folder : pathlib.Path or None
        Where the prepared trials are; None in a dry run, which prepares none.
    """

    folder: ResultsFolder
    asked: list[Task]
    held: list[Task]
    trials_folder: Path | None = None


def run_tasks(
    design: Design,
    config: str | Path | Mapping[str, Any] | RunConfig,
    out: str | Path | None,
    n_jobs: int,
    data_dir: str | Path | None,
    progress: bool,
    dry_run: bool,
    cache_dir: str | Path | None,
    stack: int | None,
) -> TaskRun:
    """Do what :func:`run_benchmark` does, for any design.

    Parameters
    ----------
    design : Design
        Which tasks to run.
    config, out, n_jobs, data_dir, progress, dry_run, cache_dir, stack
        As for :func:`run_benchmark`, which also says what is raised.

    Returns
    -------
    TaskRun
        In a dry run the tasks belong to no data yet, and have no records.
    """
    check_jobs(n_jobs)
    stack = checked_stack(stack)
    run = load_config(config)
    check_pipelines(run)
    dataset = _dataset(run, data_dir)
    scope = manifest_of(run, dataset)
    folder = ResultsFolder(Path("runs") / run.name if out is None else out)
    held = folder.merged(scope)
    if dry_run:
        subjects = _planned_subjects(run, dataset, design)
        return TaskRun(folder, design.tasks(_tasks(run, "", scope, subjects)), [])
    trials_folder = _prepare(run, data_dir, cache_dir, progress)
    subjects = _checked_subjects(trials_folder, design)
    wanted, all_held = (_tasks(run, trials_folder.name, s, subjects) for s in (scope, held))
    done = TaskRun(folder, design.tasks(wanted), all_held, trials_folder)
    folder.open(replace(scope, data_key=trials_folder.name, versions=versions()))
    with _table_written(done):
        run_missing(folder, done.asked, trials_folder, n_jobs, stack, progress)
    return done


def task_table(tasks: Sequence[Task]) -> pd.DataFrame:
    """Return one row a task, as a dry run shows it.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``pipeline``, ``protocol``, ``seed``, ``subject``.
    """
    import pandas as pd

    columns = ["dataset", "pipeline", "protocol", "seed", "subject"]
    rows = [(t.dataset, t.pipeline.name, t.protocol, t.seed, t.subject) for t in tasks]
    return pd.DataFrame(rows, columns=columns)


def _dataset(run: RunConfig, data_dir: str | Path | None) -> BaseDataset:
    from bci_dann.data import make_dataset

    return make_dataset(run.data, data_dir)


def _planned_subjects(run: RunConfig, dataset: BaseDataset, design: Design) -> list[str]:
    from bci_dann.data.subset import resolve_subset

    selection = resolve_subset(dataset, run.data)
    subjects = [str(subject) for subject in selection.subjects]
    check_subject_count(subjects, design.left_out)
    check_recordings(dataset, run.preprocessing, selection)
    return subjects


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


def _checked_subjects(trials_folder: Path, design: Design) -> list[str]:
    from bci_dann.data import open_trials

    trials = open_trials(trials_folder)
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    check_subject_count(subjects, design.left_out)
    check_classes(trials, design.left_out)
    return subjects


def _tasks(run: RunConfig, data_key: str, scope: Manifest, subjects: Sequence[str]) -> list[Task]:
    """List the tasks, pipelines outermost, so that a first pipeline is complete early."""
    grid = itertools.product(scope.specs, scope.protocols, scope.seeds, subjects)
    return [
        Task(run.data.dataset, data_key, spec, protocol, subject, seed, run.threads)
        for spec, protocol, seed, subject in grid
    ]


@contextmanager
def _table_written(run: TaskRun) -> Iterator[None]:
    """Write the table of what is finished, however the block ends."""
    try:
        yield
    except KeyboardInterrupt:
        _write_table(run)
        done = len(list(run.folder.finished(run.asked)))
        raise KeyboardInterrupt(
            f"interrupted: {done} of {len(run.asked)} tasks are finished and kept in "
            f"{run.folder.path}. {GO_ON}"
        ) from None
    except ResultsError as error:
        # a disk that is full has no room for the table either
        try:
            _write_table(run)
        except ResultsError:
            raise error from None
        raise
    _write_table(run)


def _write_table(run: TaskRun) -> None:
    run.folder.write_table(results_table(run.folder.finished(run.held)))
