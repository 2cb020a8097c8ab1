"""Tables in the terminal at the end of a run, one for each dataset and protocol."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

__all__ = ["closing_tables"]

PLACE = ["dataset", "protocol", "pipeline"]
# Captions: what the columns mean.
NOTE = (
    "±: standard deviation over subjects; seeds: standard deviation of the mean over seeds, – with "
    "one seed; chance: the accuracy that guessing exceeds for one subject in 5 % of cases."
)
GAIN_NOTE = (
    " gain: mean difference from {reference} in points; p: two-sided test of the gain over "
    "subjects, after Holm's correction for the number of pipelines."
)
LEAST_P_NOTE = " With {n_subjects} subjects, p cannot be below {least:.4f}, however large the gain."
# The note is shown where the smallest possible p is above this level.
SIGNIFICANT = 0.05

COMMON_COLUMN = "common %"
COMMON_NOTE = (
    " common: accuracy on the trials that all protocols of the run score, the only column that "
    "may be compared between protocols."
)
WEIGHTING_COLUMNS = ("ESS", "domain AUC")
WEIGHTING_NOTE = (
    " ESS: effective sample size of the weighted source trials; it is the number of source trials "
    "if all have the same weight. domain AUC: ROC AUC of a classifier that tells source trials "
    "from target trials; 0.5: they cannot be told apart."
)


def closing_tables(
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    common: pd.DataFrame | None = None,
    heading: str = "Leave one subject out",
) -> list[Table]:
    """Return the summary as tables for the terminal.

    Parameters
    ----------
    summary : pandas.DataFrame
        As :func:`bci_dann.evaluation.summarise` returns it; it may have the columns of ``common``.
    comparisons : pandas.DataFrame
        As :func:`bci_dann.evaluation.compare_pipelines` returns it, against one reference.
    common : pandas.DataFrame or None
        As :func:`bci_dann.evaluation.common_accuracy` returns it; ``None`` and an empty one add no
        column.
    heading : str
        What was done, in front of the dataset and the protocol.

    Returns
    -------
    list of rich.table.Table
        One for each dataset and protocol, since figures of different protocols are not
        comparable. The last carries the explanation of the columns.
    """
    compared = comparisons[[*PLACE, "difference", "p_holm"]]
    summary = summary.merge(compared, on=PLACE, how="left")
    if common is not None and not common.empty:
        summary = summary.merge(common, on=PLACE, how="left")
    groups = summary.groupby(["dataset", "protocol"], sort=False)
    tables = [
        _table(f"{heading}: {dataset}, {protocol}", rows) for (dataset, protocol), rows in groups
    ]
    if tables:
        headers = [column.header for column in tables[-1].columns]
        tables[-1].caption = "".join(
            [
                NOTE,
                *(GAIN_NOTE.format(reference=one) for one in comparisons["reference"].unique()),
                _least_p_note(summary),
                COMMON_NOTE if COMMON_COLUMN in headers else "",
                WEIGHTING_NOTE if WEIGHTING_COLUMNS[0] in headers else "",
            ]
        )
    return tables


def _least_p_note(summary: pd.DataFrame) -> str:
    """Say where no gain could be significant, because there are too few subjects.

    A sign-flip test of n subjects has 2 ** n patterns, two of which are as extreme as the largest
    gain; Holm's correction multiplies the smallest p by the number of comparisons.
    """
    compared = summary[summary["p_holm"].notna()].groupby(["dataset", "protocol"])["n_subjects"]
    least = {int(n.min()): len(n) * 2.0 ** (1 - int(n.min())) for _, n in compared}
    if not least or max(least.values()) <= SIGNIFICANT:
        return ""
    n_subjects = max(least, key=lambda n: least[n])
    return LEAST_P_NOTE.format(n_subjects=n_subjects, least=min(least[n_subjects], 1.0))


def _table(title: str, rows: pd.DataFrame) -> Table:
    from rich.table import Table

    table = Table(title=title, caption_justify="left")
    table.add_column("pipeline", overflow="fold")
    headers = ["accuracy %", "seeds", "ROC AUC", "gain", "p", "chance %", "subjects"]
    has_common = "common_accuracy" in rows and rows["common_accuracy"].notna().any()
    has_weights = "ess" in rows and rows["ess"].notna().any()
    if has_common:
        headers.append(COMMON_COLUMN)
    for header in [*headers, *(WEIGHTING_COLUMNS if has_weights else ())]:
        table.add_column(header, justify="right")
    for _, row in rows.iterrows():
        common = [_number(row["common_accuracy"], ".1f")] if has_common else []
        weights = _weight_cells(row) if has_weights else []
        table.add_row(row["pipeline"], *_cells(row), *common, *weights)
    return table


def _weight_cells(row: Any) -> list[str]:
    return [_number(row["ess"], ".0f"), _number(row["domain_auc"], ".3f")]


def _cells(row: Any) -> list[str]:
    return [
        f"{row['accuracy']:.1f} ± {_number(row['std_subjects'], '.1f')}",
        _number(row["std_seeds"], ".1f"),
        _number(row["roc_auc"], ".3f"),
        _number(100 * row["difference"], "+.1f"),
        _number(row["p_holm"], ".4f"),
        _number(row["chance"], ".1f"),
        str(row["n_subjects"]),
    ]


def _number(value: float, format_spec: str) -> str:
    return "–" if math.isnan(value) else format(value, format_spec)
