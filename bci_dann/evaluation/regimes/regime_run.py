"""Runs over regimes: a results folder for each regime, and one table of all results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._files import write_atomically
from bci_dann.data.combined.combined_config import CombinedDataConfig
from bci_dann.evaluation.config.run_config import RunConfig, load_config
from bci_dann.evaluation.regimes.regime_plan import PlannedRegime, plan_regimes
from bci_dann.evaluation.regimes.regime_table import TABLE_FILE, RegimeResults, regime_table
from bci_dann.evaluation.regimes.regimes_folder import write_regimes
from bci_dann.evaluation.runs.executors.executor import Executor
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.preflight import check_folds, check_pipelines, checked_subjects
from bci_dann.evaluation.runs.progress import announce
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.runner import (
    LEAVE_ONE_SUBJECT_OUT,
    planned_tasks,
    run_tasks,
    task_table,
)
from bci_dann.evaluation.score_table import read_score_table
from bci_dann.evaluation.suites.suite_config import Suite, load_run_or_suite
from bci_dann.exceptions import ConfigError, DataError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run_regimes"]


def run_regimes(
    config: str | Path | Mapping[str, Any] | RunConfig | Suite,
    out: str | Path | None = None,
    n_jobs: int = 1,
    data_dir: str | Path | None = None,
    progress: bool = True,
    dry_run: bool = False,
    cache_dir: str | Path | None = None,
    stack: int | None = None,
    regimes: Sequence[str] | None = None,
    held_out: bool = False,
    executor: Any = None,
    shard: str | None = None,
) -> pd.DataFrame:
    """Compare pipelines in several regimes by leaving one subject out at a time in each regime.

    The trials of all regimes are prepared and checked before training begins. If tasks of a regime
    fail, the other regimes are computed nevertheless.

    Parameters
    ----------
    config : str, pathlib.Path, mapping, RunConfig or Suite
        A configuration with ``regimes`` or ``worlds``, and ``baselines``. If ``data`` lists
        several datasets, a regime is applied to each of them, and they are used together. In a
        suite, each regime is a separate run for each dataset, named ``DATASET.REGIME``.
    out : str, pathlib.Path or None
        Folder for the results folders of the regimes, see :func:`bci_dann.run_benchmark`, and
        the table ``regimes.csv``; ``None`` is ``runs/NAME`` in the working folder.
    n_jobs : int
        Number of parallel tasks, as for :func:`bci_dann.run_benchmark`.
    data_dir : str, pathlib.Path or None
        Folder of the recordings.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check everything except the signals, and return the tasks. Since trials are not known in a
        dry run, only the numbers of subjects are checked against the regimes.
    cache_dir : str, pathlib.Path or None
        Folder of prepared trials.
    stack : int or None
        Number of networks that a process trains together, as for :func:`bci_dann.run_benchmark`.
    regimes : sequence of str, or None
        The regimes to run and to include in the table; ``None`` selects all. In a suite,
        ``REGIME`` selects the regime of every dataset, and ``DATASET.REGIME`` that of one dataset.
    held_out : bool
        Whether to run regimes that are held out for a final test, too.
    executor : str, distributed.Client or None
        Executor of the tasks, as for :func:`bci_dann.run_benchmark`.
    shard : str or None
        Part of the tasks of each regime to compute, as for :func:`bci_dann.run_benchmark`.

    Returns
    -------
    pandas.DataFrame
        One row for each regime, pipeline and protocol, as in ``regimes.csv``: accuracies (%), ROC
        AUC (0 to 1), and differences to the best of the baselines in this regime. In a dry run,
        one row for each task.

    Raises
    ------
    ConfigError
        When the configuration is invalid, or a regime does not fit the data.
    DataError
        When recordings are missing or invalid, or trials of a regime do not allow the protocols.
    ResultsError
        When a folder contains results of another configuration or cannot be written to, or when
        tasks have failed; the table of the complete pipelines is written.
    KeyboardInterrupt
        After Ctrl-C, once the table of the finished tasks is written.

    See Also
    --------
    summarise_regimes : The worst and the mean difference of each pipeline.
    bci_dann.data.Regime : The keys of a regime.
    bci_dann.run_benchmark : Compares pipelines on the unchanged data.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import run_regimes
    >>> config = {
    ...     "name": "mine",
    ...     "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 4, "n_trials": 10}},
    ...     "pipelines": ["csp_lda", "ea_csp_lda"],
    ...     "protocols": ["train"],
    ...     "regimes": {"whole": {}, "few_subjects": {"n_subjects": 3}},
    ...     "baselines": ["csp_lda"],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     tasks = run_regimes(config, folder, progress=False, dry_run=True)
    >>> tasks.groupby("regime", sort=False).size().to_dict()
    {'whole': 8, 'few_subjects': 6}
    """
    loaded = _loaded(config)
    folder = Path("runs") / loaded.name if out is None else Path(out)
    options = RunOptions(
        None, n_jobs, data_dir, cache_dir, progress, dry_run, stack, executor, shard
    )
    planned = plan_regimes(loaded, regimes, held_out)
    runs = [
        resolve_run(regime.config, replace(options, out=folder / regime.name)) for regime in planned
    ]
    if dry_run:
        return _planned_tasks(planned, runs)
    with opened(executor, n_jobs, progress) as shared:
        # inside, because without workers nothing is prepared or written
        pairs = zip(planned, runs, strict=True)
        n_targets = [_prepared_targets(regime, run) for regime, run in pairs]
        write_regimes(folder, planned, loaded.baselines)
        try:
            failures = _run_each(planned, runs, shared, progress)
        finally:
            table = _table(planned, runs, n_targets, loaded.baselines)
            write_atomically(folder / TABLE_FILE, table.to_csv(index=False).encode())
    if failures:
        lines = [f"{name}: {error}" for name, error in failures.items()]
        raise ResultsError(
            f"tasks failed in {len(failures)} of {len(runs)} regimes; {folder / TABLE_FILE} "
            "contains the complete pipelines.\n" + "\n".join(lines)
        )
    return table


def _loaded(config: str | Path | Mapping[str, Any] | RunConfig | Suite) -> RunConfig | Suite:
    if isinstance(config, Suite):
        return config
    return load_config(config) if isinstance(config, RunConfig) else load_run_or_suite(config)


def _run_each(
    planned: Sequence[PlannedRegime], runs: Sequence[ResolvedRun], executor: Executor, show: bool
) -> dict[str, DataError | ResultsError]:
    """Run the regimes on the same workers, and return the errors by regime."""
    failures: dict[str, DataError | ResultsError] = {}
    for number, (regime, run) in enumerate(zip(planned, runs, strict=True), start=1):
        announce(f"Regime {number} of {len(runs)}: {regime.name}", show)
        options = replace(run.options, executor=executor)
        try:
            run_tasks(replace(run, options=options), LEAVE_ONE_SUBJECT_OUT)
        except (DataError, ResultsError) as error:
            failures[regime.name] = error
    return failures


def _planned_tasks(planned: Sequence[PlannedRegime], runs: Sequence[ResolvedRun]) -> pd.DataFrame:
    """Return one row for each task; files are opened only once for all regimes that use them."""
    import pandas as pd

    config = runs[0].config
    check_pipelines(runs[0].pipelines, config.seeds[0], config.preprocessing)
    checked: set[str] = set()
    tables = []
    for regime, run in zip(planned, runs, strict=True):
        files = run.config.data.model_dump_json(exclude={"regime"})
        with _named_errors(regime):
            tasks = planned_tasks(run, LEAVE_ONE_SUBJECT_OUT, open_files=files not in checked)
        checked.add(files)
        table = task_table(tasks)
        table.insert(0, "regime", regime.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _prepared_targets(regime: PlannedRegime, run: ResolvedRun) -> int:
    """Prepare and check the trials of a regime, and return the number of target subjects."""
    from bci_dann.data import open_trials

    data = run.config.data
    with _named_errors(regime):
        trials = open_trials(run.prepare_trials())
        targets = checked_subjects(trials, LEAVE_ONE_SUBJECT_OUT.n_left_out)
        if isinstance(data, CombinedDataConfig):
            targets = list(filter(data.is_target, targets))
        check_folds(trials, targets, run.config.protocols)
    return len(targets)


@contextmanager
def _named_errors(regime: PlannedRegime) -> Iterator[None]:
    """Add the name of a regime to errors about its data."""
    try:
        yield
    except (ConfigError, DataError) as error:
        raise type(error)(f"regime {regime.name!r}: {error}") from error


def _table(
    planned: Sequence[PlannedRegime],
    runs: Sequence[ResolvedRun],
    n_targets: Sequence[int],
    baselines: Sequence[str],
) -> pd.DataFrame:
    """Return the table of the results in the folders of the regimes."""
    results = []
    for regime, run, n_subjects in zip(planned, runs, n_targets, strict=True):
        path = run.folder.table_path
        if path.is_file():
            table = read_score_table(path)
            results.append(RegimeResults(regime.name, table, n_subjects, regime.is_held_out))
    return regime_table(results, baselines)
