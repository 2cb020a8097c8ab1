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
from bci_dann.reporting.run_report.html_parts import Reading, Section, figure_html
from bci_dann.reporting.run_report.ranking_figures import empty_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent

__all__ = ["draw_feature_map", "feature_map_section"]

WIDTH, HEIGHT = 10.0, 7.0  # inches
READING = Reading(
    "Each point is a trial: the first two principal components of the logarithm of its "
    "covariance between channels. Above, as recorded; below, once each session of each subject was "
    "re-centred without labels (Euclidean alignment), with which most pipelines of this package "
    "begin. The same points are coloured by true class on the left, and by subject on the right.",
    "Above, each subject forms a cloud of its own; below, the clouds lie on each other, and the "
    "colours on the left are in different places.",
    "Subjects that are still apart below: re-centring does not remove their difference. Classes "
    "that are mixed below do not tell much: classifiers use more than two dimensions.",
    "If subjects lie together already above, alignment has little to do. If one stays apart below, "
    "look at its recordings (`bci-dann check`) and its shift (`bci-dann diagnose`).",
)


def feature_map_section(run: RunContent) -> Section | None:
    """Return the section with the map of the trials, and those of the features of models.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` where the folder holds neither, as those of earlier versions.
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
    return figure_html(draw_feature_map(found), title, READING)


def draw_feature_map(feature_map: FeatureMap) -> Figure:
    """Draw trials before and after re-centring, coloured by class and by subject.

    Parameters
    ----------
    feature_map : FeatureMap
        The map.

    Returns
    -------
    matplotlib.figure.Figure
        Before above after, classes beside subjects.
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
