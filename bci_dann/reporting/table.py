"""The closing table of a run, one block a protocol."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

__all__ = ["results_table"]

NOTE = (
    "± over subjects; seeds: standard deviation of the mean over seeds; gain against "
    "source_only in points; p: one-sided, not corrected for several pipelines; chance: what "
    "guessing exceeds for one subject in 5 % of cases."
)


def results_table(summary: pd.DataFrame) -> Table:
    """Return the summary as a table for the terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`bci_dann.evaluation.summarise` returns it.

    Returns
    -------
    rich.table.Table
        Protocols are kept apart by a line, since they are not comparable.
    """
    from rich.table import Table

    names = ", ".join(summary["dataset"].unique())
    table = Table(title=f"Leave one subject out: {names}", caption=NOTE, caption_justify="left")
    table.add_column("protocol")
    table.add_column("pipeline")
    for title in ("accuracy %", "seeds", "ROC AUC", "gain", "p", "chance %", "subjects"):
        table.add_column(title, justify="right")
    for _, rows in summary.groupby(["dataset", "protocol"], sort=False):
        for _, row in rows.iterrows():
            table.add_row(row["protocol"], row["pipeline"], *_cells(row))
        table.add_section()
    return table


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
