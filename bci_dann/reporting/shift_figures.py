"""Figures of domain shift: a map of sessions, and the overlap of each subject with the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.evaluation import Diagnosis

__all__ = ["overlap_chart", "session_map"]

Floats = NDArray[np.float64]

# Okabe and Ito (2008), "Color universal design", without its yellow, which is pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P")
# Points on a smaller share of the map's width have no room for names (empirical).
CROWDED = 0.25
TITLE = (
    "Map of sessions: log-Euclidean distances of mean covariances (log units)\n"
    "Each point is a session, joined to the mean of its subject."
)
# The panels of the overlap chart: columns of a diagnosis's table and their labels.
MEASURES = {
    "domain_auc": "domain AUC (0.5: chance, 1: no overlap)",
    "ess_share": "effective sample size (share of source trials)\nhollow: no overlap, so that its "
    "weights mean nothing",
    "distance": "log-Euclidean distance from the others\n(log units, logarithmic axis)",
}
ENLARGED = " Above, all maps have one scale."


def session_map(diagnosis: Diagnosis) -> Figure:
    """Draw sessions as points, as far apart as their mean covariances, by classical scaling.

    Torgerson (1952), "Multidimensional scaling: I. Theory and method", Psychometrika 17,
    401-419.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        One column for each alignment: above on one scale, below the smaller maps enlarged. Neither
        pyplot nor a global style is used.
    """
    from matplotlib.figure import Figure

    tables = list(diagnosis.session_distances.groupby("alignment", sort=False))
    n_rows = min(2, len(tables))
    figure = Figure(figsize=(4.2 * len(tables), 1.2 + 4.0 * n_rows), layout="constrained")
    figure.suptitle(TITLE + (ENLARGED if n_rows > 1 else ""))
    axes = figure.subplots(n_rows, len(tables), squeeze=False)
    flat = [(str(name), *_flattened(rows)) for name, rows in tables]
    widest = max(_extent(points) for _, points, _, _ in flat)
    for column, (name, points, sessions, share) in enumerate(flat):
        extent, first, last = _extent(points), axes[0, column], axes[-1, column]
        _draw_subjects(first, points, sessions, widest, label=extent > CROWDED * widest)
        first.set_title(f"{_alignment_label(name)}\n{share:.0%} of the squared distances shown")
        if extent < widest:
            _draw_subjects(last, points, sessions, extent, label=True)
            last.locator_params(nbins=5)
            last.set_title(f"the same, {widest / extent:.0f} times larger")
        elif n_rows > 1:
            last.set_axis_off()
    return figure


def overlap_chart(diagnosis: Diagnosis) -> Figure:
    """Draw domain AUC, effective sample size and distance of each subject, by alignment.

    Parameters
    ----------
    diagnosis : Diagnosis
        As :func:`bci_dann.evaluation.diagnose` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each measure, one row for each subject.
    """
    from matplotlib.figure import Figure

    table = diagnosis.table
    subjects = list(dict.fromkeys(table["subject"]))
    figure = Figure(figsize=(11.0, 2.2 + 0.3 * len(subjects)), layout="constrained")
    axes: Sequence[Axes] = figure.subplots(1, 3, sharey=True)
    for ax, (column, label) in zip(axes, MEASURES.items(), strict=True):
        for style, (name, rows) in enumerate(table.groupby("alignment", sort=False)):
            _draw_dots(ax, rows, column, subjects, style, _alignment_label(str(name)))
        ax.set_xlabel(label)
        ax.grid(axis="y", alpha=0.3)
    axes[0].axvline(0.5, color="0.5", linestyle=":")
    axes[1].set_xlim(-0.03, 1.03)
    _set_log_axis(axes[2])
    axes[0].set_yticks(range(len(subjects)), subjects)
    axes[0].set_ylim(len(subjects) - 0.5, -0.5)
    axes[0].set_ylabel("target subject")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _set_log_axis(ax: Axes) -> None:
    """Make the x axis logarithmic, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())


def _flattened(rows: pd.DataFrame) -> tuple[Floats, list[str], float]:
    """Return points in the plane, their names, and their share of the squared distances."""
    from scipy.spatial.distance import pdist, squareform
    from sklearn.manifold import ClassicalMDS

    sessions = [str(name) for name in rows["session"]]
    distances = rows[sessions].to_numpy(dtype=np.float64)
    distances = (distances + distances.T) / 2.0
    np.fill_diagonal(distances, 0.0)
    points: Floats = ClassicalMDS(n_components=2, metric="precomputed").fit_transform(distances)
    total = float(np.square(squareform(distances)).sum())
    share = float(np.square(pdist(points)).sum()) / total if total > 0 else 1.0
    return points, sessions, share


def _draw_subjects(
    ax: Axes, points: Floats, sessions: Iterable[str], extent: float, label: bool
) -> None:
    subject_of = np.array([name.split("/")[0] for name in sessions])
    for index, subject in enumerate(dict.fromkeys(subject_of.tolist())):
        subject_points = points[subject_of == subject]
        colour, mean = COLOURS[index % len(COLOURS)], subject_points.mean(0)
        for point in subject_points:
            ax.plot(*np.stack([mean, point], axis=1), color=colour, linewidth=0.8)
        marker = MARKERS[index // len(COLOURS) % len(MARKERS)]
        ax.plot(*subject_points.T, marker, color=colour, markersize=4)
        if label:
            _annotate(ax, subject, (float(mean[0]), float(mean[1])), colour)
    (left, low), (right, high) = _middle(points) - 0.6 * extent, _middle(points) + 0.6 * extent
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")


def _annotate(ax: Axes, text: str, point: tuple[float, float], colour: str) -> None:
    """Write a name beside a point, with a white outline that keeps it legible."""
    from matplotlib.patheffects import withStroke

    ax.annotate(
        text,
        point,
        color=colour,
        size=8,
        weight="bold",
        textcoords="offset points",
        xytext=(4, 4),
        path_effects=[withStroke(linewidth=2, foreground="white")],
    )


def _middle(points: Floats) -> Floats:
    middle: Floats = (points.min(0) + points.max(0)) / 2.0
    return middle


def _extent(points: Floats) -> float:
    """Return the side of the square that holds all points."""
    return float(np.ptp(points, axis=0).max()) or 1.0


def _draw_dots(
    ax: Axes, rows: pd.DataFrame, column: str, subjects: list[str], style: int, label: str
) -> None:
    heights = np.array([subjects.index(subject) for subject in rows["subject"]])
    colour, marker = COLOURS[style % len(COLOURS)], MARKERS[style % len(MARKERS)]
    is_hollow = (rows["overlap"] == "no overlap").to_numpy() & (column == "ess_share")
    values = rows[column].to_numpy()
    ax.plot(values[~is_hollow], heights[~is_hollow], marker, color=colour, label=label)
    ax.plot(values[is_hollow], heights[is_hollow], marker, color=colour, fillstyle="none")


def _alignment_label(alignment: str) -> str:
    return "no alignment" if alignment == "none" else f"{alignment} alignment"
