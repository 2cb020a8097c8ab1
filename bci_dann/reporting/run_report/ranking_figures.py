"""Figures of rankings: means with intervals over subjects, and critical differences of ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Ranks

__all__ = ["MOST_RANKED", "draw_critical_difference", "draw_means", "empty_figure"]

# Okabe and Ito (2008), "Color universal design".
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.6"
MOST_RANKED, MOST_IN_DIAGRAM = 40, 20  # rows and names that can still be read
WIDTH, ROW, MARGIN = 9.0, 0.32, 1.1  # inches


def empty_figure(height: float, width: float = WIDTH) -> Figure:
    """Return a figure that belongs to no window and no global state.

    Parameters
    ----------
    height, width : float
        In inches.

    Returns
    -------
    matplotlib.figure.Figure
        Without axes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_means(
    accuracies: pd.DataFrame,
    intervals: Mapping[str, tuple[float, float]],
    chance: float,
    reference: str | None,
) -> Figure:
    """Draw the mean of each pipeline with its interval, and the subjects behind it.

    Parameters
    ----------
    accuracies : pandas.DataFrame
        In percent, one row a subject, one column a pipeline, the best first.
    intervals : mapping of str to (float, float)
        Of each mean.
    chance : float
        What guessing exceeds for one subject in 5 % of cases (%), or NaN.
    reference : str or None
        A pipeline that is drawn in another colour and form.

    Returns
    -------
    matplotlib.figure.Figure
        One row a pipeline.
    """
    figure = empty_figure(MARGIN + ROW * max(3, len(accuracies.columns)))
    ax = figure.subplots()
    most = int(accuracies.notna().sum().max())
    for row, name in enumerate(accuracies):
        values = accuracies[name].dropna().to_numpy()
        is_reference = name == reference
        colour, marker = (ORANGE, "D") if is_reference else (BLUE, "o")
        places = row + np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else [row]
        ax.scatter(values, places, s=7, color=GREY, linewidth=0, zorder=1)
        if math.isfinite(intervals[name][0]):
            ax.hlines(row, *intervals[name], color=colour, linewidth=2.5, zorder=2)
        ax.plot(values.mean(), row, marker, color=colour, markersize=8, zorder=3)
        count = "" if len(values) == most else f" ({len(values)} subjects)"
        text = f"{values.mean():.1f}{count}"
        ax.annotate(
            text, (1.0, row), (6, 0), ("axes fraction", "data"), "offset points", va="center"
        )
    labels = [f"{name} (reference)" if name == reference else name for name in accuracies]
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    if math.isfinite(chance):
        ax.axvline(chance, color="0.3", linestyle=":", label=f"chance, 5 %: {chance:.1f}")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=8)
    ax.set_title(f"N = {most} subjects", fontsize=10)
    ax.set_xlabel("accuracy on the target subject (%)")
    ax.grid(axis="x", alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_critical_difference(ranks: Ranks) -> tuple[Figure, int]:
    """Draw average ranks, with bars over pipelines that cannot be told apart.

    Parameters
    ----------
    ranks : Ranks
        As :func:`bci_dann.evaluation.average_ranks` returns them.

    Returns
    -------
    figure : matplotlib.figure.Figure
        By scikit-posthocs, after Demšar (2006).
    n_shown : int
        How many pipelines are drawn: the best ones.
    """
    from scikit_posthocs import critical_difference_diagram

    shown = ranks.ranks.iloc[:MOST_IN_DIAGRAM]
    names = list(shown.index)
    figure = empty_figure(MARGIN + 0.22 * len(names))
    ax = figure.subplots()
    critical_difference_diagram(
        shown,
        ranks.p_values.loc[names, names],
        ax=ax,
        label_fmt_left="{label} ({rank:.2f})  ",
        label_fmt_right="  {label} ({rank:.2f})",
        color_palette=["black"] * len(names),
        text_h_margin=0.05,
    )
    ax.set_title(f"average rank by accuracy, N = {ranks.n_subjects} subjects", fontsize=10)
    return figure, len(names)
