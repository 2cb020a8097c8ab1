"""The command ``quickstart``: a comparison of methods on simulated subjects, then a new subject."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.console import output_console, print_progress, print_sentence
from bci_dann.cli.options import (
    Jobs,
)

__all__ = ["quickstart"]


def quickstart(  # numpydoc ignore=PR01
    jobs: Jobs = 1,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for all output.")] = Path(
        "runs/quickstart"
    ),
) -> None:
    """Compare methods on simulated subjects, then adapt a model to a new one; takes minutes."""
    from bci_dann.evaluation import compare_pipelines, summarise
    from bci_dann.evaluation.summary import REFERENCE
    from bci_dann.examples.quickstart import run_quickstart
    from bci_dann.reporting import after_quickstart, closing_tables

    result = run_quickstart(out, jobs, say=print_progress)
    comparisons = compare_pipelines(result.results, REFERENCE)
    for table in closing_tables(summarise(result.results), comparisons):
        output_console().print(table)
    counts = (result.n_trials, result.n_right, result.n_right_before)
    for line in after_quickstart(
        result.folder, result.model, result.recordings, counts, result.report
    ):
        print_sentence(line)
