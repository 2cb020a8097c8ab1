"""Leave-one-subject-out runs: computing every task of a configuration, and the results table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.data.combined.combined_config import CombinedDataConfig, one_dataset
from bci_dann.evaluation.config.run_config import RunConfig
from bci_dann.evaluation.feature_map import write_feature_map
from bci_dann.evaluation.pseudo_online.window_results import write_window_scores
from bci_dann.evaluation.runs.channel_power import write_channel_power
from bci_dann.evaluation.runs.dispatch import RESUME, run_missing
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.manifest import Manifest, manifest_of, recordings_fingerprint
from bci_dann.evaluation.runs.preflight import (
    check_classes,
    check_pipelines,
    check_recordings,
    check_subject_count,
    check_without_regimes,
)
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.results import ResultsFolder, results_table
from bci_dann.evaluation.runs.run_cost import planned_cost
from bci_dann.evaluation.runs.shard import Shard
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.data import EEGTrials

__all__ = [
    "LEAVE_ONE_SUBJECT_OUT",
    "TaskPlan",
    "TaskRun",
    "planned_tasks",
    "run_benchmark",
    "run_tasks",
    "task_table",
]


def run_benchmark(
    config: str | Path | Mapping[str, Any] | RunConfig,
    out: str | Path | None = None,
    n_jobs: int = 1,
    data_dir: str | Path | None = None,
    progress: bool = True,
    dry_run: bool = False,
    cache_dir: str | Path | None = None,
    stack: int | None = None,
    executor: Any = None,
    shard: str | None = None,
    tensorboard: str | Path | None = None,
) -> pd.DataFrame:
    """Compare pipelines, each subject in turn being the target.

    Every finished task has its record in ``out``: a run that was interrupted continues where it
    stopped, and a configuration with more pipelines, protocols, seeds or subjects computes what
    is new.

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
    executor : str, distributed.Client or None
        Where tasks are computed: ``"in-process"``; ``"loky"``, in ``n_jobs`` processes of this
        machine; ``"dask"``, by ``n_jobs`` Dask workers that the run starts on this machine; the
        address of a Dask scheduler, such as ``"tcp://10.0.0.1:8786"``, or a client of one. All
        workers of a scheduler have to see ``out`` and the prepared trials under the same paths.
        ``None`` takes the first for one job, and loky for several. Records do not depend on it,
        bit for bit.
    shard : str or None
        ``"I/N"`` computes the I-th of N parts of the tasks, from 1 to N, for job arrays;
        :func:`bci_dann.evaluation.merge_runs` joins the folders. ``None`` computes all.
    tensorboard : str, pathlib.Path or None
        A folder for the losses of networks, for TensorBoard; tasks that have records log nothing.

    Returns
    -------
    pandas.DataFrame
        One row a task and session, as in ``results.csv``, over everything that the folder
        holds; in a dry run one row a task, with what the run takes in ``attrs["cost"]``.

    Raises
    ------
    ConfigError
        When the configuration, a pipeline or an option is wrong, or a Dask scheduler does not
        answer or has other versions.
    DataError
        When the recordings are not what was promised, or do not allow the protocols.
    ResultsError
        When the folder holds another configuration or cannot be written to, when tasks have
        failed, or when workers do not see the folders or cannot be reached any more; finished
        tasks have their records.
    InstallationError
        When Dask or TensorBoard is asked for, and not installed.
    KeyboardInterrupt
        After Ctrl-C, once the table of the finished tasks is written.

    See Also
    --------
    bci_dann.evaluation.summarise : One row for each pipeline.
    bci_dann.evaluation.nested_choice : A pipeline for each subject, chosen without its labels.
    bci_dann.evaluation.RunConfig : The keys of a configuration.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann import run_benchmark
    >>> data = {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "n_trials": 10}}
    >>> config = {"name": "my", "data": data, "protocols": ["train"]}
    >>> config["pipelines"] = ["csp_lda", "ea_csp_lda"]
    >>> with TemporaryDirectory() as folder:
    ...     tasks = run_benchmark(config, out=folder, progress=False, dry_run=True)
    >>> len(tasks)
    6
    """
    options = RunOptions(
        out, n_jobs, data_dir, cache_dir, progress, dry_run, stack, executor, shard, tensorboard
    )
    run = resolve_run(config, options)
    done = run_tasks(run, LEAVE_ONE_SUBJECT_OUT)
    if done.table is not None:
        return done.table
    tasks = task_table(done.requested)
    tasks.attrs["cost"] = planned_cost(run, tasks)
    return tasks


@dataclass(frozen=True)
class TaskPlan:
    """Which tasks a run consists of.

    Attributes
    ----------
    tasks : callable
        Returns them, given the tasks of leaving one subject out: each pipeline, protocol, seed
        and target.
    n_left_out : int
        How many subjects a task trains without.
    """

    tasks: Callable[[list[Task]], list[Task]]
    n_left_out: int


LEAVE_ONE_SUBJECT_OUT = TaskPlan(list, n_left_out=1)


@dataclass(frozen=True)
class TaskRun:
    """The tasks of a run, and the folder that holds their records.

    Attributes
    ----------
    folder : ResultsFolder
        The folder.
    requested : list of Task
        The tasks of the run.
    manifest : Manifest
        Of this run.
    trials_folder : pathlib.Path or None
        The prepared trials; ``None`` in a dry run, which prepares none.
    table : pandas.DataFrame or None
        As ``results.csv`` holds it; ``None`` in a dry run.
    """

    folder: ResultsFolder
    requested: list[Task]
    manifest: Manifest
    trials_folder: Path | None = None
    table: pd.DataFrame | None = None

    @property
    def tabulated(self) -> list[Task]:
        """The tasks that the folder's table shows, those of other runs among them.

        Returns
        -------
        list of Task
            With the pipelines, protocols and seeds that the folder has at this moment.
        """
        return self.folder.merged(self.manifest).tasks


def run_tasks(run: ResolvedRun, plan: TaskPlan) -> TaskRun:
    """Compute the tasks of a plan that have no record yet, and write the results table.

    Parameters
    ----------
    run : ResolvedRun
        The run.
    plan : TaskPlan
        Which tasks it consists of.

    Returns
    -------
    TaskRun
        In a dry run the tasks belong to no data yet, and have no records.

    Raises
    ------
    ConfigError
        When a pipeline cannot be built, or the data or preprocessing do not fit the dataset.
    DataError
        When the recordings are not what was promised, or do not allow the protocols.
    ResultsError
        When the folder holds other results or cannot be written to, or when tasks have failed.
    KeyboardInterrupt
        After Ctrl-C, once the table of the finished tasks is written.
    """
    check_without_regimes(run.config)
    check_pipelines(run.pipelines, run.config.seeds[0], run.config.preprocessing)
    manifest = manifest_of(run.config, run.pipelines, recordings_fingerprint(run.dataset))
    run.folder.merged(manifest)
    options = run.options
    if options.dry_run:
        return TaskRun(run.folder, planned_tasks(run, plan), manifest)
    with opened(options.executor, options.n_jobs, options.progress) as executor:
        executor.check_versions(run.versions)
        return _computed(replace(run, options=replace(options, executor=executor)), plan, manifest)


def _computed(run: ResolvedRun, plan: TaskPlan, manifest: Manifest) -> TaskRun:
    """Compute the tasks of a run whose executor is ready."""
    from bci_dann.data import open_trials

    trials_folder = run.prepare_trials()
    trials = open_trials(trials_folder)
    known = replace(
        manifest,
        data_key=trials_folder.name,
        versions=dict(run.versions),
        subjects=_targets(run.config, _checked_subjects(trials, plan)),
    )
    done = TaskRun(run.folder, _shard_of(run, plan.tasks(known.tasks)), known, trials_folder)
    run.folder.open(known)
    run.options.executor.check_folders(
        {"prepared trials": trials_folder.resolve(), "results": run.folder.resolved().path}
    )
    run.folder.write_account(trials.account)
    for write in (write_channel_power, write_feature_map):  # for the report
        write(run.folder.path, trials, trials_folder.name)
    with _table_written_on_errors(done):
        run_missing(run, done.requested, trials_folder)
    return replace(done, table=_write_table(done))


def planned_tasks(run: ResolvedRun, plan: TaskPlan, *, open_files: bool = True) -> list[Task]:
    """Return the tasks of a run without preparing its trials.

    Parameters
    ----------
    run : ResolvedRun
        The run.
    plan : TaskPlan
        Which tasks it consists of.
    open_files : bool
        Whether to open and check every file of a folder of recordings, which takes time.

    Returns
    -------
    list of Task
        They belong to no data yet.

    Raises
    ------
    ConfigError
        When the data or preprocessing do not fit the dataset.
    DataError
        When the recordings are not what was promised.
    ResultsError
        When the results folder holds other results.
    """
    manifest = manifest_of(run.config, run.pipelines, recordings_fingerprint(run.dataset))
    run.folder.merged(manifest)
    known = replace(
        manifest,
        versions=dict(run.versions),
        subjects=_targets(run.config, _planned_subjects(run, plan, open_files)),
    )
    return _shard_of(run, plan.tasks(known.tasks))


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


def _planned_subjects(run: ResolvedRun, plan: TaskPlan, open_files: bool) -> list[str]:
    from bci_dann.data.combined.combined_dataset import CombinedDataset
    from bci_dann.data.regimes.trial_choice import draw_subjects
    from bci_dann.data.subset import resolve_subset

    dataset = run.dataset
    if isinstance(dataset, CombinedDataset):
        check_subject_count(dataset.subject_list, plan.n_left_out)
        if open_files:
            dataset.check(run.config.preprocessing)
        return dataset.subjects_in(dataset.config.regime)
    data = one_dataset(run.config.data, "this run")
    selection = resolve_subset(dataset, data)
    subjects = [str(subject) for subject in selection.subjects]
    if data.regime is not None:
        subjects = draw_subjects(data.regime, subjects)
    check_subject_count(subjects, plan.n_left_out)
    if open_files:
        check_recordings(dataset, run.config.preprocessing, selection)
    return subjects


def _targets(config: RunConfig, subjects: list[str]) -> list[str]:
    """Return the subjects that are targets: all, unless one data set is that of the targets."""
    if isinstance(config.data, CombinedDataConfig):
        subjects = [subject for subject in subjects if config.data.is_target(subject)]
    return subjects


def _checked_subjects(trials: EEGTrials, plan: TaskPlan) -> list[str]:
    subjects = list(dict.fromkeys(trials.subjects.tolist()))
    check_subject_count(subjects, plan.n_left_out)
    check_classes(trials, plan.n_left_out)
    return subjects


def _shard_of(run: ResolvedRun, tasks: list[Task]) -> list[Task]:
    return tasks if run.options.shard is None else Shard.read(run.options.shard).of(tasks)


@contextmanager
def _table_written_on_errors(run: TaskRun) -> Iterator[None]:
    """Write the table of the finished tasks where the block fails."""
    try:
        yield
    except KeyboardInterrupt:
        _write_table(run)
        n_finished = len(list(run.folder.finished(run.requested)))
        raise KeyboardInterrupt(
            f"interrupted: {n_finished} of {len(run.requested)} tasks are finished and have their "
            f"records in {run.folder.path}. {RESUME}"
        ) from None
    except ResultsError as error:
        # a disk that is full has no room for the table either
        try:
            _write_table(run)
        except ResultsError:
            raise error from None
        raise


def _write_table(run: TaskRun) -> pd.DataFrame:
    with run.folder.locked():  # so that the last of several runs writes what all have found
        table = results_table(run.folder.finished(run.tabulated))
        run.folder.write_table(table)
        write_window_scores(run.folder, run.tabulated)
    return table
