"""What each protocol shows of the target in training, and which trials it scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bci_dann.evaluation import split

PROTOCOLS = (
    "train",
    "train_and_target_unlabeled_20p",
    "train_and_target_unlabeled_full",
    "source_free",
    "online",
    "semisupervised_5",
    "train_and_target_labeled_20p",
)
# Protocols whose training sees nothing of the target, while the fitted model adapts to it.
ADAPTS = {"source_free": "adapt", "online": "partial_adapt"}
N_TRIALS = 40
SCORED, UNLABELLED, LABELLED, LATER = "#FFFFFF", "#56B4E9", "#0072B2", "#E69F00"


def draw() -> Figure:
    """Return the picture."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(["left", "right"], N_TRIALS // 2))
    subjects = np.repeat(["source", "target"], N_TRIALS)
    metadata = pd.DataFrame({"subject": subjects, "session": "0", "run": "0"})
    figure = Figure(figsize=(7.4, 3.6), layout="constrained")
    axes = figure.subplots()
    for row, protocol in enumerate(reversed(PROTOCOLS)):
        fold = split(metadata, "target", protocol, np.concatenate([labels, labels]))
        for trial in range(N_TRIALS):
            place = N_TRIALS + trial
            colour = LATER if protocol in ADAPTS else SCORED
            if place in fold.unlabelled:
                colour = UNLABELLED
            elif place in fold.labelled:
                colour = LABELLED
            axes.barh(row, 1.0, left=trial, height=0.62, color=colour, edgecolor="#777777", lw=0.5)
            if place in fold.test:
                axes.plot(trial + 0.5, row, ".", color="black", markersize=4)
    axes.set_yticks(range(len(PROTOCOLS)), reversed(PROTOCOLS), fontsize=9)
    axes.set_xlabel("trials of the target's session, in the order of recording")
    axes.set_xlim(0.0, N_TRIALS)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    patches = [
        Patch(facecolor=colour, edgecolor="#777777", label=label)
        for colour, label in (
            (UNLABELLED, "fit sees it without label"),
            (LABELLED, "fit sees it with label"),
            (LATER, "the fitted model adapts to it"),
            (SCORED, "not seen"),
        )
    ]
    dots = axes.plot([], [], ".", color="black", markersize=6, label="scored")
    figure.legend(handles=[*patches, *dots], loc="outside upper center", ncols=3, fontsize=9)
    return figure
