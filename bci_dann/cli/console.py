"""Printing: sentences and tables on the standard output, problems on the standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["output_console", "print_problem", "print_sentence", "print_table"]

# Columns in a file or a pipe, where there is no terminal to fit in. Empirical: wide enough for
# every table of the commands, so that a name stays in one piece and can be searched for.
PIPE_WIDTH = 200


def output_console() -> Console:
    """Return the console of the standard output.

    Returns
    -------
    rich.console.Console
        Without markup: the names of variants have brackets, which stay as they are.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, markup=False)


def print_sentence(text: str) -> None:
    """Print a sentence as it is.

    Parameters
    ----------
    text : str
        On one line, however long.
    """
    output_console().print(text, soft_wrap=True, highlight=False)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table.

    Parameters
    ----------
    title : str
        Above the table.
    columns : sequence of str
        Their headings.
    rows : iterable of sequence of str
        One cell a column.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    output_console().print(table)


def print_problem(message: str, style: str = "red") -> None:
    """Print an error or a warning on the standard error stream, exactly as it is.

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
    text = Text(label, style=style).append(f" {rest}", "none")
    Console(stderr=True).print(text, soft_wrap=True)
