"""
Reading the records of a run
============================

A run leaves more than a table of accuracies. Its folder holds one record of each task, with the
probabilities of every scored trial, so that another metric, a calibration curve or a confusion
matrix needs no new training.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, confusion_matrix

from bci_dann import run_benchmark
from bci_dann.evaluation import open_results

COLOURS = {"csp_lda": "#7F7F7F", "ea_csp_lda": "#56B4E9", "ra_ts_logistic": "#009E73"}

# %%
# A run, and what it leaves
# -------------------------
# Three pipelines, six simulated subjects, each the target once. ``config.json`` says what was run,
# ``invocations.json`` when and by which command, ``results.csv`` is the table, and ``records`` has
# one file for each task, named by everything that determines it: data, pipeline, protocol, target,
# seed and versions. That is why a run that was stopped goes on, and why a changed configuration
# never reuses an old result.

config = {
    "name": "gallery",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 6, "n_trials": 20, "sfreq": 64, "shift": 0.6, "random_state": 0},
    },
    "preprocessing": {"band": [8, 30], "window": [0.5, 3.5]},
    "pipelines": list(COLOURS),
    "protocols": ["train_and_target_unlabeled_full"],
}
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name) / "run"
run_benchmark(config, folder, progress=False)

for path in sorted(folder.iterdir()):
    print(path.name, f"({len(list(path.iterdir()))} files)" if path.is_dir() else "")

# %%
# The table: one row for each task and session
# --------------------------------------------

table = pd.read_csv(folder / "results.csv")
table[["pipeline", "subject", "n_test", "accuracy", "roc_auc", "nll", "ece"]].head(4)

# %%
# The records: one row for each trial
# -----------------------------------
# ``open_results`` gives two tables: ``tasks``, one row for each training, and ``trials``, one row
# for each scored trial with its truth and the probability of each class.

trials = open_results(folder).trials
temporary.cleanup()
trials[["pipeline", "subject", "trial", "truth", "prediction", "p_right_hand"]].head(4)

# %%
# Another metric
# --------------
# The Brier score is the mean squared distance of probability and outcome (Brier 1950): 0 at best,
# and 0.25 for who always says one half. It is in no column of the table, and is computed here for
# each subject.


def brier(rows):
    """Return the Brier score of some trials."""
    return brier_score_loss(rows["truth"] == "right_hand", rows["p_right_hand"])


groups = trials.groupby(["pipeline", "subject"])[["truth", "p_right_hand"]]
scores = groups.apply(brier).unstack("pipeline")[list(COLOURS)]
scores.round(3)

# %%
# Are the probabilities right?
# ----------------------------
# Left: of the trials that were given a probability of about 0.8, are 80 % of the right hand? On the
# diagonal a decoder means what it says; a flatter curve is overconfident. Right: the Brier
# score of each subject.

edges = np.linspace(0, 1, 6)
fig, axes = plt.subplots(1, 2, figsize=(7, 3.7), layout="constrained")
axes[0].plot([0, 1], [0, 1], color="#222222", lw=1, ls=":")
for index, (name, colour) in enumerate(COLOURS.items()):
    rows = trials[trials["pipeline"] == name]
    bins = np.digitize(rows["p_right_hand"], edges[1:-1])
    is_right = rows["truth"] == "right_hand"
    means = rows["p_right_hand"].groupby(bins).mean(), is_right.groupby(bins).mean()
    axes[0].plot(*means, marker="o", color=colour, label=name)
    axes[1].hlines(scores[name].mean(), index - 0.3, index + 0.3, color=colour, lw=4)
    axes[1].scatter([index] * len(scores), scores[name], s=24, color=colour)
axes[0].set(xlabel="probability of right hand", ylabel="share of right hand", aspect="equal")
axes[1].axhline(0.25, color="#222222", lw=1, ls=":")
axes[1].annotate("always one half", (2.3, 0.25), ha="right", va="bottom")
axes[1].set_xticks(range(3), list(COLOURS), fontsize=8)
axes[1].set(ylabel="Brier score", ylim=(0, None))
axes[0].legend(frameon=False, fontsize=9)

# %%
# Which class is missed?
# ----------------------
# Rows are what was asked for, columns what was predicted, over all subjects. A pipeline that
# predicts one class for a whole subject shows as a row in which much lies beside the diagonal.

classes = ["left_hand", "right_hand"]
fig, axes = plt.subplots(1, 3, figsize=(7, 2.9), sharey=True, layout="constrained")
for ax, name in zip(axes, COLOURS, strict=True):
    rows = trials[trials["pipeline"] == name]
    shares = 100 * confusion_matrix(
        rows["truth"], rows["prediction"], labels=classes, normalize="true"
    )
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 55 else "#222222"
        ax.text(column, row, f"{share:.0f} %", ha="center", va="center", color=colour)
    names = [one.replace("_", "\n") for one in classes]
    ax.set_xticks(range(2), names)
    ax.set_yticks(range(2), names)
    ax.set(title=name, xlabel="predicted")
axes[0].set_ylabel("asked for")
fig.colorbar(image, ax=axes, label="share of the row (%)")

# %%
# What to take from it
# --------------------
# * Keep the folder of a run: any question about trials can be asked later.
# * ``bci-dann select`` and ``bci-dann choose`` work on the same records.
# * Trials of one subject are not independent of each other. For a test, take one number for each
#   subject, as :func:`bci_dann.evaluation.compare_pipelines` does.
#
# **References**
#
# Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather
# Review 78(1), 1-3. https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
