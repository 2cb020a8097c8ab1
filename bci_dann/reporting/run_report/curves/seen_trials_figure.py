"""Figure of the accuracy by number of target trials used in training, with or without labels."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bci_dann.evaluation.protocols import PROTOCOLS, Protocol
from bci_dann.reporting.run_report.html_parts import Explanation
from bci_dann.reporting.run_report.ranking_figures import empty_figure
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["SEEN_TRIALS_EXPLANATION", "curves_of", "draw_seen_trials"]

PANEL_WIDTH, HEIGHT, LEGEND_WIDTH = 4.2, 4.0, 2.2  # inches
# The protocol `train`, without target trials: the first point of curves with all labels.
NO_TARGET_TRIALS = Protocol()
SEEN_TRIALS_EXPLANATION = Explanation(
    "Mean accuracy over subjects, on the trials that all protocols score, by the number of target "
    "trials in training: without labels, with labels, or all trials with labels of only some. Each "
    "point is a protocol. The first point of each panel is a protocol without target labels.",
    "Lines that rise to the right: additional trials of the target increase the accuracy.",
    "A horizontal line: the method does not benefit from these trials. A falling line: they harm, "
    "often because the first trials of a session differ from the later ones.",
    "Read from the figure how many trials a new subject should record, and whether labels justify "
    "a session with cues. No more trials are needed from the point where a line is horizontal.",
)


@dataclass(frozen=True)
class Curve:
    """Protocols that differ only in the number of target trials in training.

    Attributes
    ----------
    axis : str
        Label of the horizontal axis.
    position : callable
        Returns the position of a protocol on the axis; ``None`` if it is not on the curve.
    """

    axis: str
    position: Callable[[Protocol], float | None]

    def points(self, protocols: Collection[str]) -> dict[str, float]:
        """Return the positions of protocols on the curve, from left to right.

        Parameters
        ----------
        protocols : collection of str
            Names of the protocols of a run.

        Returns
        -------
        dict of str to float
            Positions by name of the protocol, without protocols that are not on the curve.
        """
        known = [name for name in protocols if name in PROTOCOLS]
        positions = {name: self.position(PROTOCOLS[name]) for name in known}
        on_curve = {name: x for name, x in positions.items() if x is not None}
        return dict(sorted(on_curve.items(), key=lambda pair: pair[1]))


def _without_labels(protocol: Protocol) -> float | None:
    share = 100 * protocol.calibration
    return share if protocol == Protocol(calibration=protocol.calibration) else None


def _with_labels(protocol: Protocol) -> float | None:
    same_kind = Protocol(calibration=protocol.calibration, labelled=True)
    return 100 * protocol.calibration if protocol in (NO_TARGET_TRIALS, same_kind) else None


def _some_labels(protocol: Protocol) -> float | None:
    same_kind = Protocol(labelled=True, n_per_class=protocol.n_per_class)
    return (
        float(protocol.n_per_class) if protocol in (Protocol(calibration=1.0), same_kind) else None
    )


CURVES = (
    Curve("first part of each session, without labels (%)", _without_labels),
    Curve("first part of each session, with labels (%)", _with_labels),
    Curve("labelled trials of each class, all others without labels", _some_labels),
)


def curves_of(protocols: Collection[str]) -> list[Curve]:
    """Return the curves with at least two points for the protocols of a run.

    Parameters
    ----------
    protocols : collection of str
        Names of the protocols.

    Returns
    -------
    list of Curve
        Empty if there is no such curve.
    """
    return [curve for curve in CURVES if len(set(curve.points(protocols).values())) > 1]


def draw_seen_trials(means: pd.DataFrame, pipelines: Sequence[str], n_subjects: int) -> Figure:
    """Draw the accuracy of each pipeline by the number of target trials in training.

    Parameters
    ----------
    means : pandas.DataFrame
        Accuracy (%) on common trials: one row for each pipeline, one column for each protocol,
        with at least one curve.
    pipelines : sequence of str
        Pipelines to draw, in this order.
    n_subjects : int
        Number of subjects.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each curve, one line for each pipeline.
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
