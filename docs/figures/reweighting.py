"""Weights of source trials at three distances between source and target."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bci_dann.reweighting import weigh_sources

BLUE, ORANGE, BLACK = "#0072B2", "#E69F00", "#000000"
N_SOURCE, N_TARGET = 250, 100


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=(N_SOURCE, 1))
    target = rng.normal(scale=0.8, size=(N_TARGET, 1))
    figure = Figure(figsize=(7.4, 4.0), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey="row")
    bins = np.linspace(-3.5, 9.0, 46)
    for (upper, lower), distance in zip(panels.T, (1.0, 3.0, 6.0), strict=True):
        moved = target + distance
        weighed = weigh_sources(source, moved, random_state=0)
        for X, name, colour in ((source, "source", BLUE), (moved, "target", ORANGE)):
            upper.hist(X[:, 0], bins, density=True, color=colour, alpha=0.55, label=name)
        upper.hist(
            source[:, 0],
            bins,
            density=True,
            weights=weighed.weights,
            histtype="step",
            color=BLACK,
            linewidth=1.5,
            label="weighted source",
        )
        upper.set_title(
            f"domain AUC {weighed.domain_auc:.2f}\n"
            f"ESS {weighed.effective_sample_size:.0f} of {N_SOURCE}",
            fontsize=10.5,
        )
        lower.scatter(source[:, 0], weighed.weights, s=9, color=BLUE)
        lower.set_yscale("log")
        lower.set_xlabel("feature")
    panels[0, 0].set_ylabel("density")
    panels[1, 0].set_ylabel("weight of a source trial")
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9
    )
    return figure
