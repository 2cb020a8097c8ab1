"""What alignment does to a subject with unequal classes, and what known shares put right."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bci_dann.adaptation.label_shift import offsets_for_decisions
from bci_dann.alignment import EuclideanAlignment

BLUE, ORANGE = "#0072B2", "#E69F00"
N_TIMES = 200
# power of the two channels (µV²) during each class
POWERS = ((20.0, 60.0), (60.0, 20.0))


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(7.4, 3.0), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    shares = np.array([0.8, 0.2])
    balanced, skewed = _subject(rng, [80, 80]), _subject(rng, [128, 32])
    scores = np.stack([-skewed[0] / 2, skewed[0] / 2], axis=1)
    offset = float(np.diff(offsets_for_decisions(scores, shares))[0])
    shown = (
        ("aligned, equal classes", balanced, 0.0),
        ("aligned, 80 to 20", skewed, 0.0),
        ("the same, shares known", skewed, offset),
    )
    bins = np.linspace(-4.5, 4.5, 41)
    for axes, (title, (feature, labels), added) in zip(panels, shown, strict=True):
        for label, (name, colour) in enumerate((("rest", BLUE), ("right hand", ORANGE))):
            chosen = feature[labels == label] + added
            axes.hist(chosen, bins, color=colour, alpha=0.7, label=name)
        axes.axvline(0.0, color="black", linewidth=1.3, linestyle="--")
        axes.set_title(title, fontsize=10.5)
        axes.spines[["top", "right"]].set_visible(False)
    panels[1].set_xlabel("output of a decoder trained on balanced sources (log-odds)")
    panels[0].set_ylabel("trials")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9
    )
    return figure


def _subject(
    rng: np.random.Generator, counts: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Return the ratio of log-powers after alignment, and the labels."""
    labels = np.repeat([0, 1], counts)
    spread = np.exp(rng.normal(scale=0.35, size=(len(labels), 2)))
    scales = np.sqrt(np.array(POWERS)[labels] * spread)[:, :, None]
    X = scales * rng.normal(size=(len(labels), 2, N_TIMES))
    power = EuclideanAlignment().fit(X).transform(X).astype(np.float64).var(axis=2)
    return np.log(power[:, 0] / power[:, 1]), labels
