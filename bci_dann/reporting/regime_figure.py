"""Figure of regimes by pipelines: differences to the best baseline, one row a regime."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bci_dann.reporting.figure_file import write_png
from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_regimes", "write_regime_figure"]

# Of baselines: grey and hollow, each with a form of its own.
BASELINE_COLOUR = "0.45"
BASELINE_MARKERS = ("o", "s", "^", "D", "v", "<", ">", "p", "h", "8")
# Sizes in inches, empirical: names of regimes stay legible, and rows apart, for 3 to 60 of them.
ROW, ABOVE_AND_BELOW, PANEL, NAMES, LEGEND = 0.26, 1.5, 6.5, 2.6, 2.2


def write_regime_figure(table: pd.DataFrame, path: str | Path) -> Path:
    """Draw regimes by pipelines as a PNG file.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_regimes` returns it, or ``regimes.csv``.
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
    return write_png(draw_regimes(table), path)


def draw_regimes(table: pd.DataFrame) -> Figure:
    """Draw how much each pipeline gains or loses against the best baseline of each regime.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_regimes` returns it, or ``regimes.csv``.

    Returns
    -------
    matplotlib.figure.Figure
        One row a regime, the first one on top, and one panel a protocol. Each pipeline has a
        colour and a form; baselines are hollow and grey. Neither pyplot nor a global style is
        used.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    regimes = list(dict.fromkeys(table["regime"]))
    protocols = list(dict.fromkeys(table["protocol"]))
    width = NAMES + PANEL * max(1, len(protocols)) + LEGEND
    height = ABOVE_AND_BELOW + ROW * max(4, len(regimes))
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, max(1, len(protocols)), sharey=True, squeeze=False)[0]
    styles = _styles(table)
    for ax, protocol in zip(axes, protocols, strict=False):
        _draw_rows(ax, table[table["protocol"] == protocol], regimes, styles)
        ax.set_title(_title(table[table["protocol"] == protocol]), fontsize=10)
        ax.set_xlabel("accuracy minus that of the best baseline (points)")
    _name_rows(axes[0], regimes, set(table.loc[table["held_out"], "regime"]))
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _title(rows: pd.DataFrame) -> str:
    """Return the protocol with the numbers of regimes and of their subjects."""
    fewest, most = rows["n_subjects"].min(), rows["n_subjects"].max()
    subjects = str(fewest) if fewest == most else f"{fewest} to {most}"
    n_regimes = rows["regime"].nunique()
    noun = "regime" if n_regimes == 1 else "regimes"
    return f"{rows['protocol'].iloc[0]}, N = {n_regimes} {noun} of {subjects} subjects"


def _styles(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return how each pipeline is drawn; others than baselines come first in the legend."""
    baselines = list(dict.fromkeys(table.loc[table["is_baseline"], "pipeline"]))
    others = [name for name in dict.fromkeys(table["pipeline"]) if name not in baselines]
    filled = {
        name: {**mark_of(index), "markersize": 7, "zorder": 4} for index, name in enumerate(others)
    }
    grey = {"color": BASELINE_COLOUR, "fillstyle": "none", "markersize": 5, "zorder": 3}
    hollow = {
        name: {**grey, "marker": marker}
        for name, marker in zip(baselines, itertools.cycle(BASELINE_MARKERS), strict=False)
    }
    return {**filled, **hollow}


def _draw_rows(
    ax: Axes, rows: pd.DataFrame, regimes: Sequence[str], styles: dict[str, dict[str, Any]]
) -> None:
    places = {name: place for place, name in enumerate(regimes)}
    ax.axvline(0.0, color="0.2", linewidth=1.2, zorder=2)
    for place in range(0, len(regimes), 2):  # bands that join names and marks
        ax.axhspan(place - 0.5, place + 0.5, color="0.95", zorder=0, linewidth=0)
    for name, style in styles.items():
        own = rows[rows["pipeline"] == name]
        heights = np.array([places[regime] for regime in own["regime"]], dtype=float)
        is_baseline = bool(own["is_baseline"].any())
        label = f"{name} (baseline)" if is_baseline else name
        ax.plot(own["accuracy_difference"], heights, linestyle="", label=label, **style)
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def _name_rows(ax: Axes, regimes: Sequence[str], held_out: set[str]) -> None:
    labels = [f"{name} (held out)" if name in held_out else str(name) for name in regimes]
    ax.set_yticks(range(len(regimes)), labels, fontsize=9)
    ax.set_ylim(max(1, len(regimes)) - 0.5, -0.5)
