"""Training curves of a run: each summand of the loss over epochs, of pipelines with networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bci_dann.reporting.run_report.html_parts import (
    Reading,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.run_report.trial_figures import MOST_DRAWN
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["draw_training", "training_section"]

PANELS_IN_A_ROW, PANEL_WIDTH, PANEL_HEIGHT = 2, 4.6, 3.2  # inches
CURVES = Reading(
    "Each panel is a summand of the loss over epochs, with its weight, the mean over subjects and "
    "seeds; the band runs from the lowest to the highest task. `classification` is that of the "
    "labelled trials that networks are trained on, not of the target.",
    "`classification` falls and levels off. A `domain_adversary` that stays near its first value: "
    "the domain classifier is guessing (among D domains that is weight times ln D), as it should.",
    "`classification` that still falls at the end (too few epochs), is level from the start (a "
    "step that is too small or large), or jumps. A `domain_adversary` that falls steadily: the "
    "domain classifier wins, and the features keep their domains.",
    "Change `max_epochs`, `lr` or the weight of a term in `pipeline_parameters`, and choose by "
    "source subjects. No curve says how good a pipeline is for the target: the ranking does.",
)
NOTE = "These pipelines have no curves, as they train no network or several methods: {names}."


def training_section(run: RunContent) -> Section | None:
    """Return the section with the training curves.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` where no record holds the history of a training.
    """
    history = run.stored.history
    if history.empty:
        return None
    parts = []
    for group in run.groups:
        own = history[
            (history["dataset"] == group.dataset) & (history["protocol"] == group.protocol)
        ]
        if not own.empty:
            parts += [heading_html(group.title, 3), _curves(group, own)]
    return Section("Training", "".join(parts))


def draw_training(history: pd.DataFrame, pipelines: Sequence[str]) -> Figure:
    """Draw each summand of the loss over epochs.

    Parameters
    ----------
    history : pandas.DataFrame
        Of one dataset and protocol, as :attr:`bci_dann.evaluation.StoredResults.history`.
    pipelines : sequence of str
        Which to draw, in this order.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a summand, one line a pipeline.
    """
    shown = history[history["pipeline"].isin(list(pipelines))]
    names = list(dict.fromkeys(shown["summand"]))
    n_columns = min(PANELS_IN_A_ROW, len(names))
    n_rows = math.ceil(len(names) / n_columns)
    figure = empty_figure(0.9 + PANEL_HEIGHT * n_rows, 2.2 + PANEL_WIDTH * n_columns)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    handles = {}
    for ax, name in zip(axes, names, strict=False):
        for index, pipeline in enumerate(pipelines):
            rows = shown[(shown["pipeline"] == pipeline) & (shown["summand"] == name)]
            if rows.empty:
                continue
            over_tasks = rows.groupby("epoch")["value"].agg(["mean", "min", "max"])
            style = {**mark_of(index), "markersize": 4, "markevery": max(1, len(over_tasks) // 8)}
            (handles[pipeline],) = ax.plot(over_tasks.index, over_tasks["mean"], **style)
            ax.fill_between(
                over_tasks.index,
                over_tasks["min"],
                over_tasks["max"],
                color=style["color"],
                alpha=0.15,
                linewidth=0,
            )
        n_subjects = shown.loc[shown["summand"] == name, "subject"].nunique()
        ax.set_title(f"{name}, N = {n_subjects} subjects", fontsize=10)
        if shown.loc[shown["summand"] == name, "value"].min() >= 0:
            ax.set_ylim(bottom=0)  # so that a small change looks small
        ax.set_xlabel("epoch")
        ax.set_ylabel("summand of the loss, weighted")
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    figure.legend(
        list(handles.values()), list(handles), loc="outside right upper", frameon=False, fontsize=8
    )
    return figure


def _curves(group: ScoredGroup, history: pd.DataFrame) -> str:
    trained = set(history["pipeline"])
    names = [name for name in group.best_first if name in trained][:MOST_DRAWN]
    figure = draw_training(history, names)
    n_subjects = history.loc[history["pipeline"].isin(names), "subject"].nunique()
    title = f"Training under {group.protocol}, N = {n_subjects} subjects"
    text = figure_html(figure, title, CURVES)
    if len(names) < len(trained):
        text += paragraph_html(f"The figure shows the best {len(names)} of {len(trained)}.")
    others = [name for name in group.best_first if name not in trained]
    return text + (paragraph_html(NOTE.format(names=", ".join(others))) if others else "")
