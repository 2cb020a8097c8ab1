"""Log-odds of two members of an ensemble, and their average with and without equal spread."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

BLUE, ORANGE = "#0072B2", "#E69F00"
N_TRIALS, WEIGHTS = 80, (1.0, 0.25)


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(2)
    labels = np.tile([-1.0, 1.0], N_TRIALS // 2)
    covariances = 0.6 * labels + 0.35 * rng.normal(size=N_TRIALS)
    network = 4.0 * labels + 6.0 * rng.normal(size=N_TRIALS)
    share = np.array(WEIGHTS) / sum(WEIGHTS)
    equal = network * covariances.std() / network.std()
    figure = Figure(figsize=(7.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, second, title in (
        (left, network, "log-odds as they come"),
        (right, equal, "log-odds of one spread"),
    ):
        averaged = share[0] * covariances + share[1] * second
        wrong = np.mean(np.sign(averaged) != labels)
        for label, colour, marker in ((-1.0, BLUE, "o"), (1.0, ORANGE, "^")):
            chosen = labels == label
            axes.scatter(covariances[chosen], second[chosen], s=18, color=colour, marker=marker)
        across = np.array([-2.2, 2.2])
        axes.plot(across, -across * share[0] / share[1], color="black", linewidth=1.4)
        axes.set_xlim(*across)
        top = 1.15 * np.abs(second).max()
        axes.set_ylim(-top, top)
        axes.set_title(f"{title}\nwrong decisions: {wrong:.0%}", fontsize=10.5)
        axes.set_xlabel("covariances (weight 1)")
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("network (weight 0.25)")
    return figure
