"""Scores of a pseudo-online run as a table: words for its columns, in the terminal and on pages."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

__all__ = ["NOTE", "causal_text", "pseudo_online_tables", "score_texts"]

# By the score what its column is called, and how it is written.
COLUMNS = {
    "mcc": ("MCC", ".3f"),
    "detection_auc": ("detection AUC", ".3f"),
    "task_accuracy": ("right %", ".1f"),
    "task_auc": ("classes AUC", ".3f"),
    "idle_decisions": ("false %", ".1f"),
    "activations_per_minute": ("false/min", ".1f"),
    "hit_rate": ("hit %", ".1f"),
    "seconds_to_hit": ("s to hit", ".2f"),
}
PERCENT = ("task_accuracy", "idle_decisions", "hit_rate")
NOTE = (
    "MCC: Matthews' correlation over all windows and classes, 0 is chance; detection: of task "
    "against idle; right: of windows in tasks, mean over classes; classes: between those of tasks; "
    "false: idle windows for which a task is decided, and how often a minute of idle time this "
    "begins; hit: tasks in which a window ends that has the right class; s to hit: from the start "
    "of the task to the end of the first such window, median. Windows overlap and are no "
    "independent samples. Not causal: the protocol shows training what was recorded later."
)


def score_texts(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of a pseudo-online run as texts.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`bci_dann.evaluation.summarise_windows` returns it.

    Returns
    -------
    pandas.DataFrame
        One row for each row of ``summary``: pipeline, subjects, and the scores, shares in
        percent.
    """
    import pandas as pd

    columns: dict[str, Any] = {
        "pipeline": summary["pipeline"],
        "subjects": summary["n_subjects"].astype(str),
    }
    for name, (title, form) in COLUMNS.items():
        factor = 100 if name in PERCENT else 1
        columns[title] = [_number(factor * value, form) for value in summary[name]]
    return pd.DataFrame(columns)


def pseudo_online_tables(summary: pd.DataFrame) -> list[Table]:
    """Return the scores of a pseudo-online run as tables for the terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`bci_dann.evaluation.summarise_windows` returns it.

    Returns
    -------
    list of rich.table.Table
        One for each dataset and protocol, the best Matthews correlation first; the last with the
        explanation of the columns.
    """
    groups = summary.groupby(["dataset", "protocol"], sort=False)
    tables = [_table(dataset, protocol, rows) for (dataset, protocol), rows in groups]
    if tables:
        tables[-1].caption = NOTE
    return tables


def _table(dataset: str, protocol: str, rows: pd.DataFrame) -> Table:
    from rich.table import Table

    title = f"Pseudo-online: {dataset}, {protocol} ({causal_text(rows)})"
    texts = score_texts(rows)
    table = Table(title=title, caption_justify="left")
    for name in texts:
        table.add_column(name, justify="left" if name == "pipeline" else "right")
    for row in texts.itertuples(index=False):
        table.add_row(*row)
    return table


def causal_text(rows: pd.DataFrame) -> str:
    """Return whether predictions of a protocol depend on nothing that came after them.

    Parameters
    ----------
    rows : pandas.DataFrame
        With the column ``causal``.

    Returns
    -------
    str
        ``"causal"`` or ``"not causal"``.
    """
    return "causal" if rows["causal"].all() else "not causal"


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)
