"""Panels of a map: trials as points, in the colours of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bci_dann.reporting.subject_figure import mark_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["add_legend", "draw_groups", "label_components"]

MAX_IN_LEGEND = 12


def draw_groups(ax: Axes, points: NDArray[Any], groups: NDArray[np.str_]) -> None:
    """Draw groups with different colours and markers; for many groups, only with colours.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The panel.
    points : ndarray, shape (n_points, 2)
        The points.
    groups : ndarray of str, shape (n_points,)
        Class or subject of each point; the colours follow their first occurrence.
    """
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


def label_components(ax: Axes, title: str, explained: NDArray[Any]) -> None:
    """Write the title of a panel, and its axes with the variance that they explain.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The panel.
    title : str
        What it shows.
    explained : ndarray, shape (2,)
        Share of the variance of each component.
    """
    ax.set_title(title, fontsize=10)
    first, second = 100 * np.asarray(explained)
    ax.set_xlabel(f"component 1 ({first:.0f} % of variance)")
    ax.set_ylabel(f"component 2 ({second:.0f} % of variance)")
    ax.spines[["top", "right"]].set_visible(False)


def add_legend(
    figure: Figure,
    ax: Axes,
    title: str,
    position: Literal["outside right upper", "outside right lower"],
) -> None:
    """Add the legend of a panel at the side of the figure, unless its groups have no names.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    ax : matplotlib.axes.Axes
        The panel.
    title : str
        Of the legend.
    position : {"outside right upper", "outside right lower"}
        Where it stands.
    """
    handles, names = ax.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, names, title=title, loc=position, fontsize=8, frameon=False, markerscale=2
        )
