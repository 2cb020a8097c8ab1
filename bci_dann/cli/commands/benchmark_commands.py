"""Commands of the benchmark: ``run``, ``choose`` and ``select``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bci_dann.cli.accounts import print_account
from bci_dann.cli.commands.suite_command import (
    check_without,
    run_suite_command,
)
from bci_dann.cli.console import output_console, print_sentence, print_table
from bci_dann.cli.options import (
    ConfigFile,
    Dask,
    DataDir,
    Datasets,
    DryRun,
    HeldOut,
    Jobs,
    Pipelines,
    Protocols,
    Regimes,
    ResultsFolder,
    RunFolder,
    Seeds,
    Settings,
    Shard,
    Stack,
    TensorBoard,
    config_with_options,
    executor_of,
    given_lists,
    split_list,
)
from bci_dann.cli.planned_costs import (
    print_plan,
    print_planned_account,
    print_planned_cost,
    print_regime_plan,
)
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.evaluation import RunConfig, Suite

__all__ = ["choose", "run", "select"]

TARGET_COLUMNS = ("target", "chosen", "over pseudo-targets %", "accuracy %", "ROC AUC")
CHOICE_COLUMNS = ("choice", "pipeline", "accuracy %", "ROC AUC", "regret", "worst target")
SELECTION_COLUMNS = ("chosen by", "accuracy %", "ROC AUC", "regret", "worst subject")
CHOICE_NOTE = (
    "nested: chosen without the labels of the target. In hindsight, and oracle: chosen by the "
    "scores in the table themselves, so these are upper bounds, not valid choices. regret: loss of "
    "accuracy compared with the oracle, in points."
)


def run(  # numpydoc ignore=PR01
    config: ConfigFile,
    out: ResultsFolder = None,
    data_dir: DataDir = None,
    jobs: Jobs = 1,
    stack: Stack = None,
    dask: Dask = None,
    shard: Shard = None,
    seeds: Seeds = None,
    pipelines: Pipelines = None,
    protocols: Protocols = None,
    regimes: Regimes = None,
    held_out: HeldOut = False,
    datasets: Datasets = None,
    settings: Settings = None,
    tensorboard: TensorBoard = None,
    dry_run: DryRun = False,
) -> None:
    """Compare pipelines by leaving one subject out at a time; continues a stopped run."""
    from bci_dann.evaluation.suites.suite_config import Suite, load_run_or_suite

    replaced = {"seeds": seeds, "pipelines": pipelines, "protocols": protocols}
    arguments: dict[str, Any] = {
        "n_jobs": jobs,
        "data_dir": data_dir,
        "dry_run": dry_run,
        "progress": not dry_run,
        "stack": stack,
        "executor": executor_of(dask),
        "shard": shard,
    }
    loaded = load_run_or_suite(config, settings or ())
    if isinstance(loaded, Suite):
        _check_no_log(tensorboard, "a suite")
        lists = given_lists(replaced)
        suite = loaded.with_replaced(lists) if lists else loaded
        _run_suite(suite, out, arguments, regimes, held_out, datasets)
        return
    if datasets is not None:
        raise ConfigError(
            f"--datasets selects datasets of a suite, but {config} is not a suite: leave it out."
        )
    description = config_with_options(loaded, replaced)
    out = out or Path("runs") / description.name
    if description.has_regimes or regimes is not None or held_out:
        _check_no_log(tensorboard, "a run over regimes")
        _run_regimes(description, out, arguments, regimes, held_out)
        return
    _run_one(description, config, out, {**arguments, "tensorboard": tensorboard})


def _run_suite(
    suite: Suite,
    out: Path | None,
    arguments: dict[str, Any],
    regimes: str | None,
    held_out: bool,
    datasets: str | None,
) -> None:
    """Run a suite with or without regimes."""
    if not suite.has_regimes:
        check_without(regimes, held_out, of="a suite without them")
        run_suite_command(suite, out, arguments, datasets)
        return
    selected = suite.of_datasets(None if datasets is None else split_list(datasets, "datasets"))
    _run_regimes(selected, out or Path("runs") / suite.name, arguments, regimes, held_out)


def _run_one(config: RunConfig, file: Path, out: Path, arguments: dict[str, Any]) -> None:
    """Run a configuration without regimes, and draw and print the results."""
    from bci_dann.evaluation import run_benchmark
    from bci_dann.evaluation.runs.dispatch import FAILURES_FILE

    with _report_of_failures(out, FAILURES_FILE):
        results = run_benchmark(config, out, **arguments)
    data_dir = arguments["data_dir"]
    if arguments["dry_run"]:
        print_plan(results, out)
        print_planned_account(config, data_dir)
        print_planned_cost(config, results, out, data_dir)
        return
    has_target_dataset = getattr(config.data, "target_dataset", None) is not None
    heading = "From other datasets" if has_target_dataset else "Leave one subject out"
    _report(results, out, file, data_dir, heading)


def _check_no_log(folder: Path | None, kind: str) -> None:
    """Raise if ``--tensorboard`` is given for a command that consists of several runs."""
    if folder is not None:
        raise ConfigError(
            f"--tensorboard logs a single run, but this is {kind}: run one of its datasets or "
            "regimes with a configuration of its own."
        )


def _report(
    results: pd.DataFrame, out: Path, config: Path, data_dir: Path | None, heading: str
) -> None:
    """Draw and print the results of a run."""
    from bci_dann.evaluation import summarise_windows
    from bci_dann.evaluation.pseudo_online.window_results import (
        WINDOW_TABLE,
        read_window_scores,
    )
    from bci_dann.evaluation.runs.results import ResultsFolder
    from bci_dann.reporting import after_run, report_or_warn, write_subject_figure
    from bci_dann.reporting.pseudo_online_table import pseudo_online_tables

    write_subject_figure(results, out / "subjects.png")
    windows = read_window_scores(out)
    if windows is not None:
        for table in pseudo_online_tables(summarise_windows(windows)):
            output_console().print(table)
        print_sentence(f"Windows of every session: {out / WINDOW_TABLE}")
    else:
        _print_scores(results, out, heading)
    account = ResultsFolder(out).account()
    if account is not None:
        print_account(account)
    for line in after_run(out, config, data_dir, report_or_warn(out)):
        print_sentence(line)


def _print_scores(results: pd.DataFrame, out: Path, heading: str) -> None:
    """Print a summary for each dataset and protocol."""
    from bci_dann.evaluation import common_accuracy, compare_pipelines, open_results, summarise
    from bci_dann.evaluation.diagnosis.exchanged_classes import exchanged_classes
    from bci_dann.evaluation.summary import reference_among
    from bci_dann.reporting import closing_tables

    has_several, stored = results["protocol"].nunique() > 1, open_results(out)
    common = common_accuracy(stored.trials) if has_several else None
    reference = reference_among(list(stored.manifest.pipelines), set(results["pipeline"]))
    comparisons = compare_pipelines(results, reference)
    for table in closing_tables(summarise(results), comparisons, common, heading):
        output_console().print(table)
    for sentence in exchanged_classes(results, results.attrs.get("n_classes")):
        print_sentence(sentence)


@contextmanager
def _report_of_failures(out: Path, first_file: str) -> Iterator[None]:
    """If tasks of a run fail, write the report, which lists them, before the error is shown.

    The file ``first_file`` exists in the folder if the run has begun.
    """
    from bci_dann.exceptions import ResultsError

    try:
        yield
    except ResultsError:
        if (out / first_file).is_file():
            from bci_dann.reporting import report_or_warn

            report_or_warn(out)
        raise


def _run_regimes(
    config: RunConfig | Suite,
    out: Path,
    arguments: dict[str, Any],
    regimes: str | None,
    held_out: bool,
) -> None:
    """Run regimes, and draw and print the results of the pipelines in each."""
    from bci_dann.evaluation import run_regimes
    from bci_dann.evaluation.regimes.regime_table import TABLE_FILE
    from bci_dann.reporting import regime_tables, report_or_warn, write_regime_figure

    names = None if regimes is None else split_list(regimes, "regimes")
    with _report_of_failures(out, TABLE_FILE):
        table = run_regimes(config, out, **arguments, regimes=names, held_out=held_out)
    if arguments["dry_run"]:
        print_regime_plan(table, out)
        return
    write_regime_figure(table, out / "regimes.png")
    for printed in regime_tables(table):
        output_console().print(printed)
    page = report_or_warn(out)
    if page is not None:
        print_sentence(f"Report with explanations: {page}")
    print_sentence(f"Table of regimes and pipelines: {out / TABLE_FILE}")
    print_sentence(f"Figure of this table: {out / 'regimes.png'}")
    print_sentence(f"Results of single subjects: the folders of the regimes in {out}")


def choose(  # numpydoc ignore=PR01
    config: ConfigFile,
    out: ResultsFolder = None,
    data_dir: DataDir = None,
    jobs: Jobs = 1,
    seeds: Seeds = None,
    pipelines: Pipelines = None,
    protocols: Protocols = None,
    dry_run: DryRun = False,
) -> None:
    """Choose a pipeline for each subject by the other subjects, and evaluate the choice."""
    from bci_dann.evaluation import nested_choice

    replaced = {"seeds": seeds, "pipelines": pipelines, "protocols": protocols}
    description = config_with_options(config, replaced)
    out = out or Path("runs") / description.name
    table = nested_choice(
        description, out, n_jobs=jobs, data_dir=data_dir, progress=not dry_run, dry_run=dry_run
    )
    if dry_run:
        print_plan(table, out)
        n_pseudo = table.duplicated().sum()
        print_sentence(
            f"In {n_pseudo} of these tasks, another subject serves as the target for the choice"
        )
    else:
        _print_choices(table)
        print_sentence(f"Scores of every pipeline for every target: {out / 'nested.csv'}")


def select(  # numpydoc ignore=PR01
    results: RunFolder,
    pipelines: Annotated[
        str | None,
        typer.Option("--pipelines", help="Pipelines to choose among. Default: all."),
    ] = None,
) -> None:
    """Evaluate the choice of a pipeline for each subject by scores that need no labels."""
    from bci_dann.evaluation import selection_table

    names = None if pipelines is None else split_list(pipelines, "pipelines")
    for protocol, choices in selection_table(results, names).groupby("protocol"):
        rows = [_selection_row(choice) for _, choice in choices.iterrows()]
        print_table(f"Choice among pipelines: {protocol}", SELECTION_COLUMNS, rows)
    print_sentence("ROC AUC is computed over all trials of a subject; `run` averages sessions.")


def _print_choices(table: pd.DataFrame) -> None:
    from bci_dann.evaluation import nested_summary

    summary = nested_summary(table)
    for protocol, chosen in table[table["chosen"]].groupby("protocol", sort=False):
        rows = [_target_row(target) for _, target in chosen.iterrows()]
        print_table(f"Pipeline chosen by the other subjects: {protocol}", TARGET_COLUMNS, rows)
        choices = summary[summary["protocol"] == protocol]
        rows = [_choice_row(choice) for _, choice in choices.iterrows()]
        print_table("Comparison of this choice with others", CHOICE_COLUMNS, rows)
    print_sentence(CHOICE_NOTE)


def _target_row(row: Any) -> list[str]:
    percent = [f"{100 * row[name]:.1f}" for name in ("pseudo_accuracy", "accuracy")]
    return [row["subject"], row["pipeline"], *percent, f"{row['roc_auc']:.3f}"]


def _choice_row(row: Any) -> list[str]:
    return [row["choice"], row["pipeline"], *_scores(row)]


def _selection_row(row: Any) -> list[str]:
    return [row["choice"], *_scores(row)]


def _scores(row: Any) -> list[str]:
    """Return accuracy (%), ROC AUC, regret and the largest regret (points)."""
    accuracy, regret, worst = (
        f"{row[name]:.1f}" for name in ("accuracy", "regret", "worst_regret")
    )
    return [accuracy, f"{row['roc_auc']:.3f}", regret, worst]
