"""Accuracy over the number of target trials that training sees, with or without their labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.protocols import PROTOCOLS, Protocol
from bci_dann.reporting.run_report.html_parts import Reading
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["SEEN_TRIALS", "curves_of", "draw_seen_trials"]

PANEL_WIDTH, HEIGHT, LEGEND_WIDTH = 4.2, 4.0, 2.2  # inches
# Kinds of protocols that are points of one of the curves: all others differ in other ways.
ORDINARY = Protocol()
SEEN_TRIALS = Reading(
    "Mean accuracy over subjects, on the trials that all protocols score, over the number of the "
    "target's trials that training sees: without labels, with labels, or with the labels of some "
    "and all others without. Each point is a protocol; all lines of a panel begin without labels.",
    "Lines that rise to the right: trials of the target help, and each one is worth recording.",
    "A level line: the method makes no use of these trials. A falling one: they mislead it, often "
    "because the first trials of a session are unlike the later ones.",
    "Read off how many trials a new subject has to record, and whether their labels are worth the "
    "cued session that they need. Where a line is level beyond a point, stop there.",
)


@dataclass(frozen=True)
class Curve:
    """Protocols that differ only in how many trials of the target training sees.

    Attributes
    ----------
    axis : str
        What is counted, as the label of the horizontal axis.
    place : callable
        Maps the settings of a protocol to its place on the axis; ``None`` where it is not on it.
    """

    axis: str
    place: Callable[[Protocol], float | None]

    def points(self, protocols: Collection[str]) -> dict[str, float]:
        """Return the protocols that are on the curve with their places, from left to right.

        Parameters
        ----------
        protocols : collection of str
            Those of a run.

        Returns
        -------
        dict of str to float
            Place by the name of the protocol.
        """
        places = {name: self.place(PROTOCOLS[name]) for name in protocols if name in PROTOCOLS}
        found = {name: place for name, place in places.items() if place is not None}
        return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _without_labels(protocol: Protocol) -> float | None:
    share = 100 * protocol.calibration
    return share if protocol == Protocol(calibration=protocol.calibration) else None


def _with_labels(protocol: Protocol) -> float | None:
    alike = Protocol(calibration=protocol.calibration, labelled=True)
    return 100 * protocol.calibration if protocol in (ORDINARY, alike) else None


def _some_labels(protocol: Protocol) -> float | None:
    alike = Protocol(labelled=True, n_per_class=protocol.n_per_class)
    return float(protocol.n_per_class) if protocol in (Protocol(calibration=1.0), alike) else None


CURVES = (
    Curve("first part of each session seen without labels (%)", _without_labels),
    Curve("first part of each session seen with labels (%)", _with_labels),
    Curve("first trials of each class seen with labels, all others without", _some_labels),
)


def curves_of(protocols: Collection[str]) -> list[Curve]:
    """Return the curves that the protocols of a run give two points or more.

    Parameters
    ----------
    protocols : collection of str
        Their names.

    Returns
    -------
    list of Curve
        Empty where the run has no such curve.
    """
    return [curve for curve in CURVES if len(set(curve.points(protocols).values())) > 1]


def draw_seen_trials(means: pd.DataFrame, pipelines: Sequence[str], n_subjects: int) -> Figure:
    """Draw the accuracy of each pipeline over the trials of the target that training sees.

    Parameters
    ----------
    means : pandas.DataFrame
        Accuracy (%) on common trials, one row a pipeline, one column a protocol; protocols with a
        curve at least.
    pipelines : sequence of str
        Which to draw, in this order.
    n_subjects : int
        The subjects that the means are over.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a curve, one line a pipeline.
    """
    curves = curves_of(list(means.columns))
    figure = empty_figure(HEIGHT, LEGEND_WIDTH + PANEL_WIDTH * len(curves))
    axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    handles: list[Any] = []
    for ax, curve in zip(axes, curves, strict=True):
        points = curve.points(list(means.columns))
        handles = [
            ax.plot(
                list(points.values()), means.loc[name, list(points)].to_numpy(), **mark_of(index)
            )[0]
            for index, name in enumerate(pipelines)
        ]
        ax.set_xticks(sorted(set(points.values())))
        ax.set_xlabel(curve.axis)
        ax.set_title(f"N = {n_subjects} subjects", fontsize=10)
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("accuracy on common trials (%)")
    figure.legend(handles, list(pipelines), loc="outside right upper", frameon=False, fontsize=8)
    return figure
