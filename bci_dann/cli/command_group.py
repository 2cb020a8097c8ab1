"""How the command line ends: one clean line for an error, and an exit code."""

from __future__ import annotations

import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from bci_dann.exceptions import BCIDannError, BCIDannWarning, ConfigError, DataError

__all__ = ["CleanGroup", "exit_code_of", "tell"]

USER_ERROR, OTHER_ERROR, INTERRUPTED = 2, 1, 130


class CleanGroup(TyperGroup):
    """Verbs whose errors are told without a traceback, unless ``--debug`` is given."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen verb.

        Parameters
        ----------
        ctx : click context
            With the group's own options in ``params``.

        Raises
        ------
        typer.Exit
            With the exit code, after the error was told.
        """
        with warnings.catch_warnings():
            if ctx.params.get("debug"):
                return super().invoke(ctx)
            _quiet_warnings()
            try:
                return super().invoke(ctx)
            except (Exception, KeyboardInterrupt) as error:
                code = exit_code_of(error)
                if code is None:
                    raise  # typer's own: --help, usage errors, exits
                tell(_sentence(error))
                raise typer.Exit(code) from None


def exit_code_of(error: BaseException) -> int | None:
    """Return the exit code of an error, ``None`` for those that are typer's to handle.

    Parameters
    ----------
    error : BaseException
        What a verb has raised.

    Returns
    -------
    int or None
        2 where the user's input is wrong, 130 after Ctrl-C, else 1.
    """
    if isinstance(error, ConfigError | DataError):
        return USER_ERROR
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if type(error).__module__.split(".")[0] == "typer":
        return None
    return OTHER_ERROR


def tell(message: str, style: str = "red") -> None:
    """Print a message on the standard error stream, exactly as it is.

    Parameters
    ----------
    message : str
        Without markup; brackets stay brackets.
    style : str
        A rich style for the first word.
    """
    from rich.console import Console
    from rich.text import Text

    label, _, rest = message.partition(" ")
    Console(stderr=True).print(Text(label, style=style).append(f" {rest}", "none"), soft_wrap=True)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return f"Stopped: {error or 'nothing was lost that had been written.'}"
    if isinstance(error, BCIDannError):
        return f"Error: {error}"
    return f"Error: {type(error).__name__}: {error} (give --debug after bci-dann for more)"


def _quiet_warnings() -> None:
    """Show our own warnings as a line each, and none of other libraries."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("default", BCIDannWarning)
    warnings.showwarning = lambda message, *_, **__: tell(f"Warning: {message}", "yellow")
