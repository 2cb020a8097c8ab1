"""Comparison of pipelines over regimes in a report: figure, summary, and all differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bci_dann.evaluation import summarise_regimes
from bci_dann.reporting.regime_figure import draw_regimes
from bci_dann.reporting.regime_report import compared_pipelines
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    details_html,
    figure_html,
    heading_html,
    paragraph_html,
    signed_text,
    table_html,
)

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.regimes.regimes_content import RegimesContent

__all__ = ["comparison_section", "extremes"]

MISSING = "–"
EXPLANATION = Explanation(
    "Each row is a regime, and each marker a pipeline: its mean accuracy over subjects minus that "
    "of the best baseline in this regime (zero line). The best baseline differs between regimes, "
    "and is selected by these scores. No single baseline is the best in all regimes, so the "
    "comparison is strict.",
    "Markers to the right of the line, or close to it, in all regimes: the loss in the worst "
    "regime is small.",
    "A marker far to the left: in this regime, the pipeline is worse than a baseline, regardless "
    "of its mean.",
    "If you do not know in which regime a pipeline will be used, choose the one with the highest "
    "difference in its worst regime, not the one with the highest mean. Differences of a few "
    "points in a regime with few subjects may be due to chance: the report of this regime has "
    "intervals and tests.",
)
TOLERANCE = 1e-9  # points


def comparison_section(regimes: RegimesContent) -> Section:
    """Return the section that compares pipelines over regimes.

    Parameters
    ----------
    regimes : RegimesContent
        The regimes.

    Returns
    -------
    Section
        One part for each protocol.
    """
    parts = []
    for protocol, rows in regimes.table.groupby("protocol", sort=False):
        parts += [heading_html(str(protocol), 3), *_of_protocol(str(protocol), rows)]
    return Section("Regimes by pipelines", "".join(parts))


def extremes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the worst, the mean and the best regime of each pipeline.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of ``regimes.csv`` of one protocol.

    Returns
    -------
    pandas.DataFrame
        One row for each pipeline, the highest mean first: ``n_regimes``, ``mean``, ``worst``,
        ``worst_regime``, ``best``, ``best_regime`` (points), ``n_gains``, ``n_losses``,
        ``auc_mean`` and ``auc_worst``.
    """
    import pandas as pd

    summary = summarise_regimes(rows).set_index(["summary", "pipeline"])
    found = {}
    for name in compared_pipelines(rows):
        own = rows[rows["pipeline"] == name].set_index("regime")["accuracy_difference"].dropna()
        if own.empty:
            continue
        mean, worst = summary.loc[("mean", name)], summary.loc[("worst", name)]
        found[name] = {
            "n_regimes": len(own),
            "mean": mean["accuracy_difference"],
            "worst": worst["accuracy_difference"],
            "worst_regime": own.idxmin(),
            "best": own.max(),
            "best_regime": own.idxmax(),
            "n_gains": int((own > TOLERANCE).sum()),
            "n_losses": int((own < -TOLERANCE).sum()),
            "auc_mean": mean["roc_auc_difference"],
            "auc_worst": worst["roc_auc_difference"],
        }
    return pd.DataFrame.from_dict(found, orient="index")


def _of_protocol(protocol: str, rows: pd.DataFrame) -> Iterator[str]:
    n_regimes, n_subjects = rows["regime"].nunique(), _subjects(rows)
    size = f"under {protocol}, N = {n_regimes} regimes of {n_subjects} subjects"
    yield figure_html(
        draw_regimes(rows), f"Accuracy minus that of the best baseline {size}", EXPLANATION
    )
    extreme = extremes(rows)
    if extreme.empty:
        yield paragraph_html("No baseline is complete in any regime, so there are no differences.")
    else:
        yield heading_html(f"Worst and mean over regimes (points of accuracy) {size}", 4)
        yield table_html(_summary_table(extreme))
    yield heading_html(f"All regimes (points of accuracy) {size}", 4)
    yield table_html(_differences(rows, "accuracy"))
    auc, scores = _differences(rows, "roc_auc"), _scores(rows)
    yield details_html("Differences of the area under the ROC curve", table_html(auc))
    yield details_html("Accuracy (%) of all pipelines, including baselines", table_html(scores))


def _subjects(rows: pd.DataFrame) -> str:
    fewest, most = rows["n_subjects"].min(), rows["n_subjects"].max()
    return str(fewest) if fewest == most else f"{fewest} to {most}"


def _summary_table(extreme: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "pipeline": name,
            "regimes": str(row["n_regimes"]),
            "worst": f"{signed_text(row['worst'])} ({row['worst_regime']})",
            "mean": signed_text(row["mean"]),
            "best": f"{signed_text(row['best'])} ({row['best_regime']})",
            "gain": str(row["n_gains"]),
            "lose": str(row["n_losses"]),
            "ROC AUC, worst": signed_text(row["auc_worst"], ".3f"),
            "ROC AUC, mean": signed_text(row["auc_mean"], ".3f"),
        }
        for name, row in extreme.iterrows()
    ]
    return pd.DataFrame(rows)


def _differences(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the differences from the best baseline, one row for each regime."""
    form, percent = (".1f", " %") if metric == "accuracy" else (".3f", "")
    names = compared_pipelines(rows)
    table = _by_regime(rows, f"{metric}_difference", names)
    texts = table.map(lambda value: signed_text(value, form))
    of_regime = rows.drop_duplicates("regime").set_index("regime").loc[texts.index]
    baseline = of_regime[f"baseline_{metric}"].map(lambda value: _number(value, form, percent))
    if metric == "accuracy":
        baseline = of_regime["best_baseline"].replace("", MISSING) + " " + baseline
    held_out = of_regime["held_out"].map({True: " (held out)", False: ""})
    texts.insert(0, "regime", [f"{name}{suffix}" for name, suffix in held_out.items()])
    texts.insert(1, "subjects", of_regime["n_subjects"].astype(str))
    texts.insert(2, "best baseline", baseline)
    return texts


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    names = list(dict.fromkeys([*compared_pipelines(rows), *rows["pipeline"]]))
    table = _by_regime(rows, "accuracy", names)
    texts = table.map(lambda value: _number(value, ".1f"))
    texts.insert(0, "regime", table.index.astype(str))
    return texts


def _by_regime(rows: pd.DataFrame, column: str, names: list[str]) -> pd.DataFrame:
    """Return values of one column by regime (rows) and pipeline (columns)."""
    regimes = list(dict.fromkeys(rows["regime"]))
    table = rows.pivot(index="regime", columns="pipeline", values=column)
    return table.reindex(index=regimes, columns=names).rename_axis(columns=None)


def _number(value: float, form: str, unit: str = "") -> str:
    return MISSING if value != value else format(value, form) + unit
