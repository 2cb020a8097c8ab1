"""Commands for recordings before training: ``init`` and ``check``."""

from __future__ import annotations

import shlex
import warnings
from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.accounts import print_account_table, print_channels
from bci_dann.cli.console import print_problem, print_sentence, print_table, tracked
from bci_dann.cli.error_handling import USER_ERROR
from bci_dann.cli.options import (
    ConfigFile,
    DataDir,
    Force,
)
from bci_dann.exceptions import BCIDannWarning, ConfigError

__all__ = ["check", "init"]

# Pattern of the warning of names that were converted to those of the 10-05 system.
MATCHED_WARNING = r".*: channel names were converted to names of the 10-05 system"


def init(  # numpydoc ignore=PR01
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, or a BIDS dataset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Configuration to write (YAML).")] = Path(
        "my.yaml"
    ),
    force: Force = False,
) -> None:
    """Inspect recordings, and write a commented configuration to start from."""
    _check_target(out, force)
    from bci_dann._files import write_atomically
    from bci_dann.data.survey.folder_survey import survey_folder
    from bci_dann.data.survey.survey_summary import summary_rows
    from bci_dann.evaluation.config.starter_configuration import starter_configuration

    survey = survey_folder(folder.expanduser(), tracked)
    starter = starter_configuration(survey, out.stem)
    write_atomically(out, starter.text.encode())
    print_table(f"Recordings in {folder}", ("", ""), summary_rows(survey), lines=False)
    for file in survey.unreadable:
        print_problem(f"Unreadable: {file.name}: {file.reason}", "yellow")
    for remark in starter.remarks:
        print_sentence(remark)
    print_sentence(f"The configuration is in {out}: read its comments.")
    if starter.questions:
        print_sentence("First fill in what cannot be read from the recordings:")
        for question in starter.questions:
            print_sentence(f"  {question}")
    print_sentence("Then run:" if starter.questions else "Next, run:")
    where = f"{shlex.quote(str(out))} --data-dir {shlex.quote(str(folder))}"
    print_sentence(f"  bci-dann check {where}")
    print_sentence(f"  bci-dann run {where} --dry-run")


def check(  # numpydoc ignore=PR01
    config: ConfigFile,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="HTML page with plots. Default: no page."),
    ] = None,
) -> None:
    """Show for each recording which cues are found, used or left out, and why.

    Exit code 2: a recording cannot be used.
    """
    from bci_dann.data.combined.combined_config import one_dataset
    from bci_dann.data.screening.examination import examine_recordings
    from bci_dann.evaluation import load_config
    from bci_dann.reporting import write_recordings_page

    run = load_config(config)
    data = one_dataset(run.data, "`bci-dann check`")
    with warnings.catch_warnings():  # converted names are printed with the channels
        warnings.filterwarnings("ignore", MATCHED_WARNING, BCIDannWarning)
        examination = examine_recordings(data, run.preprocessing, data_dir, progress=True)
    if examination.channels is not None:
        print_channels(examination.channels)
    if examination.recordings:
        print_account_table(examination.account)
    for problem in examination.problems:
        print_problem(f"Problem: {problem}")
    if out is not None:
        title = f"Recordings of {run.name}"
        print_sentence(f"Plots: {write_recordings_page(examination, out, title)}")
    if examination.problems:
        raise typer.Exit(USER_ERROR)


def _check_target(out: Path, force: bool) -> None:
    if out.is_dir():
        raise ConfigError(f"{out} is a folder: give a file, such as {out / 'my.yaml'}.")
    if out.exists() and not force:
        raise ConfigError(f"{out} exists: choose another file, or replace it with --force.")
    if not out.parent.is_dir():
        raise ConfigError(
            f"{out} cannot be written, because the folder {out.parent} does not exist: create it."
        )
