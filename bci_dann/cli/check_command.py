"""The command ``check``: what each recording gives, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.accounts import print_account_table, print_channels
from bci_dann.cli.console import print_problem, print_sentence
from bci_dann.cli.error_handling import USER_ERROR
from bci_dann.cli.options import ConfigFile, DataDir

__all__ = ["check"]


def check(  # numpydoc ignore=PR01
    config: ConfigFile,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML page with pictures. Default: no page."),
    ] = None,
) -> None:
    """Show what each recording gives: cues found, used, left out and why.

    Exit code 2: a recording cannot be used.
    """
    from bci_dann.data.screening.examination import examine_recordings
    from bci_dann.evaluation import load_config
    from bci_dann.reporting import write_recordings_page

    run = load_config(config)
    examination = examine_recordings(run.data, run.preprocessing, data_dir, progress=True)
    if examination.channels is not None:
        print_channels(examination.channels)
    if examination.recordings:
        print_account_table(examination.account)
    for problem in examination.problems:
        print_problem(f"Problem: {problem}")
    if out is not None:
        title = f"Recordings of {run.name}"
        print_sentence(f"pictures: {write_recordings_page(examination, out, title)}")
    if examination.problems:
        raise typer.Exit(USER_ERROR)
