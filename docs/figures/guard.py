"""Serial correlation of outputs as adaptation grows stronger, in two simulated subjects."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bci_dann.adaptation.drift_guard import drift_limit, serial_correlation, strongest_without_drift
from bci_dann.adaptation.head_adaptation import STRENGTHS

BLUE, ORANGE = "#0072B2", "#D55E00"
N_TRIALS = 160


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.tile([-1.0, 1.0], N_TRIALS // 2))
    alertness = np.sin(2 * np.pi * np.arange(N_TRIALS) / 70.0) * np.sqrt(2.0)
    base = labels + rng.normal(size=N_TRIALS)
    domains = np.repeat("new", N_TRIALS)
    figure = Figure(figsize=(7.0, 3.3), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(STRENGTHS))
    for name, followed, colour, marker in (
        ("adaptation follows the classes", labels, BLUE, "o"),
        ("adaptation follows alertness", alertness, ORANGE, "s"),
    ):
        scores = [base + 2.0 * strength * followed for strength in STRENGTHS]
        candidates = [np.stack([-one, one], axis=1) for one in scores]
        chosen = strongest_without_drift(candidates, domains)
        drifts = [serial_correlation(one, domains) for one in candidates]
        axes.plot(places, drifts, marker=marker, color=colour, linewidth=1.8, label=name)
        axes.scatter(
            chosen,
            drifts[chosen],
            s=170,
            facecolor="none",
            edgecolor=colour,
            linewidth=2,
            label=f"taken: {STRENGTHS[chosen]:g}",
        )
    axes.axhline(drift_limit(N_TRIALS), color="black", linewidth=1.2, linestyle="--")
    axes.text(places[-1], drift_limit(N_TRIALS) + 0.015, "limit", ha="right", fontsize=9)
    axes.set_xticks(places, [f"{strength:g}" for strength in STRENGTHS])
    axes.set_xlabel("strength: share of the weights of the terms")
    axes.set_ylabel("serial correlation of outputs")
    axes.legend(loc="upper left", fontsize=9, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
