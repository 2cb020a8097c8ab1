"""Section with training curves of networks: loss terms and domain accuracy by epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bci_dann.objectives.batch_view import OF_TERM
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.run_report.trial_figures import MAX_DRAWN
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["draw_domain_accuracy", "draw_training", "training_section"]

# Endings of the names of the recorded values of a domain classifier.
ACCURACY, CHANCE = f"{OF_TERM}domain_accuracy", f"{OF_TERM}domain_chance"
PANELS_IN_A_ROW, PANEL_WIDTH, PANEL_HEIGHT = 2, 4.6, 3.2  # inches
CURVES_EXPLANATION = Explanation(
    "Each panel is a summand of the loss, multiplied by its weight, by epoch: mean over subjects "
    "and seeds, with a band from the lowest to the highest task. `classification` is the loss of "
    "the labelled training trials, not of the target.",
    "`classification` falls, and becomes constant.",
    "`classification` still falls at the end (too few epochs), is constant from the start (a "
    "learning rate that is too small or too large), or jumps.",
    "Change `max_epochs`, `lr` or the weight of a term in `pipeline_parameters`, and select the "
    "values on source subjects. These curves do not show the accuracy for the target; the ranking "
    "does.",
)
DOMAIN_ACCURACY_EXPLANATION = Explanation(
    "Share of the trials of an epoch that the domain classifier of an adversary assigns to the "
    "correct domain (by default the subject) during training: mean over subjects and seeds, with a "
    "band from the lowest to the highest task. The dashed line is chance, 1 / number of domains.",
    "The curve rises at first, while the weight of the adversary is small, and then falls to the "
    "dashed line: the domain classifier can no longer distinguish the subjects by the features.",
    "A curve that keeps rising, or stays far above the line: the features still differ between "
    "subjects. On the line from the first epoch: the domain classifier learns nothing, so the "
    "adversary has no effect.",
    "Far above chance: align the data, or increase the weight of the adversary. Even at chance, "
    "another domain classifier may be able to distinguish the domains; `bci-dann diagnose` "
    "measures the differences of the data after alignment.",
)
NOTE = "These pipelines have no curves, because they train no network: {names}."


def training_section(run: RunContent) -> Section | None:
    """Return the section with the training curves.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` if no record contains the history of a training.
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
    """Draw each summand of the loss by epoch.

    Parameters
    ----------
    history : pandas.DataFrame
        Rows of :attr:`bci_dann.evaluation.StoredResults.history` of one dataset and protocol,
        without values of domain classifiers.
    pipelines : sequence of str
        Pipelines to draw, in this order.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each summand, one line for each pipeline.
    """
    shown = history[history["pipeline"].isin(list(pipelines))]
    names = list(dict.fromkeys(shown["summand"]))
    figure, axes = _panels(len(names))
    handles: dict[str, Any] = {}
    for ax, name in zip(axes, names, strict=True):
        rows = shown[shown["summand"] == name]
        _draw_lines(ax, rows, pipelines, handles)
        ax.set_title(_title(name, rows), fontsize=10)
        if rows["value"].min() >= 0:
            ax.set_ylim(0, 1.05 * rows["value"].max())  # so that a small change looks small
        ax.set_ylabel("recorded value" if OF_TERM in name else "summand of the loss, weighted")
    _add_legend(figure, handles)
    return figure


def draw_domain_accuracy(history: pd.DataFrame, pipelines: Sequence[str]) -> Figure:
    """Draw the accuracy of domain classifiers by epoch, with the level of chance.

    Parameters
    ----------
    history : pandas.DataFrame
        Rows of :attr:`bci_dann.evaluation.StoredResults.history` of one dataset and protocol, with
        the accuracy of at least one domain classifier.
    pipelines : sequence of str
        Pipelines to draw, in this order, in the colours of :func:`draw_training`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each adversary, one line for each pipeline.
    """
    shown = history[history["pipeline"].isin(list(pipelines))]
    names = [name for name in dict.fromkeys(shown["summand"]) if name.endswith(ACCURACY)]
    figure, axes = _panels(len(names))
    handles: dict[str, Any] = {}
    for ax, name in zip(axes, names, strict=True):
        label = name.removesuffix(ACCURACY)
        rows, chance = (
            shown[shown["summand"] == label + end].assign(value=lambda table: 100 * table["value"])
            for end in (ACCURACY, CHANCE)
        )
        _draw_lines(ax, rows, pipelines, handles)
        for index, pipeline in enumerate(pipelines):
            level = chance.loc[chance["pipeline"] == pipeline, "value"]
            if len(level):
                ax.axhline(level.mean(), color=mark_of(index)["color"], linestyle="--", zorder=1)
        ax.set_ylim(0, 100)
        ax.set_title(_title(label, rows), fontsize=10)
        ax.set_ylabel("accuracy of the domain classifier (%)")
    _add_legend(figure, handles)
    return figure


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    n_columns = min(PANELS_IN_A_ROW, count)
    n_rows = math.ceil(count / n_columns)
    figure = empty_figure(0.9 + PANEL_HEIGHT * n_rows, 2.2 + PANEL_WIDTH * n_columns)
    axes = list(figure.subplots(n_rows, n_columns, squeeze=False).ravel())
    for ax in axes[count:]:
        ax.set_axis_off()
    return figure, axes[:count]


def _draw_lines(
    ax: Axes, rows: pd.DataFrame, pipelines: Sequence[str], handles: dict[str, Any]
) -> None:
    """Draw one line for each pipeline (mean over tasks), with a band from lowest to highest."""
    from matplotlib.ticker import MaxNLocator

    for index, pipeline in enumerate(pipelines):
        own = rows[rows["pipeline"] == pipeline]
        if own.empty:
            continue
        over_tasks = own.groupby("epoch")["value"].agg(["mean", "min", "max"])
        style = {**mark_of(index), "markersize": 4, "markevery": max(1, len(over_tasks) // 8)}
        (handles[pipeline],) = ax.plot(over_tasks.index, over_tasks["mean"], **style)
        lowest, highest = over_tasks["min"], over_tasks["max"]
        band = {"color": style["color"], "alpha": 0.15, "linewidth": 0}
        ax.fill_between(over_tasks.index, lowest, highest, **band)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def _title(name: str, rows: pd.DataFrame) -> str:
    return f"{name}, N = {rows['subject'].nunique()} subjects"


def _add_legend(figure: Figure, handles: dict[str, Any]) -> None:
    figure.legend(
        list(handles.values()), list(handles), loc="outside right upper", frameon=False, fontsize=8
    )


def _curves(group: ScoredGroup, history: pd.DataFrame) -> str:
    trained = set(history["pipeline"])
    names = [name for name in group.best_first if name in trained][:MAX_DRAWN]
    own = history[history["pipeline"].isin(names)]
    is_domain = own["summand"].str.endswith((ACCURACY, CHANCE))
    size = f"under {group.protocol}, N = {{}} subjects"
    losses, domains = own[~is_domain], own[is_domain]
    title = f"Training {size}".format(losses["subject"].nunique())
    text = figure_html(draw_training(losses, names), title, CURVES_EXPLANATION)
    if not domains.empty:
        title = f"Domain accuracy in training {size}".format(domains["subject"].nunique())
        text += figure_html(
            draw_domain_accuracy(domains, names), title, DOMAIN_ACCURACY_EXPLANATION
        )
    if len(names) < len(trained):
        text += paragraph_html(f"The figures show the best {len(names)} of {len(trained)}.")
    others = [name for name in group.best_first if name not in trained]
    return text + (paragraph_html(NOTE.format(names=", ".join(others))) if others else "")
