"""Runs over regimes: a results folder for each, and one table of regimes by pipelines."""

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
from bci_dann.evaluation.runs.preflight import check_pipelines
from bci_dann.evaluation.runs.progress import announce
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.runner import (
    LEAVE_ONE_SUBJECT_OUT,
    planned_tasks,
    run_tasks,
    task_table,
)
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
    """Compare pipelines in many regimes, each subject of each regime in turn being the target.

    The trials of all regimes are prepared before the first one is trained on. A regime in which
    tasks fail does not keep the others from being computed.

    Parameters
    ----------
    config : str, pathlib.Path, mapping, RunConfig or Suite
        A configuration with ``regimes`` or ``worlds``, and ``baselines``. Where ``data`` lists
        several datasets, a regime changes each of them, and they are used together. In a suite
        each regime is applied to each dataset by itself, as ``DATASET.REGIME``.
    out : str, pathlib.Path or None
        Holds a results folder for each regime, as :func:`bci_dann.run_benchmark` writes it, and
        ``regimes.csv``; ``None`` is ``runs/NAME`` in the working folder.
    n_jobs : int
        Tasks at a time, as for :func:`bci_dann.run_benchmark`.
    data_dir : str, pathlib.Path or None
        Where the recordings are.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check everything but the signals, and return the tasks. Trials are not known then: of the
        regimes only the numbers of subjects are checked.
    cache_dir : str, pathlib.Path or None
        Where prepared trials are kept.
    stack : int or None
        Networks that a process trains together, as for :func:`bci_dann.run_benchmark`.
    regimes : sequence of str, or None
        The regimes to run, and to put into the table; ``None`` takes all. In a suite ``REGIME``
        is that of every dataset, and ``DATASET.REGIME`` that of one.
    held_out : bool
        Whether to run those that are held out, for a final test.
    executor : str, distributed.Client or None
        Where tasks are computed, as for :func:`bci_dann.run_benchmark`.
    shard : str or None
        The part of the tasks of each regime, as for :func:`bci_dann.run_benchmark`.

    Returns
    -------
    pandas.DataFrame
        One row for each regime, pipeline and protocol, as in ``regimes.csv``: accuracies (%), ROC
        AUC (0 to 1), and differences to the best of the baselines in this regime. In a dry run one
        row a task.

    Raises
    ------
    ConfigError
        When the configuration is wrong, or a regime does not fit the data.
    DataError
        When the recordings are not what was promised, or do not allow the protocols.
    ResultsError
        When a folder holds another configuration or cannot be written to, or when tasks have
        failed; the table of the others is written.
    KeyboardInterrupt
        After Ctrl-C, once the table of the finished tasks is written.

    See Also
    --------
    summarise_regimes : The worst and the mean difference of each pipeline.
    bci_dann.data.Regime : What a regime may be.
    bci_dann.run_benchmark : The same in a single regime.

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
    checked = _loaded(config)
    folder = Path("runs") / checked.name if out is None else Path(out)
    how = (n_jobs, data_dir, cache_dir, progress, dry_run, stack, executor, shard)
    options = RunOptions(None, *how)
    planned = plan_regimes(checked, regimes, held_out)
    runs = [resolve_run(one.config, replace(options, out=folder / one.name)) for one in planned]
    if dry_run:
        return _planned_tasks(planned, runs)
    numbers = [_prepared_targets(one, run) for one, run in zip(planned, runs, strict=True)]
    write_regimes(folder, planned, checked.baselines)
    try:
        with opened(executor, n_jobs, progress) as shared:
            failures = _run_each(planned, runs, shared, progress)
    finally:
        table = _table(planned, runs, numbers, checked.baselines)
        write_atomically(folder / TABLE_FILE, table.to_csv(index=False).encode())
    if failures:
        lines = [f"{name}: {error}" for name, error in failures.items()]
        raise ResultsError(
            f"tasks failed in {len(failures)} of {len(runs)} regimes; {folder / TABLE_FILE} has "
            "the pipelines that are complete.\n" + "\n".join(lines)
        )
    return table


def _loaded(config: str | Path | Mapping[str, Any] | RunConfig | Suite) -> RunConfig | Suite:
    if isinstance(config, Suite):
        return config
    return load_config(config) if isinstance(config, RunConfig) else load_run_or_suite(config)


def _run_each(
    planned: Sequence[PlannedRegime], runs: Sequence[ResolvedRun], executor: Executor, show: bool
) -> dict[str, ResultsError]:
    """Run regimes on the same workers, and return what has failed in which."""
    failures: dict[str, ResultsError] = {}
    for place, (one, run) in enumerate(zip(planned, runs, strict=True), start=1):
        announce(f"Regime {place} of {len(runs)}: {one.name}", show)
        options = replace(run.options, executor=executor)
        try:
            run_tasks(replace(run, options=options), LEAVE_ONE_SUBJECT_OUT)
        except ResultsError as error:
            failures[one.name] = error
    return failures


def _planned_tasks(planned: Sequence[PlannedRegime], runs: Sequence[ResolvedRun]) -> pd.DataFrame:
    """Return one row a task; the files, which regimes have in common, are opened once."""
    import pandas as pd

    config = runs[0].config
    check_pipelines(runs[0].pipelines, config.seeds[0], config.preprocessing)
    opened: set[str] = set()
    tables = []
    for one, run in zip(planned, runs, strict=True):
        files = run.config.data.model_dump_json(exclude={"regime"})
        with _naming(one):
            tasks = planned_tasks(run, LEAVE_ONE_SUBJECT_OUT, open_files=files not in opened)
        opened.add(files)
        table = task_table(tasks)
        table.insert(0, "regime", one.name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _prepared_targets(one: PlannedRegime, run: ResolvedRun) -> int:
    """Prepare the trials of a regime, and return how many of their subjects are targets."""
    from bci_dann.data import open_trials

    with _naming(one):
        trials = open_trials(run.prepare_trials())
    data, subjects = run.config.data, set(trials.subjects.tolist())
    if isinstance(data, CombinedDataConfig):
        return sum(map(data.is_target, subjects))
    return len(subjects)


@contextmanager
def _naming(regime: PlannedRegime) -> Iterator[None]:
    """Let errors about the data of a block say which regime they are of."""
    try:
        yield
    except (ConfigError, DataError) as error:
        raise type(error)(f"regime {regime.name!r}: {error}") from error


def _table(
    planned: Sequence[PlannedRegime],
    runs: Sequence[ResolvedRun],
    numbers: Sequence[int],
    baselines: Sequence[str],
) -> pd.DataFrame:
    """Return the table of what the folders of these regimes hold."""
    import pandas as pd

    results = []
    for one, run, n_subjects in zip(planned, runs, numbers, strict=True):
        path = run.folder.table_path
        if path.is_file():
            table = pd.read_csv(path, dtype={"subject": str, "session": str})
            results.append(RegimeResults(one.name, table, n_subjects, one.is_held_out))
    return regime_table(results, baselines)
