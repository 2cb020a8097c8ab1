"""Commands that look at finished runs: ``report``, ``compare``, ``merge`` and ``leaderboard``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from bci_dann.cli.console import print_sentence, print_table

__all__ = ["compare", "leaderboard", "merge", "report"]

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
    "difference: second minus first, mean over the subjects that both have; p: two-sided, from "
    "the subjects' differences; p Holm: corrected over all rows. Folds share training data, so "
    "that p is approximate."
)


def report(  # numpydoc ignore=PR01
    results: Annotated[Path, typer.Argument(help="Results folder that `run` has written.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML file. Default: report.html in the folder."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--texts", help="Folder for methods, BibTeX and tables as files, too."),
    ] = None,
    subjects: Annotated[
        bool, typer.Option("--subjects", help="A page for each subject, too, beside the report.")
    ] = False,
) -> None:
    """Write the report of a run as one HTML page: results, how to read them, how to cite them.

    `run` ends with it, over regimes as well. A run that has not ended, or that has failed, has
    one too, which says what is missing.
    """
    from bci_dann._files import check_folder_of
    from bci_dann.reporting import write_run_report

    target = None if out is None else check_folder_of(out)
    page = write_run_report(results, target, texts, subjects)
    print_sentence(f"The report is in {page}; open it in a browser")
    if subjects:
        print_sentence(f"A page for each subject is in {page.parent / 'subjects'}")
    if texts is not None:
        print_sentence(f"Methods, references (BibTeX) and tables are in {texts}")


def compare(  # numpydoc ignore=PR01
    first: Annotated[Path, typer.Argument(help="Results folder of a run.")],
    second: Annotated[Path, typer.Argument(help="Results folder of another run.")],
    metric: Annotated[str, typer.Option("--metric", help="A metric of results.csv.")] = "accuracy",
) -> None:
    """Show what differs between two runs: configuration, code and scores, with tests."""
    from bci_dann.evaluation import compare_runs

    comparison = compare_runs(first, second, metric)
    changes = [(change,) for change in comparison.changes] or [("nothing",)]
    print_table("What differs", ("configuration, recordings and versions",), changes)
    for (dataset, protocol), rows in comparison.scores.groupby(["dataset", "protocol"]):
        cells = [_score_row(row) for _, row in rows.iterrows()]
        print_table(f"{metric}: {dataset}, {protocol}", SCORE_COLUMNS, cells)
    print_sentence(SCORE_NOTE if len(comparison.scores) else "The runs have no pipeline in common.")


def merge(  # numpydoc ignore=PR01
    runs: Annotated[list[Path], typer.Argument(help="Results folders of shards of one run.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The joined results folder.")],
) -> None:
    """Join results folders of one configuration, data and code, and say what is missing."""
    from bci_dann.evaluation import merge_runs

    done = merge_runs(runs, out)
    n_finished = done.n_tasks - len(done.missing)
    print_sentence(f"{n_finished} of {done.n_tasks} tasks are in {out / 'results.csv'}")


def leaderboard(  # numpydoc ignore=PR01
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the site.")],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Results folders, or those of suites. Default: the site's entries."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Heading of the page.")] = "Leaderboard",
) -> None:
    """Show runs in one sortable table: a static page, and one JSON file a run beside it.

    Entries that are in the folder already are checked and kept, those of the same runs replaced.
    """
    from bci_dann.reporting import write_leaderboard

    entries = write_leaderboard(runs or [], out, title)
    print_sentence(f"{len(entries)} entries are in {out / 'entries'}")
    print_sentence(f"The page is {out / 'index.html'}; any web server takes the folder")


def _score_row(row: Any) -> list[str]:
    scores = [f"{row[name]:.3f}" for name in ("first", "second")]
    interval = f"{row['low']:+.3f} to {row['high']:+.3f}" if math.isfinite(row["low"]) else "–"
    p_values = [_number(row[name]) for name in ("p_value", "p_holm")]
    difference = f"{row['difference']:+.3f}"
    return [row["pipeline"], str(row["n_subjects"]), *scores, difference, interval, *p_values]


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "–"
