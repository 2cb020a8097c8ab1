"""Figure of a results table: what each method did for each subject."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.recordings.natural_order import natural_key
from bci_dann.evaluation.summary import REFERENCE, per_subject_and_seed, summarise
from bci_dann.reporting.figure_file import write_png

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_subjects", "write_subject_figure"]

Floats = NDArray[np.float64]

# Okabe and Ito (2008), "Color universal design": one for each subject while they last.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
ONE_OF_MANY = "0.6"  # grey, where there are more subjects than colours
SIGNS = (("#0072B2", "^"), ("#D55E00", "v"), ("0.4", "o"))  # gain, loss, no difference
# Sizes in inches, empirical: names of pipelines stay legible.
SLOT, NARROW_SLOT, MARGIN, WIDEST = 1.35, 0.6, 3.4, 60.0
HEIGHT_ABOVE, HEIGHT_BELOW, PER_LETTER = 4.2, 2.6, 0.08
MOST_LEVEL_NAMES, LONGEST_LEVEL_NAME = 8, 20  # pipelines whose names fit beside each other
# Differences smaller than this are none (points): fractions of trials are rounded in CSV files.
TOLERANCE = 1e-6


def mark_of(index: int) -> dict[str, Any]:
    """Return a colour and a form that tell a line or a point from others.

    Parameters
    ----------
    index : int
        Its number.

    Returns
    -------
    dict
        ``color`` and ``marker``: seven colours with seven forms, shifted by one each time, are 49
        different marks.
    """
    form = index + index // len(COLOURS)
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[form % len(MARKERS)]}


@dataclass(frozen=True)
class _Group:
    """Accuracies (%) of one dataset and protocol, one row a subject, one column a pipeline."""

    title: str
    table: pd.DataFrame
    chance: float
    n_seeds: int
    reference: str

    @property
    def gains(self) -> pd.DataFrame | None:
        """Differences to the reference in points; ``None`` where there is nothing to compare."""
        others = [name for name in self.table if name != self.reference]
        if self.reference not in self.table or not others:
            return None
        return self.table[others].sub(self.table[self.reference], axis=0)


def write_subject_figure(results: pd.DataFrame, path: str | Path) -> Path:
    """Draw what each method did for each subject, as a PNG file.

    Parameters
    ----------
    results : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_benchmark` returns it, or ``results.csv``.
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
    return write_png(draw_subjects(results), path)


def draw_subjects(results: pd.DataFrame, reference: str = REFERENCE) -> Figure:
    """Draw the accuracy of each subject under each pipeline, and the gain over one of them.

    Parameters
    ----------
    results : pandas.DataFrame
        As :func:`bci_dann.evaluation.run_benchmark` returns it, or ``results.csv``.
    reference : str
        The pipeline that gains are taken against; plain training where it is not given.

    Returns
    -------
    matplotlib.figure.Figure
        One column for each dataset and protocol. Above, the accuracy (%), one line a subject and
        the mean of all; below, the differences to ``reference`` (points), where it was run.
        Neither pyplot nor a global style is used.
    """
    groups = _groups(results, reference)
    slots = [max(2, len(group.table.columns)) for group in groups]
    has_gains = any(group.gains is not None for group in groups)
    figure = _empty_figure(groups, slots, has_gains)
    n_rows = 2 if has_gains else 1
    axes = figure.subplots(
        n_rows,
        len(groups),
        sharey="row",
        squeeze=False,
        width_ratios=slots,
        height_ratios=(HEIGHT_ABOVE, HEIGHT_BELOW)[:n_rows],
    )
    for column, group in enumerate(groups):
        names = list(group.table.columns)
        _draw_accuracies(axes[0, column], group)
        _name_pipelines(axes[0, column], names, hidden=has_gains and not _fit_level(names))
        if has_gains:
            _draw_gains(axes[1, column], group)
    axes[0, 0].set_ylabel("accuracy on the target subject (%)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if has_gains:
        axes[1, 0].set_ylabel(f"gain over {reference} (points)")
        low, high = axes[1, 0].get_ylim()
        axes[1, 0].set_ylim(low, high + 0.15 * (high - low))  # room for the counts
        handles += _sign_handles()
        labels += ["gain", "loss", "no difference"]
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    return figure


def _empty_figure(groups: Sequence[_Group], slots: Sequence[int], has_gains: bool) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [str(name) for group in groups for name in group.table]
    is_level = all(_fit_level(list(group.table)) for group in groups)
    width = MARGIN + 0.6 * len(slots) + (SLOT if is_level else NARROW_SLOT) * sum(slots)
    height = 0.8 + HEIGHT_ABOVE + (HEIGHT_BELOW if has_gains else 0.0)
    height += 0.0 if is_level else PER_LETTER * max(map(len, names))
    figure = Figure(figsize=(min(WIDEST, max(width, 8.0)), height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(groups), fontsize=12)
    return figure


def _groups(results: pd.DataFrame, reference: str) -> list[_Group]:
    """Split the results by dataset and protocol, in their order; the reference comes first."""
    chances = summarise(results).groupby(["dataset", "protocol"])["chance"].mean()
    scores = per_subject_and_seed(results)
    order = list(dict.fromkeys([reference, *results["pipeline"]]))
    groups = []
    for dataset, protocol in dict.fromkeys(
        zip(results["dataset"], results["protocol"], strict=True)
    ):
        rows = scores[(scores["dataset"] == dataset) & (scores["protocol"] == protocol)]
        means = rows.groupby(["subject", "pipeline"])["accuracy"].mean().unstack()
        columns = [name for name in order if name in means]
        table = 100 * means.loc[sorted(means.index, key=natural_key), columns]
        chance, n_seeds = float(chances[dataset, protocol]), rows["seed"].nunique()
        groups.append(_Group(f"{dataset}, {protocol}", table, chance, n_seeds, reference))
    return groups


def _title(groups: Sequence[_Group]) -> str:
    counts = sorted({len(group.table) for group in groups})
    number = "-".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    seeds = max(group.n_seeds for group in groups)
    repeated = f", mean over {seeds} seeds" if seeds > 1 else ""
    return f"What each method does for a subject left out of training (N = {number}{repeated})"


def _draw_accuracies(ax: Axes, group: _Group) -> None:
    places = np.arange(len(group.table.columns))
    many = len(group.table) > len(COLOURS)
    for index, (subject, row) in enumerate(group.table.iterrows()):
        ax.plot(
            places,
            row.to_numpy(),
            color=ONE_OF_MANY if many else COLOURS[index],
            marker="." if many else MARKERS[index],
            markersize=6,
            linewidth=0.8,
            alpha=0.7,
            label="_" if many and index else "a subject" if many else f"subject {subject}",
        )
    _draw_means(ax, group.table.mean().to_numpy(), "{:.1f}", label="mean over subjects")
    if not math.isnan(group.chance):
        label = "chance: guessing exceeds it\nfor one subject in 5 % of cases"
        ax.axhline(group.chance, color="0.3", linestyle=":", label=label)
        _annotate(ax, f"{group.chance:.1f}", (-0.55, group.chance), (0, 2), size=8, va="bottom")
    ax.set_title(group.title, fontsize=10)


def _draw_gains(ax: Axes, group: _Group) -> None:
    gains, columns = group.gains, list(group.table.columns)
    _name_pipelines(ax, columns)
    if gains is None:
        return
    ax.axhline(0.0, color="0.3", linewidth=0.8)
    means = np.full(len(columns), np.nan)
    for name in gains:
        column, values = columns.index(name), gains[name].dropna().to_numpy()
        means[column] = values.mean()
        places = column + np.linspace(-0.18, 0.18, len(values))
        for (colour, marker), mask in zip(SIGNS, _signs(values), strict=True):
            ax.plot(places[mask], values[mask], marker, color=colour, markersize=6, zorder=3.5)
        count = f"{int(_signs(values)[0].sum())} of {len(values)}"
        text = f"{count} gain" if _fit_level(columns) else count.replace(" of ", "/")
        place = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top"}
        _annotate(ax, text, (column, 1.0), (0, -3), size=8, **place)
    _draw_means(ax, means, "{:+.1f}")


def _signs(values: Floats) -> list[NDArray[np.bool_]]:
    """Return which subjects gain, lose and stay."""
    gain, loss = values > TOLERANCE, values < -TOLERANCE
    return [gain, loss, ~gain & ~loss]


def _sign_handles() -> list[Any]:
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=colour, marker=mark, linestyle="") for colour, mark in SIGNS]


def _draw_means(ax: Axes, means: Floats, form: str, label: str = "_") -> None:
    """Draw a bar at each mean, with its number beside it, or above it where slots are narrow."""
    places = np.flatnonzero(np.isfinite(means))
    left, right = places - 0.28, places + 0.28
    ax.hlines(means[places], left, right, color="black", linewidth=2.5, label=label, zorder=3)
    is_level = len(means) <= MOST_LEVEL_NAMES
    for place in places.tolist():
        text = form.format(means[place]).replace("-", "\N{MINUS SIGN}")
        if is_level:
            _annotate(ax, text, (place + 0.28, means[place]), (3, 0), weight="bold", va="center")
        else:
            _annotate(ax, text, (place, means[place]), (0, 3), size=7, weight="bold", ha="center")


def _annotate(
    ax: Axes, text: str, place: tuple[float, float], offset: tuple[int, int], **style: Any
) -> None:
    """Write with a white outline, which keeps text legible on lines."""
    from matplotlib.patheffects import withStroke

    outline = [withStroke(linewidth=2.5, foreground="white")]
    style = {"size": 9, **style}
    ax.annotate(
        text, place, offset, textcoords="offset points", path_effects=outline, zorder=4, **style
    )


def _fit_level(names: Sequence[str]) -> bool:
    return len(names) <= MOST_LEVEL_NAMES and max(map(len, names)) <= LONGEST_LEVEL_NAME


def _name_pipelines(ax: Axes, names: Sequence[str], hidden: bool = False) -> None:
    tilt: dict[str, Any] = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
    labels = [""] * len(names) if hidden else names
    ax.set_xticks(range(len(names)), labels, **({} if _fit_level(names) else tilt))
    ax.set_xlim(-0.6, len(names) - 0.2)
    ax.grid(axis="y", alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
