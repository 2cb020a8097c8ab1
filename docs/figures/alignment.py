"""Mean covariances of three subjects and two classes, before and after Euclidean alignment."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bci_dann.alignment import EuclideanAlignment

COLOURS = ("#0072B2", "#E69F00", "#009E73")
N_TRIALS, N_TIMES = 40, 250
# power of the two sources (µV²) during each class
POWERS = ((30.0, 90.0), (90.0, 30.0))


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(1)
    mixings = [np.eye(2) + rng.normal(scale=0.45, size=(2, 2)) for _ in COLOURS]
    labels = np.tile([0, 1], N_TRIALS // 2)
    scales = np.sqrt(np.array(POWERS)[labels])[:, :, None]
    parts = [mixing @ (scales * rng.normal(size=(N_TRIALS, 2, N_TIMES))) for mixing in mixings]
    X = np.concatenate(parts)
    subjects = np.repeat(["1", "2", "3"], N_TRIALS)
    aligned = EuclideanAlignment().fit(X, subjects).transform(X, subjects)
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, signals, title in (
        (left, X, "before (µV)"),
        (right, aligned, "after (no unit)"),
    ):
        for subject, colour in zip("123", COLOURS, strict=True):
            for label, style in ((0, "-"), (1, "--")):
                chosen = (subjects == subject) & (np.tile(labels, 3) == label)
                name = f"subject {subject}, {('left', 'right')[label]} hand"
                _ellipse(axes, _covariance(signals[chosen]), colour, style, name)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=11)
        axes.set_xlabel("channel 1")
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("channel 2")
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9
    )
    return figure


def _covariance(X: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = X.astype(np.float64)
    return np.asarray((wide @ wide.swapaxes(1, 2)).mean(0) / X.shape[2])


def _ellipse(
    axes: Axes, covariance: NDArray[np.float64], colour: str, style: str, name: str
) -> None:
    values, vectors = np.linalg.eigh(covariance)
    angles = np.linspace(0.0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    points = vectors @ (np.sqrt(values)[:, None] * circle)
    axes.plot(*points, color=colour, linestyle=style, linewidth=1.8, label=name)
