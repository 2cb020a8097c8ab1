"""Three kinds of shift between source and target: inputs, class shares, and the rule itself."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

BLUE, ORANGE, BLACK = "#0072B2", "#E69F00", "#000000"
N_TRIALS, SPREAD, DISTANCE = 60, 0.55, 2.2
# The rule of the first panel: the boundary moves along feature 1 with the square of feature 2.
BEND = 0.3

Trials = tuple[NDArray[np.float64], NDArray[np.int_]]


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(7.4, 3.4), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    height = np.linspace(-3.0, 4.4, 50)
    across = np.zeros_like(height)

    _panel(panels[0], "covariate shift:\nother inputs, same rule", _bent(rng, 0.0), _bent(rng, 2.4))
    panels[0].plot(BEND * height**2, height, color=ORANGE, linewidth=1.6)

    _panel(panels[1], "label shift:\nother class shares", _trials(rng), _trials(rng, share=0.85))
    panels[1].plot(across + 0.25, height, color=ORANGE, linewidth=1.6)

    angle = np.deg2rad(70.0)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    X, labels = _trials(rng)
    _panel(panels[2], "concept shift:\nanother rule", _trials(rng), (X @ rotation.T, labels))
    panels[2].plot(*(rotation @ np.stack([across, height])), color=ORANGE, linewidth=1.6)

    for axes in panels:
        axes.plot(
            across, height, "--", color=BLACK, linewidth=1.3, label="learned from the sources"
        )
    panels[2].plot([], [], color=ORANGE, linewidth=1.6, label="right for the target")
    panels[0].set_xlim(-3.0, 4.2)
    panels[0].set_ylim(-3.0, 4.4)
    panels[0].set_ylabel("feature 2")
    figure.legend(
        *panels[2].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9
    )
    return figure


def _trials(rng: np.random.Generator, share: float = 0.5) -> Trials:
    labels = (np.arange(N_TRIALS) >= share * N_TRIALS).astype(int)
    centres = np.stack([DISTANCE * (labels - 0.5), np.zeros(N_TRIALS)], axis=1)
    return centres + rng.normal(scale=SPREAD, size=centres.shape), labels


def _bent(rng: np.random.Generator, height: float) -> Trials:
    X, labels = _trials(rng)
    X[:, 1] += height
    X[:, 0] += BEND * X[:, 1] ** 2
    return X, labels


def _panel(axes: Axes, title: str, source: Trials, target: Trials) -> None:
    domains = (("source", BLUE, source), ("target", ORANGE, target))
    for name, colour, (X, labels) in domains:
        for label, marker in ((0, "o"), (1, "^")):
            chosen = X[labels == label]
            axes.scatter(
                chosen[:, 0],
                chosen[:, 1],
                marker=marker,
                s=20,
                facecolor=colour if name == "target" else "none",
                edgecolor=colour,
                linewidth=0.9,
                alpha=0.85,
                label=f"{name}, {('left', 'right')[label]} hand",
            )
    axes.set_title(title, fontsize=10.5)
    axes.set_xlabel("feature 1")
    axes.set_xticks([])
    axes.set_yticks([])
