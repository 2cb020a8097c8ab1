"""Printing: sentences and tables on the standard output, problems on the standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")

__all__ = [
    "output_console",
    "print_markdown",
    "print_problem",
    "print_progress",
    "print_sentence",
    "print_table",
    "tracked",
]

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


def print_markdown(text: str) -> None:
    """Print a page of Markdown.

    Parameters
    ----------
    text : str
        The page. Control characters in it, which a file of somebody else may have, are replaced.
    """
    from rich.markdown import Markdown

    safe = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    output_console().print(Markdown(safe, hyperlinks=False))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, lines: bool = True
) -> None:
    """Print a table.

    Parameters
    ----------
    title : str
        Above the table.
    columns : sequence of str
        Their headings.
    rows : iterable of sequence of str
        One cell a column.
    lines : bool
        Whether to draw lines around the cells; long tables read better without.
    """
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    if not lines:
        table.box, table.padding, table.pad_edge = None, (0, 1, 0, 0), False
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    output_console().print(table)


def print_progress(text: str) -> None:
    """Print what is being done on the standard error stream, which keeps the output for results.

    Parameters
    ----------
    text : str
        A sentence.
    """
    from rich.console import Console

    Console(stderr=True, markup=False).print(text, soft_wrap=True, highlight=False)


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


def tracked(items: Sequence[Item]) -> Iterable[Item]:
    """Pass items on, with a bar on the standard error stream if it is a terminal.

    Parameters
    ----------
    items : sequence
        What is worked on.

    Returns
    -------
    iterable
        The same items.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        items, "Looking at files", console=console, disable=not console.is_terminal, transient=True
    )
