"""Measures of shift between two normal samples, as the distance of their means grows."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bci_dann.reweighting import (
    domain_errors,
    maximum_mean_discrepancy,
    proxy_a_distance,
    weigh_sources,
)

COLOURS = {
    "domain AUC": "#0072B2",
    "proxy A-distance / 2": "#56B4E9",
    "MMD²": "#009E73",
    "ESS / number of source trials": "#D55E00",
}
N_SOURCE, N_TARGET, N_FEATURES = 200, 80, 5


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=(N_SOURCE, N_FEATURES))
    target = rng.normal(size=(N_TARGET, N_FEATURES))
    distances = np.array([0.0, 1.0, 2.0, 3.5, 5.5, 7.0, 8.0])
    curves: dict[str, list[float]] = {name: [] for name in COLOURS}
    for distance in distances:
        moved = target + distance * np.eye(N_FEATURES)[0]
        weighed = weigh_sources(source, moved, random_state=0)
        errors = domain_errors(source, moved, random_state=0)
        mmd2, _ = maximum_mean_discrepancy(source, moved, n_permutations=1, random_state=0)
        curves["domain AUC"].append(weighed.domain_auc)
        curves["proxy A-distance / 2"].append(proxy_a_distance(sum(errors) / 2) / 2)
        curves["MMD²"].append(mmd2)
        curves["ESS / number of source trials"].append(weighed.effective_sample_size / N_SOURCE)
    figure = Figure(figsize=(7.0, 3.3), layout="constrained")
    axes = figure.subplots()
    styles = dict(zip(COLOURS, ("-", "--", "-.", "-"), strict=True))
    for name, values in curves.items():
        axes.plot(distances, values, styles[name], color=COLOURS[name], linewidth=2, label=name)
    axes.axhline(0.5, color="black", linewidth=0.8, linestyle=":")
    axes.text(8.0, 0.52, "AUC by chance", ha="right", fontsize=9)
    axes.set_xlabel("distance of the means (standard deviations)")
    axes.set_ylim(-0.03, 1.35)
    figure.legend(loc="outside upper center", ncols=2, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
