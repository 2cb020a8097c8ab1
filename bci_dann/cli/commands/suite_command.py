"""The command ``run`` for suites: several datasets in one run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bci_dann.cli.console import output_console, print_sentence, print_table
from bci_dann.cli.options import (
    split_list,
)
from bci_dann.cli.planned_costs import print_downloads
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation import Suite

__all__ = ["check_without", "run_suite_command"]

PLAN_COLUMNS = (
    *("dataset", "target subjects", "tasks", "trials, at most", "prepared MB, at most"),
    *("memory of a process, MB", "hours left"),
)
META_ANALYSIS_COLUMNS = (
    *("pipeline", "against", "datasets", "subjects", "difference", "95 % interval"),
    *("I²", "p"),
)
PLAN_NOTE = (
    "Trials and MB of the datasets of the suites of this package are computed from their "
    "publications, those of others from MOABB's summary, which counts trials per session, subject "
    "or run; a dash means that the number is unknown. Memory is an order of magnitude, on a CPU. "
    "Downloads need additional space of unknown size, several times that of prepared trials. Hours "
    "are estimated for training and prediction of the tasks without a record, from the records of "
    "the same pipelines: a dash means that there are no records yet, and a + that some pipelines "
    "have none. Downloads and preparation take additional time."
)
META_ANALYSIS_NOTE = (
    "difference: points of accuracy, random-effects mean over datasets (DerSimonian and Laird "
    "1986); I²: share of its variance that is due to differences between datasets; p: one-sided, "
    "combined by Stouffer's method, not corrected for several pipelines."
)


def check_without(regimes: str | None, held_out: bool, of: str) -> None:
    """Raise if options for regimes are given.

    Parameters
    ----------
    regimes : str or None
        The value of ``--regimes``.
    held_out : bool
        Whether ``--held-out`` is given.
    of : str
        What is run instead, for the message.

    Raises
    ------
    ConfigError
        When one of them is given.
    """
    if regimes is not None or held_out:
        raise ConfigError(
            f"--regimes and --held-out are for configurations with regimes, not for {of}: leave "
            "them out."
        )


def run_suite_command(
    suite: Suite, out: Path | None, arguments: dict[str, Any], datasets: str | None
) -> None:
    """Run a suite, and print the results over all datasets.

    Parameters
    ----------
    suite : Suite
        The suite.
    out : pathlib.Path or None
        Results folder; ``None`` is ``runs/NAME``.
    arguments : dict
        Further arguments of :func:`bci_dann.evaluation.run_suite`.
    datasets : str or None
        The value of ``--datasets``.
    """
    from bci_dann.evaluation import run_suite

    out = out or Path("runs") / suite.name
    names = None if datasets is None else split_list(datasets, "datasets")
    if arguments["dry_run"]:
        tasks = run_suite(suite, out, **arguments, datasets=names)
        _print_plan(tasks, out, arguments["data_dir"])
        return
    try:
        run_suite(suite, out, **arguments, datasets=names)
    finally:
        _report(suite, out)


def _report(suite: Suite, out: Path) -> None:
    """Write the reports of the datasets with results, and print the tables over all datasets."""
    from bci_dann.evaluation import suite_tables
    from bci_dann.evaluation.config.run_config import pipeline_specs
    from bci_dann.evaluation.suites.suite_run import SUITE_FILES, suite_comparisons
    from bci_dann.evaluation.summary import reference_among
    from bci_dann.reporting import closing_tables, report_or_warn

    tables = suite_tables(out, suite)
    if tables.scores.empty:
        return
    comparisons = tables.comparisons
    if suite.reference is None:  # these are of all pairs
        names = [spec.name for spec in pipeline_specs(next(iter(suite.runs.values())))]
        reference = reference_among(names, set(tables.scores["pipeline"]))
        comparisons = comparisons if reference is None else suite_comparisons(out, suite, reference)
    for table in closing_tables(tables.scores, comparisons):
        output_console().print(table)
    for protocol, rows in tables.over_datasets.groupby("protocol", sort=False):
        cells = [_meta_analysis_row(row) for _, row in rows.iterrows()]
        print_table(f"Over datasets: {protocol}", META_ANALYSIS_COLUMNS, cells)
    if len(tables.over_datasets):
        print_sentence(META_ANALYSIS_NOTE)
    for name in tables.scores["dataset"].unique():
        report_or_warn(out / name)
    print_sentence(f"Tables: {', '.join(str(out / name) for name in SUITE_FILES.values())}")
    print_sentence(f"Reports of the datasets: {out / 'NAME' / 'report.html'}")


def _meta_analysis_row(row: Any) -> list[str]:
    low, high = 100 * row["low"], 100 * row["high"]
    known = math.isfinite(low)
    return [
        row["pipeline"],
        row["reference"],
        str(row["n_datasets"]),
        str(row["n_subjects"]),
        f"{100 * row['difference']:+.1f}" if known else "–",
        f"{low:+.1f} to {high:+.1f}" if known else "–",
        f"{row['heterogeneity']:.2f}" if known else "–",
        f"{row['p_greater']:.4f}",
    ]


def _print_plan(tasks: pd.DataFrame, out: Path, data_dir: Path | None) -> None:
    sizes = tasks.attrs["sizes"]
    rows = [
        (
            name,
            str(size["n_subjects"]),
            str(size["n_tasks"]),
            _whole(size["trials"]),
            _whole(size["megabytes"]),
            _whole(size["memory_megabytes"]),
            _hours(size),
        )
        for name, size in sizes.items()
    ]
    print_table("Datasets", PLAN_COLUMNS, rows, lines=False)
    names = ", ".join(tasks["pipeline"].unique())
    print_sentence(f"Pipelines: {names}")
    print_sentence(f"Protocols: {', '.join(tasks['protocol'].unique())}")
    print_sentence(PLAN_NOTE)
    print_downloads(data_dir)
    number = "1 dataset" if len(sizes) == 1 else f"{len(sizes)} datasets"
    print_sentence(f"{len(tasks)} tasks on {number}; results will be written to {out}")


def _hours(size: dict[str, Any]) -> str:
    if size["n_missing"] and not size["n_timed"]:
        return "–"
    return f"{size['seconds'] / 3600:.1f}{'+' if size['untimed'] else ''}"


def _whole(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "–"
