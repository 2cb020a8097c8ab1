"""Accuracy over the trials of a new subject, from the published table."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from bci_dann.reporting import draw_online_curve, read_published

TABLE = Path(__file__).parents[1] / "results" / "mi_openbci_online_curve.csv"


def draw() -> Figure:
    """Return the picture."""
    figure = draw_online_curve(read_published(TABLE).rows)
    figure.axes[0].set_title("MI-OpenBCI, 10 subjects")
    return figure
