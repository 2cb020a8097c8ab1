"""Commands for finished runs: ``report``, ``compare``, ``merge``, ``publish``, ``leaderboard``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from bci_dann.cli.console import print_sentence, print_table
from bci_dann.cli.options import RunFolder

__all__ = ["compare", "leaderboard", "merge", "publish", "report"]

SCORE_COLUMNS = (
    "pipeline",
    "subjects",
    "first",
    "second",
    "difference",
    "95 % interval",
    "p",
    "p Holm",
)
SCORE_NOTE = (
    "difference: second minus first, mean over the subjects in both runs; p: two-sided, from the "
    "differences of these subjects; p Holm: corrected for the number of rows. p is approximate, "
    "because folds share training data."
)


def report(  # numpydoc ignore=PR01
    results: RunFolder,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML file. Default: report.html in the folder."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--texts", help="Folder for methods text, BibTeX and tables as files."),
    ] = None,
    subjects: Annotated[
        bool, typer.Option("--subjects", help="Also write a page for each subject.")
    ] = False,
) -> None:
    """Write the report of a run as an HTML page: results, explanations, and references to cite.

    `run` writes it at its end, also for regimes. The report of an unfinished or failed run lists
    the missing tasks.
    """
    from bci_dann._files import check_folder_of
    from bci_dann.reporting import write_run_report

    target = None if out is None else check_folder_of(out)
    page = write_run_report(results, target, texts, subjects)
    print_sentence(f"Report: {page} (open it in a browser)")
    if subjects:
        print_sentence(f"Pages of the subjects: {page.parent / 'subjects'}")
    if texts is not None:
        print_sentence(f"Methods text, references (BibTeX) and tables: {texts}")


def compare(  # numpydoc ignore=PR01
    first: Annotated[Path, typer.Argument(help="Results folder of a run.")],
    second: Annotated[Path, typer.Argument(help="Results folder of another run.")],
    metric: Annotated[str, typer.Option("--metric", help="A metric of results.csv.")] = "accuracy",
) -> None:
    """Compare two runs: differences of configuration and code, and of scores with tests."""
    from bci_dann.evaluation import compare_runs

    comparison = compare_runs(first, second, metric)
    changes = [(change,) for change in comparison.changes] or [("no difference",)]
    print_table("Differences", ("configuration, recordings and versions",), changes)
    in_percent = metric in ("accuracy", "balanced_accuracy")
    title = f"{metric} (%)" if in_percent else metric
    for (dataset, protocol), rows in comparison.scores.groupby(["dataset", "protocol"]):
        cells = [_score_row(row, in_percent) for _, row in rows.iterrows()]
        print_table(f"{title}: {dataset}, {protocol}", SCORE_COLUMNS, cells)
    print_sentence(SCORE_NOTE if len(comparison.scores) else "The runs have no pipeline in common.")


def merge(  # numpydoc ignore=PR01
    runs: Annotated[list[Path], typer.Argument(help="Results folders of the shards of a run.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the joined results.")],
) -> None:
    """Join results folders of the same configuration, data and code, and list missing tasks."""
    from bci_dann.evaluation import merge_runs

    merged = merge_runs(runs, out)
    n_finished = merged.n_tasks - len(merged.missing)
    print_sentence(f"{n_finished} of {merged.n_tasks} tasks are in {out / 'results.csv'}")


def leaderboard(  # numpydoc ignore=PR01
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the website.")],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Results folders of runs or suites. Default: existing entries only."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "Leaderboard",
) -> None:
    """Write a static page with a sortable table of runs, and a JSON file for each run.

    Existing entries in the folder are checked and kept; entries of the same runs are replaced.
    """
    from bci_dann.reporting import write_leaderboard

    entries = write_leaderboard(runs or [], out, title)
    print_sentence(f"Entries: {len(entries)}, in {out / 'entries'}")
    print_sentence(f"Page: {out / 'index.html'}; the folder can be put on any web server")


def publish(  # numpydoc ignore=PR01
    results: RunFolder,
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file; replaced if it exists.")],
    note: Annotated[
        str, typer.Option("--note", help="What was measured on which data, in one sentence.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            help="Pipeline that gains are computed against. Default: source_only, or the simplest.",
        ),
    ] = None,
    join: Annotated[
        Path | None,
        typer.Option(
            "--join", help="Published table of other regimes or pipelines, whose rows are added."
        ),
    ] = None,
    over_trials: Annotated[
        bool,
        typer.Option("--over-trials", help="Accuracy by number of trials, instead of the summary."),
    ] = False,
) -> None:
    """Write the summary of a run as a table with its provenance.

    The head of the file lists the commands, commits, dates, machine and versions.
    """
    from bci_dann.reporting import publish as published_table

    table = published_table(results, note, reference, join, over_trials)
    table.write(out)
    n_commands = len(table.invocations)
    print_sentence(f"{len(table.rows)} rows in {out}; commands of the run: {n_commands}")


def _score_row(row: Any, in_percent: bool) -> list[str]:
    factor, digits = (100.0, 1) if in_percent else (1.0, 3)

    def shown(name: str, sign: str = "") -> str:
        rounded = round(factor * row[name], digits) + 0.0  # no negative zero
        return f"{rounded:{sign}.{digits}f}"

    interval = f"{shown('low', '+')} to {shown('high', '+')}" if math.isfinite(row["low"]) else "–"
    scores = [shown("first"), shown("second"), shown("difference", "+"), interval]
    p_values = [_number(row[name]) for name in ("p_value", "p_holm")]
    return [row["pipeline"], str(row["n_subjects"]), *scores, *p_values]


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"
