"""Section with the map of trials before and after re-centring, by class and by subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bci_dann.evaluation.feature_maps.trial_map import FeatureMap, read_feature_map
from bci_dann.reporting.run_report.feature_map.map_panels import (
    add_legend,
    draw_groups,
    label_components,
)
from bci_dann.reporting.run_report.feature_map.trained_maps import trained_maps_html
from bci_dann.reporting.run_report.html_parts import Explanation, Section, figure_html
from bci_dann.reporting.run_report.ranking_figures import empty_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_feature_map", "feature_map_section"]

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


def feature_map_section(run: RunContent) -> Section | None:
    """Return the section with the maps of the trials and of the features of models.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` if the folder contains neither, as in earlier versions.
    """
    parts = _map_of_trials(run) + trained_maps_html(run)
    return Section("Feature map", parts) if parts else None


def _map_of_trials(run: RunContent) -> str:
    found = read_feature_map(run.stored.folder)
    if found is None or found.data_key != run.stored.manifest.data_key:
        return ""
    n_subjects = len(np.unique(found.subjects))
    size = f"N = {n_subjects} subjects, {len(found.subjects)} trials"
    title = f"Trials before and after re-centring, {size}"
    return figure_html(draw_feature_map(found), title, EXPLANATION)


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
        draw_groups(axes[row, 0], points, feature_map.labels)
        draw_groups(axes[row, 1], points, feature_map.subjects)
        for ax, kind in zip(axes[row], ("class", "subject"), strict=True):
            title = f"{stage}, by {kind}, N = {n_subjects} subjects"
            label_components(ax, title, feature_map.explained[row])
    add_legend(figure, axes[0, 0], "class", "outside right upper")
    add_legend(figure, axes[0, 1], "subject", "outside right lower")
    return figure
