"""
Reading the records of a run
============================

The folder of a run contains more than a table of accuracies: one record of each task, with the
predicted probabilities of every scored trial. So other metrics, calibration curves and confusion
matrices can be computed without training again.
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
# The files of a run
# ------------------
# Three pipelines, six simulated subjects, each the target once. ``config.json`` is the
# configuration, ``invocations.json`` lists dates and commands, ``results.csv`` is the table, and
# ``records`` contains one file for each task. The name of a record is a hash of everything that
# determines it: data, pipeline, protocol, target, seed and versions. This allows an interrupted run
# to continue, and ensures that a changed configuration never uses old results.

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
# ``open_results`` returns two tables: ``tasks`` with one row for each task, and ``trials`` with one
# row for each scored trial, with its true class and the predicted probability of each class.

trials = open_results(folder).trials
temporary.cleanup()
trials[["pipeline", "subject", "trial", "truth", "prediction", "p_right_hand"]].head(4)

# %%
# Another metric
# --------------
# The Brier score is the mean squared difference between predicted probability and outcome (Brier
# 1950): 0 for perfect predictions, and 0.25 if all probabilities are one half. It is not a column
# of the table, but can be computed from the trials, here for each subject.


def brier(rows):
    """Return the Brier score of some trials."""
    return brier_score_loss(rows["truth"] == "right_hand", rows["p_right_hand"])


groups = trials.groupby(["pipeline", "subject"])[["truth", "p_right_hand"]]
scores = groups.apply(brier).unstack("pipeline")[list(COLOURS)]
scores.round(3)

# %%
# Calibration of the probabilities
# --------------------------------
# Left: the share of right-hand trials against the predicted probability. A calibrated decoder is on
# the diagonal: 80 % of the trials with a probability of 0.8 are right-hand trials. A flatter curve
# means overconfidence. Right: the Brier score of each subject.

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
# Confusion matrices
# ------------------
# Rows are true classes, columns are predicted classes, over all subjects. If a pipeline predicts
# one class too often, the row of the other class has a high value off the diagonal.

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
axes[0].set_ylabel("true class")
fig.colorbar(image, ax=axes, label="share of the row (%)")

# %%
# Conclusions
# -----------
# * Keep the folder of a run: trials can be analysed further at any time.
# * ``bci-dann select`` and ``bci-dann choose`` use the same records.
# * Trials of one subject are not independent of each other. For statistical tests, use one value
#   for each subject, as :func:`bci_dann.evaluation.compare_pipelines` does.
#
# **References**
#
# Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather
# Review 78(1), 1-3. https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
