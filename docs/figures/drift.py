"""Features that drift from trial to trial, and the eigenvalues by which drift is found."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bci_dann.features import drift_directions, without_directions
from bci_dann.features.drift import WEIGHTS

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
N_TRIALS, N_FEATURES = 160, 12


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.tile([0, 1], N_TRIALS // 2))
    time = np.arange(N_TRIALS)
    alertness = 1.6 * np.sin(2 * np.pi * time / 90.0) + 0.8 * np.sin(2 * np.pi * time / 37.0)
    X = rng.normal(size=(N_TRIALS, N_FEATURES))
    X[:, 0] += 2.0 * (labels - 0.5)
    X[:, 1] += alertness
    domains = np.repeat("new", N_TRIALS)
    directions = drift_directions(X, domains)
    values = _autocovariance_eigenvalues(X)

    figure = Figure(figsize=(7.4, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    along = X @ directions[:, 0]
    left.plot(time, along * np.sign(along @ alertness), color=ORANGE, linewidth=1.0)
    left.plot(time, X[:, 0] - 7.0, color=GREY, linewidth=0.6)
    for label, marker in ((0, "o"), (1, "^")):
        chosen = labels == label
        kept = without_directions(X, directions)[chosen, 0]
        left.scatter(time[chosen], kept - 7.0, s=10, marker=marker, color=BLUE)
    left.set_yticks([0.0, -7.0], ["drift", "classes"])
    left.set_xlabel("trial, in the order of recording")
    left.set_title("projections of the features", fontsize=10.5)

    limit = -values[0]
    right.bar(np.arange(N_FEATURES), values, color=[ORANGE if v > limit else BLUE for v in values])
    right.axhline(limit, color="black", linewidth=1.0, linestyle="--")
    right.axhline(-limit, color="black", linewidth=1.0, linestyle=":")
    right.axhline(0.0, color="black", linewidth=0.6)
    right.text(0.0, limit * 1.3, "limit: minus the\nsmallest eigenvalue", fontsize=9, va="bottom")
    right.set_xticks([])
    right.set_xlabel("eigenvectors")
    right.set_title("eigenvalues of the\nautocovariance", fontsize=10.5)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _autocovariance_eigenvalues(X: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = X - X.mean(axis=0)
    total = np.zeros((N_FEATURES, N_FEATURES))
    for lag, weight in enumerate(WEIGHTS, start=1):
        products = centred[:-lag].T @ centred[lag:]
        total += weight * (products + products.T)
    return np.linalg.eigvalsh(total) / len(X)
