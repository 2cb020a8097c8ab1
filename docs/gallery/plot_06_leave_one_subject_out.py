"""
A benchmark: leave one subject out
==================================

Methods are compared by leaving one subject out: each subject is the target once, all others are
the sources. :func:`bci_dann.run_benchmark` computes every combination of pipeline, protocol, seed
and target of a configuration, keeps one record of each, and returns a table.
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
# It says what is compared, as a file for ``bci-dann run`` would: the data, how trials are cut from
# them, the pipelines by name, and the protocol, which is what training may see of the target. In
# ``train_and_target_unlabeled_full`` it sees all trials of the target, without their labels. The
# folder is a temporary one here; in a folder that stays, a run that was stopped goes on where it
# was, and new pipelines are added to it.

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
# every subject counts the same. ``gain`` is the mean difference to the reference pipeline, and
# ``p_value`` comes from flipping the signs of the subjects' differences: how often would chance
# alone give such a gain? With eight subjects it cannot be smaller than 1/256. ``chance`` is the
# accuracy that guessing exceeds one time in twenty, not 50 %.

table = summarise(results, reference="csp_lda")
table[
    ["pipeline", "n_subjects", "accuracy", "std_subjects", "roc_auc", "gain", "p_value", "chance"]
]

# %%
# Every subject, not the mean alone
# ---------------------------------
# One line is one subject. Lines that cross say that a pipeline helps some subjects and harms
# others, which a mean hides.

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
# :func:`bci_dann.evaluation.to_moabb` gives the frame that ``moabb.analysis`` works on (Jayaram and
# Barachant 2018), so results can be compared and drawn as those of MOABB's own evaluations. Each
# cell compares the pipeline of its row with that of its column; where the row's is the better one,
# it shows the standardised difference of the means and the p-value. (MOABB's plotting module
# restyles matplotlib when it is imported, hence the late import.)

from moabb.analysis.meta_analysis import compute_dataset_statistics, find_significant_differences
from moabb.analysis.plotting import summary_plot

statistics = compute_dataset_statistics(to_moabb(results))
p_values, effects = find_significant_differences(statistics)
with plt.rc_context():
    fig = summary_plot(p_values, effects, simplify=False)

# %%
# What to take from it
# --------------------
# * Report the table with its protocol: pipelines that have seen the target are not to be compared
#   with pipelines that have not.
# * p-values are not corrected for the number of pipelines; with many of them, some gain by chance.
# * A network is random: give it several ``seeds``, and look at ``std_seeds``.
#
# **References**
#
# Jayaram and Barachant (2018), "MOABB: trustworthy algorithm benchmarking for BCIs", Journal of
# Neural Engineering 15(6), 066011. https://doi.org/10.1088/1741-2552/aadea0
