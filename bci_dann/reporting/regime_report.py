"""The table of regimes by pipelines in the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

__all__ = ["compared_pipelines", "regime_tables"]

NOTE = (
    "Each cell: accuracy (points) and ROC AUC, less those of the best baseline of this regime. "
    "This baseline is chosen by these scores, so that the comparison is strict. worst: the lowest "
    "difference of any regime; mean: over regimes."
)
MISSING = "–"


def regime_tables(table: pd.DataFrame) -> list[Table]:
    """Return regimes by pipelines as tables for the terminal.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_regimes` returns it.

    Returns
    -------
    list of rich.table.Table
        One for each protocol. Baselines have no columns of their own where there are other
        pipelines; the best one of each regime is named. The last carries the explanation.
    """
    tables = [_table(str(name), rows) for name, rows in table.groupby("protocol", sort=False)]
    if tables:
        tables[-1].caption = NOTE
    return tables


def compared_pipelines(table: pd.DataFrame) -> list[str]:
    """Return the pipelines that are compared with the baselines, or all if there are no others.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_regimes` returns it.

    Returns
    -------
    list of str
        That with the highest mean difference of accuracy comes first.
    """
    others = table[~table["is_baseline"]]
    shown = table if others.empty else others
    means = shown.groupby("pipeline", sort=False)["accuracy_difference"].mean()
    return [str(name) for name in means.sort_values(ascending=False, kind="stable").index]


def _table(protocol: str, rows: pd.DataFrame) -> Table:
    from rich.table import Table

    from bci_dann.evaluation import summarise_regimes

    names = compared_pipelines(rows)
    table = Table(title=f"Regimes by pipelines: {protocol}", caption_justify="left")
    table.add_column("regime", overflow="fold")
    table.add_column("subjects", justify="right")
    table.add_column("best baseline", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", overflow="fold")
    for regime, cells in rows.groupby("regime", sort=False):
        table.add_row(*_head(str(regime), cells.iloc[0]), *_cells(cells, names))
    table.add_section()
    for kind, cells in summarise_regimes(rows).groupby("summary", sort=False):
        table.add_row(str(kind), "", "", *_cells(cells, names))
    return table


def _head(regime: str, row: Any) -> list[str]:
    held_out = " (held out)" if row["held_out"] else ""
    accuracy = _number(row["baseline_accuracy"], ".1f")
    auc = _number(row["baseline_roc_auc"], ".3f")
    baseline = f"{row['best_baseline'] or MISSING} {accuracy} {auc}"
    return [f"{regime}{held_out}", str(row["n_subjects"]), baseline]


def _cells(rows: pd.DataFrame, names: Sequence[str]) -> list[str]:
    by_name = {row["pipeline"]: row for _, row in rows.iterrows()}
    return [_cell(by_name[name]) if name in by_name else MISSING for name in names]


def _cell(row: Any) -> str:
    accuracy = _number(row["accuracy_difference"], "+.1f")
    return f"{accuracy} {_number(row['roc_auc_difference'], '+.3f')}"


def _number(value: float, format_spec: str) -> str:
    return MISSING if math.isnan(value) else format(value, format_spec)
