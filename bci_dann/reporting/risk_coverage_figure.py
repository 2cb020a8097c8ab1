"""Figure of risk-coverage curves: the error over the share of trials that are answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bci_dann.reporting.figure_file import write_png
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["draw_risk_coverage", "write_risk_coverage_figure"]

# Sizes in inches, empirical.
PANEL, HEIGHT = 5.5, 3.8


def write_risk_coverage_figure(table: pd.DataFrame, path: str | Path) -> Path:
    """Draw risk-coverage curves as a PNG file.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.risk_coverage` returns it.
    path : str or pathlib.Path
        The file; it is replaced in one step.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ResultsError
        When it cannot be written.
    """
    return write_png(draw_risk_coverage(table), path)


def draw_risk_coverage(table: pd.DataFrame) -> Figure:
    """Draw the error of each pipeline over the share of trials that are answered.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.risk_coverage` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a protocol. Each pipeline has a colour and a form, and its area under the curve in
        the legend. Neither pyplot nor a global style is used.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    protocols = list(dict.fromkeys(table["protocol"]))
    names = list(dict.fromkeys(table["pipeline"]))
    figure = Figure(figsize=(PANEL * max(1, len(protocols)), HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, max(1, len(protocols)), sharey=True, squeeze=False)[0]
    for ax, protocol in zip(axes, protocols, strict=False):
        rows = table[table["protocol"] == protocol]
        for index, name in enumerate(names):
            own = rows[rows["pipeline"] == name].sort_values("coverage")
            if own.empty:
                continue
            ax.plot(
                100 * own["coverage"],
                own["error"],
                **mark_of(index),
                markersize=4,
                label=f"{name} (area {own['aurc'].iloc[0]:.1f})",
            )
        ax.set_title(f"{protocol} (N = {rows['n_subjects'].max()} subjects)", fontsize=10)
        ax.set_xlabel("trials answered, the most certain first (%)")
        ax.legend(fontsize=8, frameon=False)
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("errors among them (%)")
    axes[0].set_ylim(bottom=0)
    return figure
