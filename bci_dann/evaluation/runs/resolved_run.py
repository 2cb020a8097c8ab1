"""Resolved runs: a configuration that is read and checked once, with pipelines and options."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._files import check_writable
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import RunConfig, pipeline_specs, read_config
from bci_dann.evaluation.runs.executors.executor_choice import check_executor
from bci_dann.evaluation.runs.manifest import manifest_of
from bci_dann.evaluation.runs.preflight import check_data_folder, check_jobs, check_stack
from bci_dann.evaluation.runs.records import versions
from bci_dann.evaluation.runs.results import ResultsFolder
from bci_dann.evaluation.runs.shard import Shard
from bci_dann.training.loss_log import check_tensorboard

if TYPE_CHECKING:
    from moabb.datasets.base import BaseDataset

    from bci_dann.data.combined.combined_dataset import CombinedDataset

__all__ = ["ResolvedRun", "RunOptions", "resolve_run"]


@dataclass(frozen=True)
class RunOptions:
    """Options of how a run is computed; results do not depend on them, except for ``stack``.

    Attributes
    ----------
    out : str, pathlib.Path or None
        The results folder; ``None`` is ``runs/NAME`` in the working directory.
    n_jobs : int
        Number of parallel tasks, each in its own process; -1 for one per CPU core.
    data_dir : str, pathlib.Path or None
        Folder of the recordings.
    cache_dir : str, pathlib.Path or None
        Folder for prepared trials.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Whether only to check the configuration and list the tasks.
    stack : int or None
        Maximum number of networks that a process trains together; by default 64 on a GPU and 1 on a
        CPU. Results of other stack sizes differ by rounding.
    executor : str, distributed.Client or None
        Where tasks are computed: ``"in-process"``; ``"loky"``, in ``n_jobs`` processes of this
        machine; ``"dask"``, by ``n_jobs`` Dask workers that the run starts on this machine; or a
        Dask scheduler, given by its address (``"tcp://10.0.0.1:8786"``) or a client. By default
        ``"in-process"`` for one job, and ``"loky"`` for several.
    shard : str or None
        ``"I/N"`` computes the I-th of N parts of the tasks (I from 1 to N); ``None`` computes all.
    tensorboard : str, pathlib.Path or None
        Folder for the losses of networks by epoch, in the format of TensorBoard.

    See Also
    --------
    resolve_run : Has them as an argument.
    bci_dann.run_benchmark : Has the same options as arguments.

    Examples
    --------
    >>> from bci_dann.evaluation import RunOptions, resolve_run
    >>> run = resolve_run("quickstart", RunOptions(n_jobs=2, progress=False, dry_run=True))
    >>> run.options.n_jobs
    2
    """

    out: str | Path | None = None
    n_jobs: int = 1
    data_dir: str | Path | None = None
    cache_dir: str | Path | None = None
    progress: bool = True
    dry_run: bool = False
    stack: int | None = None
    executor: Any = None
    shard: str | None = None
    tensorboard: str | Path | None = None


@dataclass(frozen=True, eq=False)
class ResolvedRun:
    """A checked configuration, with the pipelines and options of a run.

    Attributes
    ----------
    config : RunConfig
        The configuration.
    pipelines : tuple of PipelineSpec
        The pipelines with all of their parameters.
    options : RunOptions
        How the run is computed.
    versions : mapping of str to str
        Library versions for the records.
    run_id : str
        A unique identifier of the run.

    See Also
    --------
    resolve_run : Returns it.
    RunOptions : How the run is computed.

    Examples
    --------
    >>> from bci_dann.evaluation import RunOptions, resolve_run
    >>> run = resolve_run("quickstart", RunOptions(dry_run=True))
    >>> run.config.name, len(run.dataset.subject_list)
    ('quickstart', 6)
    """

    config: RunConfig
    pipelines: tuple[PipelineSpec, ...]
    options: RunOptions = RunOptions()
    versions: Mapping[str, str] = field(default_factory=versions)
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @cached_property
    def dataset(self) -> BaseDataset | CombinedDataset:
        """The dataset, created when first used, because this imports MOABB.

        Returns
        -------
        moabb.datasets.base.BaseDataset or CombinedDataset
            The dataset of the configuration, or several combined.

        Raises
        ------
        ConfigError
            When a parameter of the dataset is unknown.
        DataError
            When a folder of recordings does not match the configuration.
        """
        from bci_dann.data import CombinedDataConfig, make_dataset

        if isinstance(self.config.data, CombinedDataConfig):
            from bci_dann.data.combined.combined_dataset import CombinedDataset

            return CombinedDataset(self.config.data, self.options.data_dir)
        return make_dataset(self.config.data, self.options.data_dir)

    @property
    def folder(self) -> ResultsFolder:
        """The results folder.

        Returns
        -------
        ResultsFolder
            The folder may not exist yet.
        """
        return ResultsFolder(self.options.out or Path("runs") / self.config.name)

    @property
    def cache_folder(self) -> Path:
        """The folder of the cache.

        Returns
        -------
        pathlib.Path
            The option ``cache_dir``, or the default.
        """
        from bci_dann.data.cache import cache_root

        return cache_root(self.options.cache_dir)

    def prepare_trials(self) -> Path:
        """Read and preprocess the recordings, unless prepared trials exist already.

        Returns
        -------
        pathlib.Path
            The folder of the prepared trials.

        Raises
        ------
        ConfigError
            When the preprocessing does not fit the recordings.
        DataError
            When recordings are missing, damaged, or do not match the configuration.
        """
        from bci_dann.data import prepare_trials

        return prepare_trials(
            self.config.data,
            self.config.preprocessing,
            data_dir=self.options.data_dir,
            cache_dir=self.options.cache_dir,
            progress=self.options.progress,
            pseudo_online=self.config.pseudo_online,
        )


def resolve_run(
    config: str | Path | Mapping[str, Any] | RunConfig, options: RunOptions
) -> ResolvedRun:
    """Read a configuration and its pipeline files, with all checks that need no heavy library.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or RunConfig
        A configuration file, its content, or a configuration that was already read.
    options : RunOptions
        How the run is computed.

    Returns
    -------
    ResolvedRun
        The files are not read again after this.

    Raises
    ------
    ConfigError
        When a key, a name or an option is invalid.
    DataError
        When the folder of the recordings is missing, or none of its files matches.
    ResultsError
        When the results folder is a file, cannot be read or written to, or has another
        configuration.
    InstallationError
        When Dask or TensorBoard is required but not installed.

    See Also
    --------
    bci_dann.run_benchmark : Resolves a run and computes it.
    load_config : Reads only the configuration.

    Examples
    --------
    >>> from bci_dann.evaluation import RunOptions, resolve_run
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI"},
    ...     "pipelines": ["csp_lda", "ea_csp_lda"],
    ...     "protocols": ["train"],
    ... }
    >>> run = resolve_run(config, RunOptions(dry_run=True))
    >>> [pipeline.name for pipeline in run.pipelines]
    ['csp_lda', 'ea_csp_lda']
    """
    check_jobs(options.n_jobs)
    check_stack(options.stack)
    check_executor(options.executor, options.n_jobs)
    if options.shard is not None:
        Shard.read(options.shard)
    if options.tensorboard is not None:
        check_tensorboard(options.tensorboard)
    checked = read_config(config)
    check_data_folder(checked.data, options.data_dir)
    run = ResolvedRun(checked, tuple(pipeline_specs(checked)), options)
    run.folder.merged(manifest_of(checked, run.pipelines))
    check_writable(run.folder.path)
    return run
