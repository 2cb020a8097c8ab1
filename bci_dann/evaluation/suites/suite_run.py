"""Runs of suites: results folders of all datasets, joint tables, and a meta-analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann._files import write_atomically
from bci_dann.data.datasets import DataConfig
from bci_dann.evaluation.protocol_overlap import common_accuracy
from bci_dann.evaluation.runs.executors.executor import Executor
from bci_dann.evaluation.runs.executors.executor_choice import opened
from bci_dann.evaluation.runs.preflight import check_without_regimes
from bci_dann.evaluation.runs.progress import announce
from bci_dann.evaluation.runs.resolved_run import ResolvedRun, RunOptions, resolve_run
from bci_dann.evaluation.runs.runner import LEAVE_ONE_SUBJECT_OUT, run_tasks
from bci_dann.evaluation.score_table import read_score_table
from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
from bci_dann.evaluation.statistics.paired_tests import compare_pipelines
from bci_dann.evaluation.stored_results import StoredResults, open_results
from bci_dann.evaluation.suites.suite_config import Suite, load_suite
from bci_dann.evaluation.suites.suite_size import planned_suite
from bci_dann.evaluation.summary import summarise
from bci_dann.exceptions import BCIDannError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUITE_FILES", "SuiteTables", "run_suite", "suite_comparisons", "suite_tables"]

# Columns that identify a row of the table of scores.
ROW_KEYS = ("dataset", "pipeline", "protocol")
# Name of the file of each table in a suite's folder, by attribute of SuiteTables.
SUITE_FILES = {
    "scores": "suite.csv",
    "comparisons": "comparisons.csv",
    "over_datasets": "meta_analysis.csv",
}


@dataclass(frozen=True, eq=False)
class SuiteTables:
    """Results of a suite, which may be unfinished.

    Attributes
    ----------
    scores : pandas.DataFrame
        Results of :func:`summarise` for all datasets, with the columns ``n_common`` and
        ``common_accuracy`` of :func:`common_accuracy`, NaN for datasets with only one protocol.
    comparisons : pandas.DataFrame
        Results of :func:`compare_pipelines` within each dataset; none while the reference of the
        suite has no result in the dataset.
    over_datasets : pandas.DataFrame
        Result of :func:`combine_datasets` for pairs of pipelines that two or more datasets have.

    See Also
    --------
    suite_tables : Computes the tables from results folders.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import load_suite, suite_tables
    >>> with TemporaryDirectory() as empty_folder:
    ...     tables = suite_tables(empty_folder, load_suite("suites/mi-v1"))
    >>> len(tables.scores), len(tables.over_datasets)
    (0, 0)
    """

    scores: pd.DataFrame
    comparisons: pd.DataFrame
    over_datasets: pd.DataFrame


def run_suite(
    config: str | Path | Mapping[str, Any] | Suite,
    out: str | Path | None = None,
    n_jobs: int = 1,
    data_dir: str | Path | None = None,
    progress: bool = True,
    dry_run: bool = False,
    cache_dir: str | Path | None = None,
    stack: int | None = None,
    datasets: Sequence[str] | None = None,
    executor: Any = None,
    shard: str | None = None,
) -> pd.DataFrame:
    """Compare pipelines on several datasets by leaving one subject out at a time.

    If a dataset cannot be downloaded or prepared, or if some of its tasks fail, the other datasets
    are computed nevertheless, and the error at the end names the dataset.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or Suite
        A suite, as for :func:`load_suite`.
    out : str, pathlib.Path or None
        Folder for the results folders of the datasets, see :func:`bci_dann.run_benchmark`, and the
        tables ``suite.csv``, ``comparisons.csv`` and ``meta_analysis.csv``; ``None`` is
        ``runs/NAME`` in the working folder.
    n_jobs : int
        Number of parallel tasks, as for :func:`bci_dann.run_benchmark`.
    data_dir : str, pathlib.Path or None
        Folder that datasets are downloaded to and read from.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check everything except the recordings, and return the tasks; nothing is downloaded.
    cache_dir : str, pathlib.Path or None
        Folder of prepared trials.
    stack : int or None
        Number of networks that a process trains together, as for :func:`bci_dann.run_benchmark`.
    datasets : sequence of str, or None
        The datasets to run; ``None`` selects all. The tables also contain datasets of earlier runs.
    executor : str, distributed.Client or None
        Executor of the tasks, as for :func:`bci_dann.run_benchmark`.
    shard : str or None
        Part of the tasks of each dataset to compute, as for :func:`bci_dann.run_benchmark`.

    Returns
    -------
    pandas.DataFrame
        One row for each dataset, pipeline and protocol, as in ``suite.csv``. In a dry run, one row
        for each task, and the sizes of the datasets in ``attrs["sizes"]``.

    Raises
    ------
    ConfigError
        When the suite or an option is invalid, or when the suite has regimes; use
        :func:`run_regimes` for those.
    ResultsError
        When datasets have failed; the message names each with its error, and the tables of the
        others are written. Also when a folder contains results of another configuration.
    KeyboardInterrupt
        After Ctrl-C, once the tables of the finished tasks are written.

    See Also
    --------
    load_suite : The keys of a suite.
    suite_tables : Computes the tables of an existing folder.
    bci_dann.run_benchmark : The same on one dataset.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import run_suite
    >>> suite = {
    ...     "name": "mine-v1",
    ...     "datasets": {
    ...         "few": {"dataset": "SimulatedMI", "params": {"n_subjects": 3}},
    ...         "more": {"dataset": "SimulatedMI", "params": {"n_subjects": 4}},
    ...     },
    ...     "pipelines": ["csp_lda", "ea_csp_lda"],
    ...     "protocols": ["train"],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     tasks = run_suite(suite, folder, progress=False, dry_run=True)
    >>> tasks.groupby("dataset").size().to_dict()
    {'few': 6, 'more': 8}
    """
    suite = config if isinstance(config, Suite) else load_suite(config)
    for run in suite.runs.values():
        check_without_regimes(run)
    folder = Path("runs") / suite.name if out is None else Path(out)
    selected = suite.of_datasets(datasets)
    options = RunOptions(
        None, n_jobs, data_dir, cache_dir, progress, dry_run, stack, executor, shard
    )
    runs = {
        name: resolve_run(run, replace(options, out=folder / name))
        for name, run in selected.runs.items()
    }
    if dry_run:
        return planned_suite(runs)
    with opened(executor, n_jobs, progress) as shared:
        # inside, because without workers nothing is written
        try:
            failures = _run_each(runs, shared, progress)
        finally:
            tables = suite_tables(folder, suite)
            _write(tables, folder)
    if failures:
        lines = [f"{name}: {error}" for name, error in failures.items()]
        raise ResultsError(
            f"{len(failures)} of {len(runs)} datasets are incomplete; the tables in {folder} "
            "contain the others. Run the same command again to compute the missing tasks.\n"
            + "\n".join(lines)
        )
    return tables.scores


def suite_tables(folder: str | Path, suite: Suite) -> SuiteTables:
    """Join the results of the datasets of a suite, and compare pipelines over the datasets.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of a finished or unfinished run of the suite.
    suite : Suite
        The suite, for its datasets and its reference.

    Returns
    -------
    SuiteTables
        Tables of the datasets with results, in the order of the suite.

    See Also
    --------
    run_suite : Runs a suite, and writes its tables.
    combine_datasets : The meta-analysis.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import load_suite, suite_tables
    >>> with TemporaryDirectory() as empty_folder:
    ...     tables = suite_tables(empty_folder, load_suite("suites/mi-v1"))
    >>> len(tables.scores), len(tables.over_datasets)
    (0, 0)
    """
    import pandas as pd

    filled = _results(folder, suite)
    if not filled:
        empty = pd.DataFrame()
        return SuiteTables(empty, empty, empty)
    reference = {} if suite.reference is None else {"reference": suite.reference}
    stored = {name: open_results(Path(folder) / name) for name in filled}
    scores = [
        summarise(table, _n_classes(suite, name, stored[name]), **reference)
        for name, table in filled.items()
    ]
    common = [_common(stored[name], table).assign(dataset=name) for name, table in filled.items()]
    comparisons = _comparisons(list(filled.values()), suite.reference)
    return SuiteTables(
        pd.concat(scores, ignore_index=True).merge(pd.concat(common), "left", list(ROW_KEYS)),
        comparisons,
        combine_datasets(comparisons),
    )


def suite_comparisons(folder: str | Path, suite: Suite, reference: str) -> pd.DataFrame:
    """Compare pipelines with one of them within each dataset of a suite.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder of a finished or unfinished run of the suite.
    suite : Suite
        The suite, for its datasets.
    reference : str
        The pipeline that the others are compared with.

    Returns
    -------
    pandas.DataFrame
        Results of :func:`compare_pipelines` for the datasets with results of the reference.
    """
    return _comparisons(list(_results(folder, suite).values()), reference)


def _results(folder: str | Path, suite: Suite) -> dict[str, pd.DataFrame]:
    """Return the results of the datasets that have any, by name in the suite."""
    files = {name: Path(folder) / name / "results.csv" for name in suite.runs}
    tables = {
        name: read_score_table(path).assign(dataset=name)
        for name, path in files.items()
        if path.is_file()
    }
    return {name: table for name, table in tables.items() if len(table)}


def _run_each(
    runs: Mapping[str, ResolvedRun], executor: Executor, show: bool
) -> dict[str, BCIDannError]:
    """Run the datasets on the same workers, and return the errors by dataset."""
    failures: dict[str, BCIDannError] = {}
    for number, (name, run) in enumerate(runs.items(), start=1):
        announce(f"Dataset {number} of {len(runs)}: {name}", show)
        options = replace(run.options, executor=executor)
        try:
            run_tasks(replace(run, options=options), LEAVE_ONE_SUBJECT_OUT)
        except BCIDannError as error:  # failed download, recording or tasks
            announce(f"{name} is incomplete: {error}", show)
            failures[name] = error
    return failures


def _comparisons(tables: Sequence[pd.DataFrame], reference: str | None) -> pd.DataFrame:
    """Compare pipelines within each dataset that has results of the reference, if there is one."""
    import pandas as pd

    ready = [table for table in tables if reference in (None, *table["pipeline"])]
    if not ready:
        return compare_pipelines(tables[0].iloc[:0])
    return pd.concat([compare_pipelines(table, reference) for table in ready], ignore_index=True)


def _n_classes(suite: Suite, name: str, stored: StoredResults) -> int | None:
    """Return the number of classes of a dataset, from its configuration or its records."""
    data = suite.runs[name].data
    if isinstance(data, DataConfig) and data.classes is not None:
        return len(data.classes)
    return sum(column.startswith("p_") for column in stored.trials) or None


def _common(stored: StoredResults, table: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies on common trials; with only one protocol, records are not read."""
    trials = stored.trials if table["protocol"].nunique() > 1 else table.iloc[:0]
    return common_accuracy(trials)


def _write(tables: SuiteTables, folder: Path) -> None:
    for attribute, name in SUITE_FILES.items():
        frame = getattr(tables, attribute)
        write_atomically(folder / name, frame.to_csv(index=False).encode())
