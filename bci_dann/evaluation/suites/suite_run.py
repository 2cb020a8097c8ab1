"""Runs of suites: a results folder for each dataset, joined tables and a meta-analysis."""

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
from bci_dann.evaluation.statistics.meta_analysis import combine_datasets
from bci_dann.evaluation.statistics.paired_tests import compare_pipelines
from bci_dann.evaluation.stored_results import StoredResults, open_results
from bci_dann.evaluation.suites.suite_config import Suite, load_suite
from bci_dann.evaluation.suites.suite_size import planned_suite
from bci_dann.evaluation.summary import summarise
from bci_dann.exceptions import BCIDannError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUITE_FILES", "SuiteTables", "run_suite", "suite_tables"]

PLACE = ("dataset", "pipeline", "protocol")
# Files of a suite's folder, by the attribute of SuiteTables that they hold.
SUITE_FILES = {
    "scores": "suite.csv",
    "comparisons": "comparisons.csv",
    "over_datasets": "meta_analysis.csv",
}


@dataclass(frozen=True, eq=False)
class SuiteTables:
    """What a suite has found so far.

    Attributes
    ----------
    scores : pandas.DataFrame
        As :func:`summarise` returns it, for each dataset, with ``n_common`` and
        ``common_accuracy`` of :func:`common_accuracy`, NaN where there is one protocol.
    comparisons : pandas.DataFrame
        As :func:`compare_pipelines` returns it, within each dataset.
    over_datasets : pandas.DataFrame
        As :func:`combine_datasets` returns it, for pairs that two or more datasets have.

    See Also
    --------
    suite_tables : Reads the folders.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import load_suite, suite_tables
    >>> with TemporaryDirectory() as nothing_yet:
    ...     tables = suite_tables(nothing_yet, load_suite("suites/mi-v1"))
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
    """Compare pipelines on several datasets, each subject of each in turn being the target.

    A dataset that cannot be had or prepared, or in which tasks fail, does not keep the others
    from being computed; it is named at the end.

    Parameters
    ----------
    config : str, pathlib.Path, mapping or Suite
        A suite, as for :func:`load_suite`.
    out : str, pathlib.Path or None
        Holds a results folder for each dataset, as :func:`bci_dann.run_benchmark` writes it, and
        the tables ``suite.csv``, ``comparisons.csv`` and ``meta_analysis.csv``; ``None`` is
        ``runs/NAME`` in the working folder.
    n_jobs : int
        Tasks at a time, as for :func:`bci_dann.run_benchmark`.
    data_dir : str, pathlib.Path or None
        Where datasets are downloaded to and read from.
    progress : bool
        Whether to show progress on the standard error stream.
    dry_run : bool
        Check everything but the recordings, and return the tasks; nothing is downloaded.
    cache_dir : str, pathlib.Path or None
        Where prepared trials are kept.
    stack : int or None
        Networks that a process trains together, as for :func:`bci_dann.run_benchmark`.
    datasets : sequence of str, or None
        The datasets to run; ``None`` takes all. The tables show every folder that is there.
    executor : str, distributed.Client or None
        Where tasks are computed, as for :func:`bci_dann.run_benchmark`.
    shard : str or None
        The part of the tasks of each dataset, as for :func:`bci_dann.run_benchmark`.

    Returns
    -------
    pandas.DataFrame
        One row for each dataset, pipeline and protocol, as in ``suite.csv``. In a dry run one row
        a task, and the sizes of the datasets in ``attrs["sizes"]``.

    Raises
    ------
    ConfigError
        When the suite or an option is wrong, or the suite has regimes, which
        :func:`run_regimes` runs.
    ResultsError
        When datasets have failed: each is named with its error, and the tables of the others are
        written. Also when a folder holds another configuration.
    KeyboardInterrupt
        After Ctrl-C, once the tables of the finished tasks are written.

    See Also
    --------
    load_suite : The keys of a suite.
    suite_tables : The tables again, of a folder.
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
    chosen = suite.of_datasets(datasets)
    options = RunOptions(
        None, n_jobs, data_dir, cache_dir, progress, dry_run, stack, executor, shard
    )
    runs = {
        name: resolve_run(run, replace(options, out=folder / name))
        for name, run in chosen.runs.items()
    }
    if dry_run:
        return planned_suite(runs)
    try:
        with opened(executor, n_jobs, progress) as shared:
            failures = _run_each(runs, shared, progress)
    finally:
        tables = suite_tables(folder, suite)
        _write(tables, folder)
    if failures:
        lines = [f"{name}: {error}" for name, error in failures.items()]
        raise ResultsError(
            f"{len(failures)} of {len(runs)} datasets are not complete; the tables in {folder} "
            "hold the others. The same command computes what is missing.\n" + "\n".join(lines)
        )
    return tables.scores


def suite_tables(folder: str | Path, suite: Suite) -> SuiteTables:
    """Join the results of the datasets of a suite, and compare pipelines over them.

    Parameters
    ----------
    folder : str or pathlib.Path
        As :func:`run_suite` has written it, finished or not.
    suite : Suite
        Names the datasets and the reference.

    Returns
    -------
    SuiteTables
        Of the datasets that have results, in the order of the suite.

    See Also
    --------
    run_suite : Writes them.
    combine_datasets : The meta-analysis.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from bci_dann.evaluation import load_suite, suite_tables
    >>> with TemporaryDirectory() as nothing_yet:
    ...     tables = suite_tables(nothing_yet, load_suite("suites/mi-v1"))
    >>> len(tables.scores), len(tables.over_datasets)
    (0, 0)
    """
    import pandas as pd

    text = {"subject": str, "session": str}
    files = {name: Path(folder) / name / "results.csv" for name in suite.runs}
    results = {
        name: pd.read_csv(path, dtype=text).assign(dataset=name)
        for name, path in files.items()
        if path.is_file()
    }
    filled = {name: table for name, table in results.items() if len(table)}
    if not filled:
        nothing = pd.DataFrame()
        return SuiteTables(nothing, nothing, nothing)
    reference = {} if suite.reference is None else {"reference": suite.reference}
    stored = {name: open_results(Path(folder) / name) for name in filled}
    scores = [
        summarise(table, _n_classes(suite, name, stored[name]), **reference)
        for name, table in filled.items()
    ]
    common = [_common(stored[name], table).assign(dataset=name) for name, table in filled.items()]
    compared = [
        compare_pipelines(table, _known(suite.reference, table)) for table in filled.values()
    ]
    comparisons = pd.concat(compared, ignore_index=True)
    return SuiteTables(
        pd.concat(scores, ignore_index=True).merge(pd.concat(common), "left", list(PLACE)),
        comparisons,
        combine_datasets(comparisons),
    )


def _run_each(
    runs: Mapping[str, ResolvedRun], executor: Executor, show: bool
) -> dict[str, BCIDannError]:
    """Run datasets on the same workers, and return what has failed in which."""
    failures: dict[str, BCIDannError] = {}
    for place, (name, run) in enumerate(runs.items(), start=1):
        announce(f"Dataset {place} of {len(runs)}: {name}", show)
        options = replace(run.options, executor=executor)
        try:
            run_tasks(replace(run, options=options), LEAVE_ONE_SUBJECT_OUT)
        except BCIDannError as error:  # a download, a recording, or single tasks
            announce(f"{name} is not complete: {error}", show)
            failures[name] = error
    return failures


def _known(reference: str | None, table: pd.DataFrame) -> str | None:
    """Return the reference where a dataset has it; a first task may not be finished."""
    return reference if reference in set(table["pipeline"]) else None


def _n_classes(suite: Suite, name: str, stored: StoredResults) -> int | None:
    """Return the number of classes of a dataset, of its configuration or its records."""
    data = suite.runs[name].data
    if isinstance(data, DataConfig) and data.classes is not None:
        return len(data.classes)
    return sum(column.startswith("p_") for column in stored.trials) or None


def _common(stored: StoredResults, table: pd.DataFrame) -> pd.DataFrame:
    """Return accuracies on common trials; records are not read where there is one protocol."""
    trials = stored.trials if table["protocol"].nunique() > 1 else table.iloc[:0]
    return common_accuracy(trials)


def _write(tables: SuiteTables, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for attribute, name in SUITE_FILES.items():
        frame = getattr(tables, attribute)
        write_atomically(folder / name, frame.to_csv(index=False).encode())
