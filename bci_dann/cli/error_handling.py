"""Errors of commands as one line on the standard error stream, and an exit code."""

from __future__ import annotations

import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from bci_dann.cli.collected_warnings import collected_warnings
from bci_dann.cli.console import print_problem
from bci_dann.exceptions import BCIDannError, BCIDannWarning, ConfigError, DataError

__all__ = ["ErrorReportingGroup", "exit_code_of"]

# 130 is what shells give a process that Ctrl-C has ended: 128 and the number of the signal.
USER_ERROR, OTHER_ERROR, INTERRUPTED = 2, 1, 130


class ErrorReportingGroup(TyperGroup):
    """Commands whose errors are printed without a traceback, unless ``--debug`` is given."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command.

        Parameters
        ----------
        ctx : click context
            With the options before the command in ``params``.

        Returns
        -------
        object
            What the command returns.

        Raises
        ------
        typer.Exit
            With the exit code, after an error was printed.
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
            if code is None:
                raise
            print_problem(_message(error))
            raise typer.Exit(code) from None


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code of an error.

    Parameters
    ----------
    error : BaseException
        What a command has raised.

    Returns
    -------
    int or None
        2 where the user's input is wrong, 130 after Ctrl-C, else 1; ``None`` for what typer
        handles itself: help, usage errors, exits.
    """
    if isinstance(error, ConfigError | DataError):
        return USER_ERROR
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if type(error).__module__.split(".")[0] == "typer":
        return None
    return OTHER_ERROR


def _message(error: BaseException) -> str:
    text = str(error).strip()  # an error without arguments is no false value
    if isinstance(error, KeyboardInterrupt):
        return f"Stopped: {text or 'nothing was lost that had been written.'}"
    if isinstance(error, BCIDannError) and text:
        return f"Error: {text}"
    if not text:
        return f"Error: {type(error).__name__} (give --debug after bci-dann for more)"
    return f"Error: {type(error).__name__}: {error} (give --debug after bci-dann for more)"
