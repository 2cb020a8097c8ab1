"""Benchmark runs that leave one subject out: computation of all tasks, and results table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.data.combined.combined_config import CombinedDataConfig, one_dataset
from bci_dann.evaluation.config.run_config import RunConfig
from bci_dann.evaluation.feature_maps.trial_map import write_feature_map
from bci_dann.evaluation.pseudo_online.window_results import write_window_scores
from bci_dann.evaluation.runs.channel_power import write_channel_power
from bci_dann.evaluation.runs.cost.durations import Durations
from bci_dann.evaluation.runs.cost.run_cost import planned_cost
from bci_dann.evaluation.runs.dispatch import RESUME_ADVICE, run_missing
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.manifest import Manifest, manifest_of, recordings_fingerprint
from bci_dann.evaluation.runs.preflight import (
    check_folds,
    check_pipelines,
    check_recordings,
    check_subject_count,
    check_without_regimes,
    checked_subjects,
)
from bci_dann.evaluation.runs.records import Task
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.results import ResultsFolder, results_table
from bci_dann.evaluation.runs.shard import Shard
from bci_dann.exceptions import ResultsError

if TYPE_CHECKING:
    import pandas as pd


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
    """Compare pipelines, with each subject in turn as the target.

    Every finished task has a record in ``out``, so that an interrupted run can be continued. If
    pipelines, protocols or seeds are added to the configuration, only the new tasks are computed.
    With other subjects, all tasks are computed again, since subjects are sources for each other.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file or its content.
    out : str, pathlib.Path or None
        The results folder; ``None`` is ``runs/NAME`` in the working directory.
    n_jobs : int
        Number of parallel tasks, each in its own process; -1 for one per CPU core. More jobs than
        cores are allowed, but slower. Results are bit-identical for any number.
    data_dir : str, pathlib.Path or None
        Folder of the recordings; see :func:`bci_dann.data.prepare_trials`.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Whether only to check the configuration, pipelines, dataset and results folder, and to
        return the tasks. In a folder of recordings, the duration, channels and events of every file
        are checked. For datasets of MOABB, the name, parameters and subjects are checked without
        downloads. Signals are not read, and nothing is trained or written.
    cache_dir : str, pathlib.Path or None
        Folder for prepared trials; see :func:`bci_dann.data.prepare_trials`.
    stack : int or None
        Number of folds and seeds of one pipeline whose networks a process trains together, in one
        set of tensors; results differ only by rounding. By default 64 on a GPU, and 1 on a CPU,
        where stacks are hardly faster and processes use the cores.
    executor : str, distributed.Client or None
        Where tasks are computed: ``"in-process"``; ``"loky"``, in ``n_jobs`` processes of this
        machine; ``"dask"``, by ``n_jobs`` Dask workers that the run starts on this machine; or a
        Dask scheduler, given by its address (``"tcp://10.0.0.1:8786"``) or a client. All workers of
        a scheduler need access to ``out`` and the prepared trials under the same paths. By default
        ``"in-process"`` for one job, and ``"loky"`` for several. Records are bit-identical.
    shard : str or None
        ``"I/N"`` computes the I-th of N parts of the tasks (I from 1 to N), for job arrays;
        :func:`bci_dann.evaluation.merge_runs` joins the folders. ``None`` computes all.
    tensorboard : str, pathlib.Path or None
        Folder for the losses of networks in the format of TensorBoard; tasks that already have
        records log nothing.

    Returns
    -------
    pandas.DataFrame
        One row for each task and session, as in ``results.csv``, with all results of the folder; in
        a dry run one row for each task, with the estimated cost of the run in ``attrs["cost"]``.

    Raises
    ------
    ConfigError
        When the configuration, a pipeline or an option is invalid, or a Dask scheduler does not
        answer or has other versions.
    DataError
        When the recordings do not match the configuration, or do not allow the protocols.
    ResultsError
        When the folder has results of another configuration or cannot be written to, when tasks
        failed, or when workers have no access to the folders or cannot be reached; finished tasks
        have records.
    InstallationError
        When Dask or TensorBoard is required but not installed.
    KeyboardInterrupt
        After Ctrl-C, when the table of the finished tasks has been written.

    See Also
    --------
    bci_dann.evaluation.summarise : Summarises results by pipeline.
    bci_dann.evaluation.nested_choice : Chooses a pipeline for each subject without its labels.
    bci_dann.evaluation.RunConfig : Defines the keys of a configuration.

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
    """Selection of the tasks of a run.

    Attributes
    ----------
    tasks : callable
        Function that returns the tasks, given those that leave one subject out, for each pipeline,
        protocol, seed and target.
    n_left_out : int
        Number of subjects that each task leaves out of training.
    """

    tasks: Callable[[list[Task]], list[Task]]
    n_left_out: int


LEAVE_ONE_SUBJECT_OUT = TaskPlan(list, n_left_out=1)


@dataclass(frozen=True)
class TaskRun:
    """The tasks of a run, and the folder with their records.

    Attributes
    ----------
    folder : ResultsFolder
        The results folder.
    requested : list of Task
        The tasks of the run.
    manifest : Manifest
        Manifest of this run.
    trials_folder : pathlib.Path or None
        Folder of the prepared trials; ``None`` in a dry run.
    table : pandas.DataFrame or None
        Content of ``results.csv``; ``None`` in a dry run.
    """

    folder: ResultsFolder
    requested: list[Task]
    manifest: Manifest
    trials_folder: Path | None = None
    table: pd.DataFrame | None = None

    @property
    def tabulated(self) -> list[Task]:
        """The tasks in the table of the folder, including those of other runs.

        Returns
        -------
        list of Task
            With the current pipelines, protocols and seeds of the folder.
        """
        return self.folder.merged(self.manifest).tasks


def run_tasks(run: ResolvedRun, plan: TaskPlan) -> TaskRun:
    """Compute the tasks of a plan that have no record yet, and write the results table.

    Parameters
    ----------
    run : ResolvedRun
        The run.
    plan : TaskPlan
        Selection of its tasks.

    Returns
    -------
    TaskRun
        In a dry run without the key of the data, so that no records are found.

    Raises
    ------
    ConfigError
        When a pipeline cannot be built, or the data or preprocessing do not fit the dataset.
    DataError
        When the recordings do not match the configuration, or do not allow the protocols.
    ResultsError
        When the folder has other results or cannot be written to, or when tasks failed.
    KeyboardInterrupt
        After Ctrl-C, when the table of the finished tasks has been written.
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

    _planned_subjects(run, plan, open_files=False)  # raises where there are too few
    trials_folder = run.prepare_trials()
    trials = open_trials(trials_folder)
    targets = _targets(run.config, checked_subjects(trials, plan.n_left_out))
    if run.config.pseudo_online is None:  # its folds consist of windows
        check_folds(trials, targets, run.config.protocols)
    known = replace(
        manifest, data_key=trials_folder.name, versions=dict(run.versions), subjects=targets
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
    table = _write_table(done)
    cache, n_values = run.cache_folder, len(trials.X) * trials.X.shape[1]
    Durations.load(cache).with_run(table, run.pipelines, n_values).save(cache)
    return replace(done, table=table)


def planned_tasks(run: ResolvedRun, plan: TaskPlan, *, open_files: bool = True) -> list[Task]:
    """Return the tasks of a run without preparing its trials.

    Parameters
    ----------
    run : ResolvedRun
        The run.
    plan : TaskPlan
        Selection of its tasks.
    open_files : bool
        Whether to check every file of a folder of recordings, which takes time.

    Returns
    -------
    list of Task
        Tasks without the key of the data.

    Raises
    ------
    ConfigError
        When the data or preprocessing do not fit the dataset.
    DataError
        When the recordings do not match the configuration.
    ResultsError
        When the results folder has other results.
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
    """Return the tasks as a table, in the form of a dry run.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks.

    Returns
    -------
    pandas.DataFrame
        One row for each task: ``dataset``, ``pipeline``, ``protocol``, ``seed``, ``subject``.
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
    """Return the target subjects: those of the target dataset, if there is one, otherwise all."""
    data = config.data
    if not isinstance(data, CombinedDataConfig):
        return subjects
    return [subject for subject in subjects if data.is_target(subject)]


def _shard_of(run: ResolvedRun, tasks: list[Task]) -> list[Task]:
    return tasks if run.options.shard is None else Shard.read(run.options.shard).of(tasks)


@contextmanager
def _table_written_on_errors(run: TaskRun) -> Iterator[None]:
    """Write the table of the finished tasks if an error occurs in the ``with`` block."""
    try:
        yield
    except KeyboardInterrupt:
        _write_table(run)
        n_finished = len(list(run.folder.finished(run.requested)))
        raise KeyboardInterrupt(
            f"interrupted: {n_finished} of {len(run.requested)} tasks are finished and have their "
            f"records in {run.folder.path}. {RESUME_ADVICE}"
        ) from None
    except ResultsError as error:
        # if the disk is full, the table cannot be written either
        try:
            _write_table(run)
        except ResultsError:
            raise error from None
        raise


def _write_table(run: TaskRun) -> pd.DataFrame:
    with run.folder.locked():  # the last of several runs writes the results of all
        table = results_table(run.folder.finished(run.tabulated))
        run.folder.write_table(table)
        write_window_scores(run.folder, run.tabulated)
    return table
