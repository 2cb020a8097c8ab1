"""Section with topographies of decoders: correlation of channel power with decisions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann.evaluation.decision_patterns import TRUE_CLASS, decision_patterns
from bci_dann.evaluation.runs.channel_power import ChannelPower, read_channel_power
from bci_dann.reporting.run_report.html_parts import (
    Explanation,
    Section,
    figure_html,
    heading_html,
    paragraph_html,
)
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.topographies import draw_topography, without_position

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bci_dann.reporting.run_report.run_content import RunContent
    from bci_dann.reporting.run_report.scored_group import ScoredGroup

__all__ = ["draw_patterns", "group_patterns", "patterns_section", "usable_power"]

MAX_SHOWN = 4  # pipelines, in addition to the true classes
MAP_SIZE = 1.75  # inches
PATTERNS_EXPLANATION = Explanation(
    "Correlation over the trials of a session between the log-power of a channel in the pass band "
    "and the true class (first map), or the logit of the probability that a pipeline gives to this "
    "class (other maps); mean over sessions and subjects. This is the pattern of the decoder "
    "(Haufe et al. 2014), not its weights. Blue: the power is lower when the class is decided.",
    "Maps of pipelines resemble that of the true class, with extremes over the motor areas: "
    "imagery of a hand reduces the power on the opposite side (C3 for the right hand).",
    "Extremes at the edge (muscles, eyes) or at single electrodes, or a map that differs from that "
    "of the true class: the pipeline uses other signals. A pale first map: the power of single "
    "channels contains little information on the class in this pass band.",
    "Check the recordings of subjects whose maps differ (`bci-dann check`, and the pages of "
    "subjects); leave out channels, or change the band.",
)


def patterns_section(run: RunContent) -> Section | None:
    """Return the section with the patterns of the best pipelines.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    Section or None
        ``None`` if the folder does not contain the power of the trials, as in earlier versions.
    """
    power = read_channel_power(run.stored.folder)
    if power is None or power.data_key != run.stored.manifest.data_key:
        return None
    unplaced = without_position(power.info)
    if unplaced:
        text = (
            "There are no topographies, because these channels have no unique position: "
            f"{', '.join(unplaced)}."
        )
        return Section("Patterns", paragraph_html(text))
    parts = []
    for group in run.groups:
        table = group_patterns(group, power, run.classes)
        if table.empty:
            continue
        n_subjects = table["subject"].nunique()
        title = f"Patterns under {group.protocol}, N = {n_subjects} subjects"
        figure = draw_patterns(table, power, f"N = {n_subjects} subjects")
        parts += [heading_html(group.title, 3), figure_html(figure, title, PATTERNS_EXPLANATION)]
    return Section("Patterns", "".join(parts)) if parts else None


def usable_power(run: RunContent) -> ChannelPower | None:
    """Return the power of the trials of a run, if all channels have a position.

    Parameters
    ----------
    run : RunContent
        The run.

    Returns
    -------
    ChannelPower or None
        ``None`` if it is not available.
    """
    power = read_channel_power(run.stored.folder)
    if power is None or power.data_key != run.stored.manifest.data_key:
        return None
    return None if without_position(power.info) else power


def group_patterns(group: ScoredGroup, power: ChannelPower, classes: Sequence[str]) -> pd.DataFrame:
    """Return the patterns of the pipelines that the report shows for a protocol.

    Parameters
    ----------
    group : ScoredGroup
        Dataset and protocol.
    power : ChannelPower
        Power of the trials.
    classes : sequence of str
        The classes.

    Returns
    -------
    pandas.DataFrame
        The result of :func:`bci_dann.evaluation.decision_patterns.decision_patterns`.
    """
    return decision_patterns(group.trials, power, classes, group.shown(MAX_SHOWN))


def draw_patterns(table: pd.DataFrame, power: ChannelPower, size: str) -> Figure:
    """Draw the mean patterns of the true classes and of each pipeline.

    Parameters
    ----------
    table : pandas.DataFrame
        The result of :func:`group_patterns`.
    power : ChannelPower
        Power of the trials, with the channel positions.
    size : str
        Size of the sample, such as ``"N = 9 subjects"``.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each class (one row in total for two classes), one column for each pipeline;
        all maps have the same colour scale.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    classes = list(dict.fromkeys(table["class"]))
    pipelines = [name for name in dict.fromkeys(table["pipeline"]) if name != TRUE_CLASS]
    names = [TRUE_CLASS, *pipelines]
    maps = {(kind, name): _mean_map(table, name, kind, power) for kind in classes for name in names}
    limit = _limit(list(maps.values()))
    width = MAP_SIZE * max(len(names), 3) + 0.6
    figure = empty_figure(MAP_SIZE * len(classes) + 1.3, width)
    axes = figure.subplots(len(classes), len(names), squeeze=False)
    for row, kind in enumerate(classes):
        for column, name in enumerate(names):
            draw_topography(axes[row, column], maps[kind, name], power.info, limit)
            if row == 0:
                axes[row, column].set_title(name, fontsize=8)
        axes[row, 0].set_ylabel(kind, fontsize=9)
    figure.suptitle(f"log-power and decision for {', '.join(classes)}, {size}", fontsize=10)
    bar = figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), "RdBu_r"),
        ax=axes,
        location="bottom",
        shrink=0.6,
        aspect=40,
    )
    bar.set_label("correlation over trials")
    return figure


def _mean_map(
    table: pd.DataFrame, pipeline: str, kind: str, power: ChannelPower
) -> NDArray[np.float64]:
    rows = table[(table["pipeline"] == pipeline) & (table["class"] == kind)]
    means = rows.groupby("channel")["value"].mean()
    return means.reindex(power.ch_names).to_numpy(dtype=np.float64)


def _limit(maps: Sequence[NDArray[np.float64]]) -> float:
    """Return the end of the colour scale: the largest value, rounded up to a twentieth."""
    finite = [
        np.abs(values[np.isfinite(values)]).max() for values in maps if np.isfinite(values).any()
    ]
    return max(0.05, math.ceil(20 * max(finite, default=0.0)) / 20)
