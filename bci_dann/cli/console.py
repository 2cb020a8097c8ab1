"""Printing of sentences and tables to standard output, and of problems to standard error."""

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

# Width of output to a file or a pipe. Empirical: all tables of the commands fit, so that names are
# not broken and can be searched for.
PIPE_WIDTH = 200


def output_console() -> Console:
    """Return a console for standard output.

    Returns
    -------
    rich.console.Console
        Without markup and emoji codes, because names contain brackets and colons.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, emoji=False)


def print_sentence(text: str) -> None:
    """Print a sentence without line breaks.

    Parameters
    ----------
    text : str
        The sentence.
    """
    output_console().print(text, soft_wrap=True, highlight=False)


def print_markdown(text: str) -> None:
    """Print Markdown text.

    Parameters
    ----------
    text : str
        The text. Control characters, which an untrusted file may contain, are replaced.
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
        Title above the table.
    columns : sequence of str
        Headings of the columns.
    rows : iterable of sequence of str
        The rows, with one cell for each column.
    lines : bool
        Whether to draw lines around the cells; long tables are easier to read without.
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
    """Print a status message to standard error, because standard output is for results.

    Parameters
    ----------
    text : str
        The message.
    """
    from rich.console import Console

    Console(stderr=True, markup=False, emoji=False).print(text, soft_wrap=True, highlight=False)


def print_problem(message: str, style: str = "red") -> None:
    """Print an error or a warning to standard error.

    Parameters
    ----------
    message : str
        The message; brackets are not interpreted as markup.
    style : str
        A rich style for the first word.
    """
    from rich.console import Console
    from rich.text import Text

    label, _, rest = message.partition(" ")
    text = Text(label, style=style).append(f" {rest}", "none")
    Console(stderr=True, emoji=False).print(text, soft_wrap=True)


def tracked(items: Sequence[Item]) -> Iterable[Item]:
    """Iterate over items, with a progress bar on standard error if it is a terminal.

    Parameters
    ----------
    items : sequence
        The items.

    Returns
    -------
    iterable
        The same items.
    """
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(
        items, "Reading files", console=console, disable=not console.is_terminal, transient=True
    )
