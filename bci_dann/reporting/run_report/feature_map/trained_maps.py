"""Maps of the features of trained models, with and without adaptation to the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.reporting.run_report.feature_map.map_panels import (
    add_legend,
    draw_groups,
    label_components,
)
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import empty_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["draw_trained_maps", "trained_maps_html"]

MAX_DRAWN = 4  # pipelines of a figure
WIDTH, HEIGHT_OF_ROW = 10.0, 3.4  # inches
EXPLANATION = Explanation(
    "Each point is a trial: the first two principal components of the features of a trained model, "
    "the input of its last layer or classifier. Each row is a pipeline. As an example, the models "
    "for one target subject are shown. Colours are true classes on the left, and subjects on the "
    "right; trials of the target are circled.",
    "On the right, the target overlaps with the source subjects. On the left, each class of the "
    "target is where the sources have the same class.",
    "The target is a separate cluster, or its classes are where the sources have another class. A "
    "pipeline without adaptation, such as the reference, shows the features before adaptation.",
    "If the target is separate, use alignment, or another kind of alignment. If subjects overlap "
    "but classes are mixed, adaptation may have removed differences between classes: compare the "
    "accuracies of this subject. Two components do not show everything that classifiers use.",
)
NOTE = "These pipelines have no map, because their models have no features: {names}."


def trained_maps_html(run: RunContent) -> str:
    """Return a figure for each dataset and protocol.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    str
        HTML; empty where no record holds a map, as those of earlier versions.
    """
    points = run.stored.feature_points
    if points.empty:
        return ""
    parts = []
    for group in run.groups:
        of_group = (points["dataset"] == group.dataset) & (points["protocol"] == group.protocol)
        if of_group.any():
            parts += [heading_html(group.title, 3), _group_html(group, points[of_group])]
    return "".join(parts)


def _group_html(group: ScoredGroup, points: pd.DataFrame) -> str:
    mapped = set(points["pipeline"])
    names = [name for name in group.best_first if name in mapped]
    kept = names[:MAX_DRAWN]
    if group.reference in names and group.reference not in kept:
        kept[-1] = group.reference
    first_seed = points.groupby("pipeline")["seed"].transform("min")  # tasks may be missing
    shown = points[points["pipeline"].isin(kept) & (points["seed"] == first_seed)]
    target = shown["subject"].iloc[0]
    title = f"Features of trained models under {group.protocol}, target subject {target}, "
    title += f"N = {shown['trial_subject'].nunique()} subjects"
    text = figure_html(draw_trained_maps(shown, kept), title, EXPLANATION)
    if len(kept) < len(names):
        text += paragraph_html(f"The figure shows {len(kept)} of {len(names)} pipelines.")
    others = [name for name in group.best_first if name not in mapped]
    return text + (paragraph_html(NOTE.format(names=", ".join(others))) if others else "")


def draw_trained_maps(points: pd.DataFrame, pipelines: list[str]) -> Figure:
    """Draw the features of the models of one target subject, by class and by subject.

    Parameters
    ----------
    points : pandas.DataFrame
        Rows of :attr:`bci_dann.evaluation.StoredResults.feature_points`, of one dataset,
        protocol, target and seed.
    pipelines : list of str
        Which to draw, from above.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each pipeline; classes beside subjects.
    """
    figure = empty_figure(HEIGHT_OF_ROW * len(pipelines), WIDTH)
    axes = figure.subplots(len(pipelines), 2, sharex="row", sharey="row", squeeze=False)
    for row, name in zip(axes, pipelines, strict=True):
        own = points[points["pipeline"] == name]
        n_subjects = own["trial_subject"].nunique()
        for ax, kind, column in zip(
            row, ("class", "subject"), ("label", "trial_subject"), strict=True
        ):
            _draw_model(ax, own, column)
            title = f"{name}, by {kind}, N = {n_subjects} subjects"
            label_components(ax, title, own[["explained_1", "explained_2"]].iloc[0].to_numpy())
    add_legend(figure, axes[0, 0], "class", "outside right upper")
    add_legend(figure, axes[0, 1], "subject", "outside right lower")
    return figure


def _draw_model(ax: Axes, points: pd.DataFrame, column: str) -> None:
    places = points[["component_1", "component_2"]].to_numpy()
    draw_groups(ax, places, points[column].to_numpy(dtype=str))
    is_target = np.asarray(points["trial_subject"] == points["subject"])
    x, y = places[is_target].T
    ax.scatter(x, y, s=26, facecolors="none", edgecolors="black", linewidths=0.7)
