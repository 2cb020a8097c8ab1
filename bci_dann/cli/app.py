"""The application ``bci-dann``: its commands and global options.

Commands import the library when they run, so that help and version are shown quickly.
"""

from __future__ import annotations

from typing import Annotated

import typer

from bci_dann._version import __version__
from bci_dann.cli.commands.acquire_command import acquire
from bci_dann.cli.commands.benchmark_commands import choose, run, select
from bci_dann.cli.commands.diagnose_command import diagnose
from bci_dann.cli.commands.evaluate_command import evaluate
from bci_dann.cli.commands.export_command import export
from bci_dann.cli.commands.information_commands import datasets, docs, doctor, pipelines
from bci_dann.cli.commands.inspect_command import inspect
from bci_dann.cli.commands.model_commands import adapt, fit, predict
from bci_dann.cli.commands.push_command import push
from bci_dann.cli.commands.quickstart_command import quickstart
from bci_dann.cli.commands.recordings_commands import check, init
from bci_dann.cli.commands.results_commands import (
    compare,
    leaderboard,
    merge,
    publish,
    report,
)
from bci_dann.cli.commands.streaming_commands import replay, stream
from bci_dann.cli.error_handling import ErrorReportingGroup
from bci_dann.cli.help_examples import EXAMPLES, START, epilog

__all__ = ["app"]

# In the order in which help lists them.
COMMANDS = (
    *(quickstart, init, check, run, merge, report, choose, select, compare, publish),
    *(leaderboard, diagnose),
    *(fit, acquire, adapt, predict, evaluate, replay, stream, inspect, export, push),
    *(datasets, pipelines, docs, doctor),
)

app = typer.Typer(
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    epilog=epilog(START),
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bci-dann {__version__}")
        raise typer.Exit


@app.callback()
def bci_dann(  # numpydoc ignore=PR01
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and warnings.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Motor-imagery BCI for new subjects, without calibration on labelled trials."""


for command in COMMANDS:
    app.command(epilog=epilog(EXAMPLES[command.__name__]))(command)
