"""
Inside stock MOABB
==================

Every method is a scikit-learn classifier whose ``fit`` takes what MOABB's transfer protocols hand
over, so it runs in MOABB's own evaluations (Chevallier et al. 2024), beside pipelines of MOABB or
of anyone else, and is scored by MOABB's code.
"""

import tempfile
import warnings

import matplotlib.pyplot as plt
import mne
from moabb.evaluations import CrossSubjectEvaluation
from moabb.paradigms import LeftRightImagery
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

from bci_dann import ShallowClassifier
from bci_dann.data import SimulatedMI

COLOURS = {
    "MNE's CSP + LDA": "#7F7F7F",
    "bci_dann CSP + LDA, aligned": "#56B4E9",
    "bci_dann tangent space, aligned": "#009E73",
}

# %%
# Pipelines, dataset, paradigm
# ----------------------------
# The first pipeline is MNE's common spatial patterns with scikit-learn's discriminant analysis,
# and knows nothing of this package. The others align the target by what they are given of it. The
# simulator is a MOABB dataset, as :class:`~bci_dann.data.Recordings` is for a folder of files; in
# its place any other will do. The paradigm cuts the trials, here band-passed from 8 to 30 Hz.

pipelines = {
    "MNE's CSP + LDA": make_pipeline(mne.decoding.CSP(6), LinearDiscriminantAnalysis()),
    "bci_dann CSP + LDA, aligned": make_pipeline(
        ShallowClassifier("csp", "lda", n_components=6, alignment="euclidean")
    ),
    "bci_dann tangent space, aligned": make_pipeline(
        ShallowClassifier("tangent_space", "logistic", alignment="riemannian")
    ),
}
dataset = SimulatedMI(n_subjects=5, n_trials=20, sfreq=64, shift=0.6, random_state=0)
paradigm = LeftRightImagery(fmin=8, fmax=30, tmin=0.5, tmax=3.5, scorer="accuracy")

# %%
# Two protocols
# -------------
# ``cs_mode`` says what training may see of the target: nothing (``"train"``), or all trials without
# labels (``"train_and_target_unlabeled_full"``). MOABB caches results by pipeline and dataset
# alone, so each protocol gets a ``suffix``. ``hdf5_path`` keeps the results out of the home folder.


def evaluate(cs_mode, folder):
    """Return MOABB's results under a protocol."""
    evaluation = CrossSubjectEvaluation(
        paradigm=paradigm, datasets=[dataset], cs_mode=cs_mode, hdf5_path=folder, suffix=cs_mode
    )
    return evaluation.process(pipelines)


results = {}
with (
    tempfile.TemporaryDirectory() as folder,
    mne.use_log_level("error"),  # CSP reports each covariance that it estimates
    warnings.catch_warnings(),
):
    # from within MOABB 1.7, which writes its file without naming a type of numbers
    warnings.filterwarnings("ignore", "Creating a dataset without passing")
    for cs_mode in ("train", "train_and_target_unlabeled_full"):
        results[cs_mode] = evaluate(cs_mode, folder)

results["train"][["pipeline", "subject", "score", "samples"]].head(3)

# %%
# What to look at
# ---------------
# One dot is one subject, a line the mean. In ``train`` an alignment has a reference of the sources
# only, and whitens the target by theirs; in the other protocol the target gets its own. The scorer
# is accuracy. MOABB's default for two classes, the area under the ROC curve within a session, does
# not see when all outputs of a subject move to one side.

fig, axes = plt.subplots(1, 2, figsize=(7, 3.8), sharey=True, layout="constrained")
for ax, (cs_mode, table) in zip(axes, results.items(), strict=True):
    for index, (name, colour) in enumerate(COLOURS.items()):
        scores = 100 * table.loc[table["pipeline"] == name, "score"].astype(float)
        ax.hlines(scores.mean(), index - 0.3, index + 0.3, color=colour, lw=4)
        ax.scatter([index] * len(scores), scores, s=24, color=colour, label=name)
    ax.axhline(50, color="#222222", lw=1, ls=":")
    ax.set_xticks([])
    ax.set_title(cs_mode, fontsize=10)
axes[0].set_ylabel("accuracy on the target (%)")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)

# %%
# Two pipelines subject by subject, by MOABB's own plot: above the diagonal the second one is
# better. (Its plotting module restyles matplotlib when it is imported, hence the late import.)

from moabb.analysis.plotting import paired_plot

first, _, last = COLOURS
with plt.rc_context():
    fig = paired_plot(results["train_and_target_unlabeled_full"], first, last)

# %%
# What to take from it
# --------------------
# * Any file of ``pipelines/`` runs in MOABB as it is: ``parse_pipelines_from_directory`` reads
#   them.
# * MOABB's ``random_state`` does not reach the networks: set that of each pipeline.
# * MOABB's arrays do not say which session a trial is from, so there the target is aligned as one
#   domain. ``return_epochs=True`` brings the sessions back.
#
# **References**
#
# Chevallier, Carrara, Aristimunha, Guetschel, Sedlar, Lopes, Velut, Khazem and Moreau (2024), "The
# largest EEG-based BCI reproducibility study for open science: the MOABB benchmark",
# arXiv:2404.15319. https://arxiv.org/abs/2404.15319
