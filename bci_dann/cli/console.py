"""How verbs write on the standard output: sentences, tables and lists of tasks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["console", "print_plan", "print_rows", "say"]

# in a file or a pipe there is no terminal to fit in, and a name in one piece can be searched for
PIPE_WIDTH = 200


def console() -> Console:
    """Return where verbs write; brackets stay brackets, as the names of variants have them.

    Returns
    -------
    rich.console.Console
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, markup=False)


def say(text: str) -> None:
    """Print a sentence as it is.

    Parameters
    ----------
    text : str
        On one line, however long.
    """
    console().print(text, soft_wrap=True, highlight=False)


def print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table.

    Parameters
    ----------
    title : str
        What stands above it.
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
    console().print(table)


def print_plan(plan: pd.DataFrame, out: Path) -> None:
    """Print the tasks of a dry run.

    Parameters
    ----------
    plan : pandas.DataFrame
        One row a task, as :func:`bci_dann.evaluation.run_benchmark` returns it.
    out : pathlib.Path
        Where results would go.
    """
    rows = [
        (pipeline, protocol, *(_listed(tasks[name]) for name in ("seed", "subject")), len(tasks))
        for (pipeline, protocol), tasks in plan.groupby(["pipeline", "protocol"], sort=False)
    ]
    columns = ("pipeline", "protocol", "seeds", "target subjects", "tasks")
    print_rows("Tasks", columns, [tuple(str(cell) for cell in row) for row in rows])
    say(f"{len(plan)} tasks; results would go to {out}")


def _listed(values: pd.Series[str]) -> str:
    return ", ".join(str(value) for value in values.unique())
