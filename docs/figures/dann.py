"""The parts of domain-adversarial training, with the gradients, and the schedule of lambda."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from bci_dann.objectives import ganin_schedule

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"


def draw() -> Figure:
    """Return the picture."""
    figure = Figure(figsize=(7.4, 3.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[2.4, 1])
    _network(left)
    progress = np.linspace(0.0, 1.0, 101)
    for gamma, style in ((5.0, "--"), (10.0, "-"), (20.0, ":")):
        values = [ganin_schedule(float(p), gamma) for p in progress]
        right.plot(progress, values, style, color=ORANGE, linewidth=1.8, label=f"gamma = {gamma:g}")
    right.set_xlabel("progress of training p")
    right.set_ylabel("lambda(p)")
    right.set_ylim(0.0, 1.05)
    right.legend(loc="lower right", fontsize=9, frameon=False)
    right.spines[["top", "right"]].set_visible(False)
    return figure


def _network(axes: Axes) -> None:
    for x, y, text, colour in (
        (0.0, 0.5, "trial x", GREY),
        (1.25, 0.5, "G\nfeatures", BLUE),
        (3.4, 0.95, "F\nclass", BLUE),
        (3.4, 0.05, "D\ndomain", ORANGE),
    ):
        axes.add_patch(
            FancyBboxPatch(
                (x - 0.4, y - 0.16),
                0.8,
                0.32,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="white",
                edgecolor=colour,
                linewidth=1.8,
            )
        )
        axes.text(x, y, text, ha="center", va="center", color=colour, weight="bold", size=10)
    for start, end in (
        ((0.4, 0.5), (0.85, 0.5)),
        ((1.65, 0.56), (3.0, 0.95)),
        ((1.65, 0.44), (3.0, 0.05)),
    ):
        axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "shrinkA": 0})
    for start, end, text, colour, place in (
        ((3.0, 0.78), (1.68, 0.46), "gradient of the label loss", BLUE, (2.2, 1.03)),
        ((3.0, -0.14), (1.68, 0.3), "gradient reversed:\ntimes −lambda", ORANGE, (2.05, -0.12)),
    ):
        arrow = {"arrowstyle": "-|>", "color": colour, "linestyle": "--", "shrinkA": 0}
        axes.annotate("", end, start, arrowprops=arrow)
        axes.text(*place, text, ha="center", va="center", color=colour, size=9)
    axes.set_xlim(-0.5, 3.9)
    axes.set_ylim(-0.3, 1.2)
    axes.axis("off")
