"""Printing of errors of commands in one line, and their exit codes."""

from __future__ import annotations

import select
import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from bci_dann.cli.collected_warnings import collected_warnings
from bci_dann.cli.console import print_problem
from bci_dann.exceptions import BCIDannError, BCIDannWarning, ConfigError, DataError

__all__ = ["ErrorReportingGroup", "exit_code_of"]

# 130 is the exit code of processes ended by Ctrl-C in shells: 128 plus the number of the signal.
USER_ERROR, OTHER_ERROR, INTERRUPTED = 2, 1, 130


class ErrorReportingGroup(TyperGroup):
    """Command group that prints errors without a traceback, unless ``--debug`` is given."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was given on the command line.

        Parameters
        ----------
        ctx : click context
            Context with the global options in ``params``.

        Returns
        -------
        object
            Result of the command.

        Raises
        ------
        typer.Exit
            With an exit code, after an error has been printed.
        """
        if ctx.params.get("debug"):
            with warnings.catch_warnings():
                warnings.simplefilter("always", BCIDannWarning)
                return super().invoke(ctx)
        try:
            with collected_warnings():
                return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            code = exit_code_of(error)
            if code is None or (isinstance(error, BrokenPipeError) and _nobody_reads_output()):
                _explain_lists(error)
                raise
            print_problem(_message(error))
            raise typer.Exit(code) from None


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code for an error.

    Parameters
    ----------
    error : BaseException
        Error raised by a command.

    Returns
    -------
    int or None
        2 for invalid input of the user, 130 after Ctrl-C, otherwise 1; ``None`` for exceptions that
        typer handles (help, usage errors, exits).
    """
    if isinstance(error, ConfigError | DataError):
        return USER_ERROR
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if type(error).__module__.split(".")[0] == "typer":
        return None
    return OTHER_ERROR


def _nobody_reads_output() -> bool:
    """Return whether a pipe that output goes to was closed, as by ``bci-dann ... | head``."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, ValueError, OSError):  # no poll in Windows; output that is not a file
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _explain_lists(error: Any) -> None:
    """Add to a usage error how lists are written, in case that one was given with spaces."""
    if "unexpected extra argument" in str(getattr(error, "message", "")):
        error.message += ". Lists have commas and no spaces, as in --pipelines dann,ea_dann"


def _message(error: BaseException) -> str:
    text = str(error).strip()
    if isinstance(error, KeyboardInterrupt):
        return f"Stopped: {text or 'files are kept, if any were written.'}"
    if isinstance(error, BCIDannError) and text:
        return f"Error: {text}"
    if not text:
        return f"Error: {type(error).__name__} (details: bci-dann --debug COMMAND)"
    return f"Error: {type(error).__name__}: {error} (details: bci-dann --debug COMMAND)"
