"""Tables of results for a publication, in Markdown and LaTeX."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bci_dann.evaluation.statistics.intervals import mean_interval
from bci_dann.reporting.run_report.html_parts import MINUS, p_value_text, signed_text

if TYPE_CHECKING:
    import pandas as pd

    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["latex_table", "markdown_table", "published_rows"]


def published_rows(group: ScoredGroup) -> pd.DataFrame:
    """Return the rows of a table for a publication.

    Parameters
    ----------
    group : ScoredGroup
        One dataset and protocol.

    Returns
    -------
    pandas.DataFrame
        Formatted values, the best pipeline first: accuracy with its interval, and if there is a
        reference, the difference from it and the corrected p-value.
    """
    import pandas as pd

    compared = group.comparisons.set_index("pipeline")
    rows = []
    for name, values in group.accuracies.items():
        present = values.dropna().to_numpy(dtype=float)
        low, high = mean_interval(present, (0.0, 100.0))
        row = {
            "Pipeline": str(name),
            "N": str(len(present)),
            "Accuracy (%)": f"{present.mean():.1f}",
            "95 % interval": f"{low:.1f} to {high:.1f}" if math.isfinite(low) else "–",
        }
        if group.reference is not None:
            difference = compared["difference"].get(name, math.nan)
            p_value = compared["p_holm"].get(name, math.nan)
            row["Difference"] = signed_text(100 * difference)
            row["p (Holm)"] = p_value_text(p_value)
        rows.append(row)
    return pd.DataFrame(rows)


def markdown_table(group: ScoredGroup) -> str:
    """Return the table in Markdown.

    Parameters
    ----------
    group : ScoredGroup
        One dataset and protocol.

    Returns
    -------
    str
        The caption, followed by the table.
    """
    table = published_rows(group)
    lines = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    body = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"{_caption(group)}\n\n{body}\n"


def latex_table(group: ScoredGroup) -> str:
    r"""Return the table in LaTeX.

    Parameters
    ----------
    group : ScoredGroup
        One dataset and protocol.

    Returns
    -------
    str
        A ``table`` environment that needs ``\usepackage{booktabs}``.
    """
    table = published_rows(group)
    table.columns = [_escaped(name) for name in table.columns]
    style = table.style.hide(axis="index").format(_escaped)
    text: str = style.to_latex(
        hrules=True,
        column_format="l" + "r" * (len(table.columns) - 1),
        caption=_escaped(_caption(group)),
        label=f"tab:{group.dataset}-{group.protocol}".replace("_", "-"),
        position="htbp",
        position_float="centering",
    )
    return text


def _caption(group: ScoredGroup) -> str:
    against = ""
    if group.reference is not None:
        against = (
            f" Differences from {group.reference} in points; p-values are two-sided, with Holm's "
            "correction."
        )
    return (
        f"Accuracy on left-out subjects of {group.dataset}, protocol {group.protocol}, "
        f"{group.n_subjects} subjects.{against}"
    )


# LaTeX code of characters that have a special meaning in LaTeX, or are not ASCII.
LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "–": "--",
    MINUS: "$-$",
    "±": r"$\pm$",
}


def _escaped(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)
