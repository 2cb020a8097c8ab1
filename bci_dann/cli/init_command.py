"""The command ``init``: look at recordings, and write a configuration to start from."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from bci_dann.cli.console import print_problem, print_sentence, print_table, tracked
from bci_dann.exceptions import ConfigError

__all__ = ["init"]


def init(  # numpydoc ignore=PR01
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, or a BIDS dataset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Configuration to write (YAML).")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Look at recordings and write a commented configuration to start from."""
    _check_target(out, force)
    from bci_dann._files import write_atomically
    from bci_dann.data.survey.folder_survey import survey_folder
    from bci_dann.data.survey.survey_summary import summary_rows
    from bci_dann.evaluation.config.starter_configuration import starter_configuration

    survey = survey_folder(folder.expanduser(), tracked)
    starter = starter_configuration(survey, out.stem)
    write_atomically(out, starter.text.encode())
    print_table(f"Recordings in {folder}", ("", ""), summary_rows(survey), lines=False)
    for one in survey.unreadable:
        print_problem(f"Unreadable: {one.name}: {one.reason}", "yellow")
    for remark in starter.remarks:
        print_sentence(remark)
    print_sentence(f"The configuration is in {out}: read its comments.")
    if starter.questions:
        print_sentence("Fill in first what the recordings do not tell:")
        for question in starter.questions:
            print_sentence(f"  {question}")
    print_sentence("Then type:" if starter.questions else "Next, type:")
    where = f"{shlex.quote(str(out))} --data-dir {shlex.quote(str(folder))}"
    print_sentence(f"  bci-dann check {where}")
    print_sentence(f"  bci-dann run {where} --dry-run")


def _check_target(out: Path, force: bool) -> None:
    if out.is_dir():
        raise ConfigError(f"{out} is a folder: name a file, for example {out / 'my.yaml'}.")
    if out.exists() and not force:
        raise ConfigError(f"{out} exists. Name another file, or replace it with --force.")
    if not out.parent.is_dir():
        raise ConfigError(f"there is no folder {out.parent} for {out.name}. Make it first.")
