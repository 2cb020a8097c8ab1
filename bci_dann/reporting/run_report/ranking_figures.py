"""Figures of rankings: means with intervals, and average ranks with critical differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Ranks

__all__ = ["MAX_RANKED", "draw_critical_difference", "draw_means", "empty_figure"]

# Colours of Okabe and Ito (2008), "Color universal design".
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "0.6"
MAX_RANKED, MAX_IN_DIAGRAM = 40, 20  # numbers of pipelines that are still readable
WIDTH, ROW, MARGIN = 9.0, 0.32, 1.1  # inches


def empty_figure(height: float, width: float = WIDTH) -> Figure:
    """Return a figure that is independent of pyplot, without a window.

    Parameters
    ----------
    height, width : float
        Size in inches.

    Returns
    -------
    matplotlib.figure.Figure
        A figure without axes.
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
    """Draw the mean of each pipeline with its interval, and the values of subjects.

    Parameters
    ----------
    accuracies : pandas.DataFrame
        Accuracies in percent: one row for each subject, one column for each pipeline, the best
        first.
    intervals : mapping of str to (float, float)
        Interval of each mean.
    chance : float
        Accuracy that guessing exceeds for a subject with a probability of 5 % (%), or NaN.
    reference : str or None
        Pipeline that is drawn in another colour and with another marker.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each pipeline.
    """
    figure = empty_figure(MARGIN + ROW * max(3, len(accuracies.columns)))
    ax = figure.subplots()
    n_subjects = int(accuracies.notna().sum().max())
    for row, name in enumerate(accuracies):
        values = accuracies[name].dropna().to_numpy()
        is_reference = name == reference
        colour, marker = (ORANGE, "D") if is_reference else (BLUE, "o")
        heights = row + np.linspace(-0.22, 0.22, len(values)) if len(values) > 1 else [row]
        ax.scatter(values, heights, s=7, color=GREY, linewidth=0, zorder=1)
        if math.isfinite(intervals[name][0]):
            ax.hlines(row, *intervals[name], color=colour, linewidth=2.5, zorder=2)
        ax.plot(values.mean(), row, marker, color=colour, markersize=8, zorder=3)
        count = "" if len(values) == n_subjects else f" ({len(values)} subjects)"
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
    ax.set_title(f"N = {n_subjects} subjects", fontsize=10)
    ax.set_xlabel("accuracy on the target subject (%)")
    ax.grid(axis="x", alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_critical_difference(ranks: Ranks) -> tuple[Figure, int]:
    """Draw average ranks, with bars over pipelines that do not differ significantly.

    Parameters
    ----------
    ranks : Ranks
        The result of :func:`bci_dann.evaluation.average_ranks`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Diagram of Demšar (2006), drawn by scikit-posthocs.
    n_shown : int
        Number of pipelines in the figure, the best ones.
    """
    from scikit_posthocs import critical_difference_diagram

    shown = ranks.ranks.iloc[:MAX_IN_DIAGRAM]
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
