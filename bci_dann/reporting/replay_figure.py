"""Figure of a replay: probabilities over the recording, accuracy over the time after a cue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bci_dann.reporting.figure_file import write_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from bci_dann.serving import Replay

__all__ = ["draw_replay", "write_replay_figure"]

# Size in inches, and seconds of the recording that are drawn; empirical.
SIZE, SHOWN_S = (9.0, 6.0), 120.0
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
REFUSED = "#bbbbbb"


def write_replay_figure(replay: Replay, path: str | Path) -> Path:
    """Draw a replay as a PNG file.

    Parameters
    ----------
    replay : Replay
        As :func:`bci_dann.serving.replay_recording` returns it.
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
    return write_png(draw_replay(replay), path)


def draw_replay(replay: Replay) -> Figure:
    """Draw a replay.

    Parameters
    ----------
    replay : Replay
        As :func:`bci_dann.serving.replay_recording` returns it.

    Returns
    -------
    matplotlib.figure.Figure
        Above the probabilities in the last two minutes, with the cues; below, where classes are
        known, the accuracy over the time after a cue, and the confusion matrix.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    if replay.scores is None:
        _draw_probabilities(figure.subplots(), replay)
        return figure
    axes = figure.subplot_mosaic([["all", "all"], ["curve", "confusion"]], width_ratios=[2, 1])
    _draw_probabilities(axes["all"], replay)
    _draw_curve(axes["curve"], replay)
    _draw_confusion(axes["confusion"], replay)
    return figure


def _draw_probabilities(ax: Axes, replay: Replay) -> None:
    table = replay.decisions
    end = float(table["time"].max()) if len(table) else 0.0
    shown = table[table["time"] > end - SHOWN_S]
    names = [name.removeprefix("p_") for name in table.columns if name.startswith("p_")]
    colours = dict(zip(names, (COLOURS * len(names))[: len(names)], strict=True))
    for name in names:
        ax.plot(shown["time"], shown[f"p_{name}"], color=colours[name], label=name)
    refused = shown[~shown["ok"]]
    if len(refused):
        zeros = np.zeros(len(refused))
        ax.plot(refused["time"], zeros, "|", color=REFUSED, label="not ok")
    cues = replay.cues[replay.cues["onset"] > end - SHOWN_S]
    for onset, truth in zip(cues["onset"], cues["class"], strict=True):
        ax.axvline(onset, color=colours.get(truth, "#888888"), alpha=0.5, lw=1, ls=":")
    ax.set(ylim=(-0.03, 1.03), xlabel="time (s); dotted: cues", ylabel="probability")
    name = "/".join(Path(replay.label).parts[-2:])
    part = f"last {SHOWN_S:.0f} s of {name}" if len(shown) < len(table) else name
    ax.set_title(f"{part}, windows of {replay.window_s:.1f} s", fontsize=10)
    _tidy(ax)
    ax.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _draw_curve(ax: Axes, replay: Replay) -> None:
    scores = replay.scores
    assert scores is not None
    curve = scores.curve
    ax.plot(curve["after_cue"], 100 * curve["accuracy"], color=COLOURS[0])
    ax.axhline(100 / len(scores.confusion), color="#888888", lw=1, ls="--")
    ax.set(ylim=(0, 103), xlabel="end of the window after the cue (s)", ylabel="right (%)")
    ax.set_title(f"accuracy over time, {scores.n_cues} cues; dashed: chance", fontsize=10)
    _tidy(ax)


def _draw_confusion(ax: Axes, replay: Replay) -> None:
    scores = replay.scores
    assert scores is not None
    counts = scores.confusion
    ax.imshow(counts, cmap="Blues", vmin=0)
    middle = counts.to_numpy().max() / 2
    for (row, column), count in np.ndenumerate(counts.to_numpy()):
        colour = "white" if count > middle else "black"
        ax.text(column, row, str(count), ha="center", va="center", color=colour)
    ax.set_xticks(range(counts.shape[1]), [str(name) for name in counts.columns], fontsize=8)
    ax.set_yticks(range(counts.shape[0]), [str(name) for name in counts.index], fontsize=8)
    ax.set(xlabel="decided", ylabel="true")
    low, high = scores.interval
    share = f"{100 * scores.accuracy:.0f} % right ({100 * low:.0f} to {100 * high:.0f})"
    ax.set_title(f"at the ends of trials: {share}", fontsize=9)


def _tidy(ax: Axes) -> None:
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
