"""Figures of one subject: its accuracy compared with the other subjects, and over sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.reporting.run_report.ranking_figures import (
    GREY,
    MARGIN,
    ORANGE,
    ROW,
    empty_figure,
)
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_subject"]

N_QUARTERS = 4


def draw_subject(
    subject: str, accuracies: pd.DataFrame, trials: pd.DataFrame, pipelines: Sequence[str]
) -> Figure:
    """Draw the accuracy of a subject with that of the others, and by quarter of its sessions.

    Parameters
    ----------
    subject : str
        The subject.
    accuracies : pandas.DataFrame
        Accuracies in percent: one row for each subject, one column for each pipeline.
    trials : pandas.DataFrame
        The scored trials of this subject; ``trial`` follows the order of recording.
    pipelines : sequence of str
        Pipelines to draw, the best first.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels.
    """
    figure = empty_figure(max(3.2, MARGIN + ROW * len(pipelines)))
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for row, name in enumerate(pipelines):
        others = accuracies[name].drop(index=subject).dropna().to_numpy()
        heights = (
            row + np.linspace(-0.22, 0.22, len(others)) if len(others) > 1 else [row] * len(others)
        )
        left.scatter(others, heights, s=9, color=GREY, linewidth=0)
        left.plot(accuracies.loc[subject, name], row, "D", color=ORANGE, markersize=8)
    left.set_yticks(range(len(pipelines)), pipelines)
    left.set_ylim(len(pipelines) - 0.4, -0.6)
    left.set_xlabel("accuracy (%): this subject, others in grey")
    left.set_title(f"N = {len(accuracies)} subjects", fontsize=10)
    _draw_quarters(right, trials, pipelines)
    for ax in (left, right):
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_quarters(ax: Axes, trials: pd.DataFrame, pipelines: Sequence[str]) -> None:
    position = trials.groupby(["pipeline", "seed", "session"])["trial"].rank(pct=True)
    quarter = np.ceil(N_QUARTERS * position - 1e-9).astype(int)
    frame = trials.assign(quarter=quarter, is_correct=trials["truth"] == trials["prediction"])
    for index, name in enumerate(pipelines):
        means = 100 * frame[frame["pipeline"] == name].groupby("quarter")["is_correct"].mean()
        ax.plot(means.index, means.to_numpy(), **mark_of(index), markersize=5, label=name)
    ax.set_xticks(range(1, N_QUARTERS + 1), ["first", "second", "third", "last"])
    ax.set_ylim(-3, 103)
    ax.set_xlabel("quarter of each session")
    ax.set_ylabel("accuracy (%)")
    ax.set_title(f"N = {trials['trial'].nunique()} trials", fontsize=10)
    ax.legend(fontsize=8, frameon=False, loc="lower left")
