"""Section with the map of trials before and after re-centring, by class and by subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.feature_map import FeatureMap, read_feature_map
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_feature_map", "feature_map_section"]

LegendPosition = Literal["outside right upper", "outside right lower"]
MAX_IN_LEGEND = 12
WIDTH, HEIGHT = 10.0, 7.0  # inches
EXPLANATION = Explanation(
    "Each point is a trial: the first two principal components of the logarithm of its covariance "
    "matrix. Top: as recorded. Bottom: after each session was re-centred without labels "
    "(Euclidean alignment), the first step of most pipelines of this package. The same points are "
    "coloured by true class on the left, and by subject on the right.",
    "In the top row, subjects form separate clusters; in the bottom row, the clusters of subjects "
    "overlap, and the classes on the left are separated.",
    "Subjects are still separated in the bottom row: re-centring does not remove their "
    "differences. Overlapping classes are less informative, because classifiers use more than two "
    "dimensions.",
    "If subjects already overlap in the top row, alignment has little effect. If a subject is "
    "separated in the bottom row, check its recordings (`bci-dann check`) and its distribution "
    "shift (`bci-dann diagnose`).",
)
NOTE = (
    "The map shows covariance matrices of the trials, not features of a trained network. Records "
    "do not contain the latter; `model.transform(trials)` computes them."
)


def feature_map_section(run: RunContent) -> Section | None:
    """Return the section with the feature map of the trials.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` if the folder contains no feature map, as in earlier versions.
    """
    found = read_feature_map(run.stored.folder)
    if found is None or found.data_key != run.stored.manifest.data_key:
        return None
    n_subjects = len(np.unique(found.subjects))
    size = f"N = {n_subjects} subjects, {len(found.subjects)} trials"
    title = f"Trials before and after re-centring, {size}"
    figure = figure_html(draw_feature_map(found), title, EXPLANATION)
    return Section("Feature map", figure + paragraph_html(NOTE))


def draw_feature_map(feature_map: FeatureMap) -> Figure:
    """Draw trials before and after re-centring, coloured by class and by subject.

    Parameters
    ----------
    feature_map : FeatureMap
        The feature map.

    Returns
    -------
    matplotlib.figure.Figure
        Rows: before and after re-centring; columns: by class and by subject.
    """
    figure = empty_figure(HEIGHT, WIDTH)
    axes = figure.subplots(2, 2, sharex="row", sharey="row")
    stages = ("before re-centring", feature_map.before), ("after re-centring", feature_map.after)
    n_subjects = len(np.unique(feature_map.subjects))
    for row, (stage, points) in enumerate(stages):
        _draw_groups(axes[row, 0], points, feature_map.labels)
        _draw_groups(axes[row, 1], points, feature_map.subjects)
        for ax, kind in zip(axes[row], ("class", "subject"), strict=True):
            ax.set_title(f"{stage}, by {kind}, N = {n_subjects} subjects", fontsize=10)
            first, second = 100 * feature_map.explained[row]
            ax.set_xlabel(f"component 1 ({first:.0f} % of variance)")
            ax.set_ylabel(f"component 2 ({second:.0f} % of variance)")
            ax.spines[["top", "right"]].set_visible(False)
    _add_legend(figure, axes[0, 0], "class", "outside right upper")
    _add_legend(figure, axes[0, 1], "subject", "outside right lower")
    return figure


def _add_legend(figure: Figure, ax: Axes, title: str, position: LegendPosition) -> None:
    handles, names = ax.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, names, title=title, loc=position, fontsize=8, frameon=False, markerscale=2
        )


def _draw_groups(ax: Axes, points: NDArray[Any], groups: NDArray[np.str_]) -> None:
    """Draw groups with different colours and markers; for many groups, only with colours."""
    names = list(dict.fromkeys(groups.tolist()))
    if len(names) > MAX_IN_LEGEND:
        order = np.random.default_rng(0).permutation(len(points))  # no group covers the others
        indices = np.array([names.index(name) for name in groups[order]])
        x, y = points[order].T
        ax.scatter(x, y, c=indices, cmap="viridis", s=8, alpha=0.7, linewidths=0)
        return
    for index, name in enumerate(names):
        x, y = points[groups == name].T
        ax.scatter(x, y, **mark_of(index), s=14, alpha=0.8, linewidths=0, label=name)
