"""
A benchmark: leave one subject out
==================================

Methods are compared by leave-one-subject-out evaluation: each subject is the target once, and all
others are the sources. :func:`bci_dann.run_benchmark` computes every combination of pipeline,
protocol, seed and target of a configuration, stores one record for each, and returns a table.
"""

import tempfile

import matplotlib.pyplot as plt

from bci_dann import run_benchmark
from bci_dann.evaluation import summarise, to_moabb

COLOURS = {
    "csp_lda": "#7F7F7F",
    "ea_csp_lda": "#56B4E9",
    "ra_ts_logistic": "#009E73",
}

# %%
# The configuration
# -----------------
# The configuration has the keys of a file for ``bci-dann run``: the data, their preprocessing, the
# names of the pipelines, and the protocol, which defines the data of the target that are available
# in training. In ``train_and_target_unlabeled_full`` these are all trials of the target, without
# their labels. This example uses a temporary folder. In a permanent folder, an interrupted run can
# be continued, and pipelines can be added.

config = {
    "name": "gallery",
    "data": {
        "dataset": "SimulatedMI",
        "params": {"n_subjects": 8, "n_trials": 16, "sfreq": 64, "shift": 0.6, "random_state": 0},
    },
    "preprocessing": {"band": [8, 30], "window": [0.5, 3.5]},
    "pipelines": list(COLOURS),
    "protocols": ["train_and_target_unlabeled_full"],
}
with tempfile.TemporaryDirectory() as folder:
    results = run_benchmark(config, folder, progress=False)

columns = ["pipeline", "seed", "subject", "session", "n_train", "n_test", "accuracy", "roc_auc"]
results[columns].head(4)

# %%
# One row for each pipeline
# -------------------------
# :func:`bci_dann.evaluation.summarise` averages over sessions, then seeds, then subjects, so that
# every subject has the same weight. ``gain`` is the mean difference from the reference pipeline.
# ``p_value`` is that of a permutation test, which flips the signs of the subjects' differences;
# with eight subjects it cannot be smaller than 1/256. ``chance`` is not 50 %, but the accuracy that
# guessing exceeds with a probability of 5 %.

table = summarise(results, reference="csp_lda")
table[
    ["pipeline", "n_subjects", "accuracy", "std_subjects", "roc_auc", "gain", "p_value", "chance"]
]

# %%
# Single subjects
# ---------------
# Each line is one subject. Crossing lines mean that a pipeline is better for some subjects and
# worse for others, which the mean does not show.

scores = 100 * results.pivot(index="subject", columns="pipeline", values="accuracy")[list(COLOURS)]
fig, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
ax.plot(scores.T.to_numpy(), color="#BBBBBB", lw=1, zorder=1)
for index, (name, colour) in enumerate(COLOURS.items()):
    ax.scatter([index] * len(scores), scores[name], s=28, color=colour, zorder=2)
    ax.hlines(scores[name].mean(), index - 0.2, index + 0.2, color=colour, lw=4)
chance = table["chance"].iloc[0]
ax.axhline(chance, color="#222222", lw=1, ls=":")
ax.annotate("chance", (1.5, chance), ha="center", va="bottom")
ax.set_xticks(range(len(COLOURS)), list(COLOURS))
ax.set(ylabel="accuracy on the target (%)", ylim=(40, 102), title="bar: mean over subjects")

# %%
# MOABB's statistics and plots
# ----------------------------
# :func:`bci_dann.evaluation.to_moabb` returns the data frame that ``moabb.analysis`` expects
# (Jayaram and Barachant 2018), so results can be compared and plotted like those of MOABB's
# evaluations. Each cell compares the pipeline of its row with that of its column; if that of the
# row is better, the cell shows the standardised mean difference and the p-value. (MOABB's plotting
# module changes the style of matplotlib when it is imported, hence the late import.)

from moabb.analysis.meta_analysis import compute_dataset_statistics, find_significant_differences
from moabb.analysis.plotting import summary_plot

statistics = compute_dataset_statistics(to_moabb(results))
p_values, effects = find_significant_differences(statistics)
with plt.rc_context():
    fig = summary_plot(p_values, effects, simplify=False)

# %%
# Conclusions
# -----------
# * Report the table with its protocol: pipelines that used data of the target must not be compared
#   with pipelines that did not.
# * p-values are not corrected for the number of pipelines; with many pipelines, some gain by
#   chance.
# * Training of networks is random: use several ``seeds``, and look at ``std_seeds``.
#
# **References**
#
# Jayaram and Barachant (2018), "MOABB: trustworthy algorithm benchmarking for BCIs", Journal of
# Neural Engineering 15(6), 066011. https://doi.org/10.1088/1741-2552/aadea0
