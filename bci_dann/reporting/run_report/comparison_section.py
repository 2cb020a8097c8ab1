"""Comparison table of a run: differences to the reference, with tests and effect sizes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bci_dann.reporting.run_report.html_parts import (
    MINUS,
    Explanation,
    Section,
    heading_html,
    p_value_text,
    paragraph_html,
    signed_text,
    table_html,
)

if TYPE_CHECKING:
    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["comparison_section"]

EXPLANATION = Explanation(
    "Each row compares a pipeline with the reference, over the subjects that both have; seeds are "
    "averaged within subjects. p: two-sided, from sign flips of the differences of the subjects "
    "(exact for up to 13 subjects with a difference, Wilcoxon's signed-rank test for more). "
    "p Holm: corrected for the number of rows. Effect size: mean difference divided by the "
    "standard deviation of the differences.",
    "The interval does not contain zero, and p Holm is below 0.05.",
    "The interval contains zero: the run does not show which of the two is better. This does not "
    "prove that they are equal.",
    "Report the difference with its interval, p Holm and N. Do not add pipelines until one is "
    "significant: each additional row makes the correction stricter.",
)


def comparison_section(run: RunContent) -> Section:
    """Return the section with the statistical comparisons.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section
        One table for each dataset and protocol.
    """
    parts = [EXPLANATION.html]
    for group in run.groups:
        parts += [heading_html(group.title, 3), _table(group)]
    return Section("Comparisons", "".join(parts))


def _table(group: ScoredGroup) -> str:
    import pandas as pd

    if group.reference is None:
        return paragraph_html("There is only one pipeline, so there is no comparison.")
    rows = group.comparisons
    if rows.empty:
        return paragraph_html(f"No pipeline has a subject in common with {group.reference}.")
    rows = rows.sort_values("difference", ascending=False)
    head = heading_html(
        f"Accuracy compared with {group.reference}, N = {group.n_subjects} subjects", 4
    )
    return head + table_html(pd.DataFrame([_row(row) for _, row in rows.iterrows()]))


def _row(row: Any) -> dict[str, str]:
    low, high = 100 * row["low"], 100 * row["high"]
    return {
        "pipeline": row["pipeline"],
        "subjects": str(row["n_subjects"]),
        "difference (points)": signed_text(100 * row["difference"]),
        "95 % interval": f"{signed_text(low)} to {signed_text(high)}"
        if math.isfinite(low)
        else "–",
        "effect size": _effect_text(row["effect_size"]),
        "p": p_value_text(row["p_value"]),
        "p Holm": p_value_text(row["p_holm"]),
    }


def _effect_text(value: float) -> str:
    return f"{value:+.2f}".replace("-", MINUS) if math.isfinite(value) else "–"
