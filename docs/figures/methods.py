"""Where each method acts, from the trials of all subjects to the decision."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#555555"
# label, what it does, x, y
STAGES = (
    ("trials", "labelled sources,\nunlabelled target", 0, 1, GREY),
    ("alignment", "one reference\nfor each domain", 1, 1, BLUE),
    ("features", "network, or\ncovariances", 2, 1, GREY),
    ("decoder", "label loss on\nlabelled trials", 3, 1, GREY),
    ("weighting", "of source trials", 1, 0, ORANGE),
    ("drift removal", "of slow directions", 2, 0, ORANGE),
    ("terms", "adversary, class\nstructure, moments", 3, 0, ORANGE),
    ("drift guard", "how far to adapt", 4, 0, ORANGE),
    ("label shift", "class shares", 4, 1, BLUE),
)
ARROWS = (
    ((0, 1), (1, 1)),
    ((1, 1), (2, 1)),
    ((2, 1), (3, 1)),
    ((3, 1), (4, 1)),
    ((1, 0), (3, 1)),
    ((2, 0), (2, 1)),
    ((3, 0), (3, 1)),
    ((4, 0), (3, 1)),
)
WIDTH, HEIGHT, STEP_X, STEP_Y = 1.56, 0.78, 1.86, 1.3


def draw() -> Figure:
    """Return the picture."""
    figure = Figure(figsize=(8.4, 2.5), layout="constrained")
    axes = figure.subplots()
    for (x0, y0), (x1, y1) in ARROWS:
        _arrow(axes, x0, y0, x1, y1)
    for title, text, x, y, colour in STAGES:
        _box(axes, title, text, x * STEP_X, y * STEP_Y, colour)
    axes.set_xlim(-WIDTH / 2 - 0.1, 4 * STEP_X + WIDTH / 2 + 0.1)
    axes.set_ylim(-HEIGHT / 2 - 0.1, STEP_Y + HEIGHT / 2 + 0.1)
    axes.set_aspect("equal")
    axes.axis("off")
    return figure


def _box(axes: Axes, title: str, text: str, x: float, y: float, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2),
            WIDTH,
            HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="white",
            edgecolor=colour,
            linewidth=1.8,
        )
    )
    axes.text(x, y + 0.22, title, ha="center", va="center", weight="bold", color=colour, size=10.5)
    axes.text(x, y - 0.12, text, ha="center", va="center", size=9)


def _arrow(axes: Axes, x0: float, y0: float, x1: float, y1: float) -> None:
    if y0 == y1:
        start = (x0 * STEP_X + WIDTH / 2, y0 * STEP_Y)
        end = (x1 * STEP_X - WIDTH / 2, y1 * STEP_Y)
    else:
        aside = 0.3 * WIDTH * ((x0 < x1) - (x0 > x1))
        start = (x0 * STEP_X + aside, y0 * STEP_Y + HEIGHT / 2)
        end = (x1 * STEP_X - aside, y1 * STEP_Y - HEIGHT / 2)
    arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", end, start, arrowprops=arrow)
