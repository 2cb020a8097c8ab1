"""Terms on the outputs, as functions of the bias that sends all target trials to one class."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure

from bci_dann import resolve
from bci_dann.objectives import UNLABELLED, BatchView

TERMS = (
    ("entropy", {"name": "entropy"}, "#D55E00", "-"),
    ("information maximisation", {"name": "information_maximisation"}, "#0072B2", "-"),
    ("class confusion", {"name": "mcc"}, "#009E73", "--"),
    (
        'class confusion, normalisation="batch"',
        {"name": "mcc", "normalisation": "batch"},
        "#CC79A7",
        ":",
    ),
)
N_TRIALS = 60


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    evidence = torch.tensor(np.repeat([-1.5, 1.5], N_TRIALS // 2) + rng.normal(size=N_TRIALS))
    biases = np.linspace(-8.0, 8.0, 81)
    figure = Figure(figsize=(7.0, 3.3), layout="constrained")
    axes = figure.subplots()
    for name, spec, colour, style in TERMS:
        term = resolve("term", spec)
        values = np.array([float(term(_batch(evidence + bias))) for bias in biases])
        scaled = (values - values.min()) / (values.max() - values.min())
        axes.plot(biases, scaled, style, color=colour, linewidth=2, label=name)
    axes.axvline(0.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_xlabel("bias towards one class (logits); half of the trials are of each class")
    axes.set_ylabel("term, scaled to 0 ... 1")
    figure.legend(loc="outside upper center", ncols=2, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _batch(difference: torch.Tensor) -> BatchView:
    n_trials = len(difference)
    logits = torch.stack([-difference / 2, difference / 2], dim=1)
    ones = torch.ones(n_trials)
    labels = torch.full((n_trials,), UNLABELLED)
    return BatchView(logits, logits, labels, ones.long(), ones, ones.bool(), progress=1.0)
