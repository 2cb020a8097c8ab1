"""The closing tables of a run, one for each dataset and protocol."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

__all__ = ["closing_tables"]

NOTE = (
    "± over subjects; seeds: standard deviation of the mean over seeds; gain against "
    "source_only in points; p: one-sided, not corrected for several pipelines; chance: what "
    "guessing exceeds for one subject in 5 % of cases."
)

WEIGHING = ("ESS", "domain AUC")
WEIGHING_NOTE = (
    " ESS: evenly weighted source trials that the weighted ones are worth; domain AUC: how well "
    "source is told from target, 0.5 where not at all."
)


def closing_tables(summary: pd.DataFrame) -> list[Table]:
    """Return the summary as tables for the terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`bci_dann.evaluation.summarise` returns it.

    Returns
    -------
    list of rich.table.Table
        One for each dataset and protocol, since figures of different protocols are not
        comparable. The last carries the explanation of the columns.
    """
    groups = summary.groupby(["dataset", "protocol"], sort=False)
    tables = [_table(f"{dataset}, {protocol}", rows) for (dataset, protocol), rows in groups]
    if tables:
        weighs = any(column.header == WEIGHING[0] for column in tables[-1].columns)
        tables[-1].caption = NOTE + (WEIGHING_NOTE if weighs else "")
    return tables


def _table(scope: str, rows: pd.DataFrame) -> Table:
    from rich.table import Table

    table = Table(title=f"Leave one subject out: {scope}", caption_justify="left")
    table.add_column("pipeline", overflow="fold")
    titles = ["accuracy %", "seeds", "ROC AUC", "gain", "p", "chance %", "subjects"]
    weighs = "ess" in rows and rows["ess"].notna().any()
    for title in [*titles, *(WEIGHING if weighs else ())]:
        table.add_column(title, justify="right")
    for _, row in rows.iterrows():
        table.add_row(row["pipeline"], *_cells(row), *(_weighing(row) if weighs else ()))
    return table


def _weighing(row: Any) -> list[str]:
    return [_number(row["ess"], ".0f"), _number(row["domain_auc"], ".3f")]


def _cells(row: Any) -> list[str]:
    return [
        f"{row['accuracy']:.1f} ± {_number(row['std_subjects'], '.1f')}",
        _number(row["std_seeds"], ".1f"),
        _number(row["roc_auc"], ".3f"),
        _number(row["gain"], "+.1f"),
        _number(row["p_value"], ".4f"),
        _number(row["chance"], ".1f"),
        str(row["n_subjects"]),
    ]


def _number(value: float, how: str) -> str:
    return "–" if math.isnan(value) else format(value, how)
