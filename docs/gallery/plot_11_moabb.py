"""
Methods in stock MOABB
======================

Every method is a scikit-learn classifier whose ``fit`` accepts the arguments of MOABB's transfer
protocols. So it can be evaluated by MOABB (Chevallier et al. 2024), together with any other
pipelines, and is scored by MOABB's code.
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
# without any part of this package. The others align the target, with the data of the target that
# the protocol provides. The simulator is a MOABB dataset, like :class:`~bci_dann.data.Recordings`
# for a folder of files; any other dataset may be used instead. The paradigm extracts the trials,
# band-pass filtered from 8 to 30 Hz.

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
# ``cs_mode`` defines the data of the target that are available in training: none (``"train"``), or
# all trials without labels (``"train_and_target_unlabeled_full"``). MOABB caches results only by
# pipeline and dataset, so each protocol needs its own ``suffix``. With ``hdf5_path`` the results
# are not written to the home folder.


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
    # raised inside MOABB 1.7, which creates HDF5 datasets without a dtype
    warnings.filterwarnings("ignore", "Creating a dataset without passing")
    for cs_mode in ("train", "train_and_target_unlabeled_full"):
        results[cs_mode] = evaluate(cs_mode, folder)

results["train"][["pipeline", "subject", "score", "samples"]].head(3)

# %%
# Results
# -------
# Dots are subjects, lines are means. In ``train``, alignment has only references of the sources,
# and whitens the target by their mean; in the other protocol the target has its own reference. The
# scorer is accuracy. MOABB's default for two classes, the area under the ROC curve within a
# session, is insensitive to a shift of all outputs of a subject.

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
# MOABB's paired plot compares two pipelines for each subject: above the diagonal the second one is
# better. (MOABB's plotting module changes the style of matplotlib when it is imported, hence the
# late import.)

from moabb.analysis.plotting import paired_plot

first, _, last = COLOURS
with plt.rc_context():
    fig = paired_plot(results["train_and_target_unlabeled_full"], first, last)

# %%
# Conclusions
# -----------
# * All files of ``pipelines/`` run in MOABB without changes: ``parse_pipelines_from_directory``
#   reads them.
# * MOABB does not pass its ``random_state`` to the networks: set that of each pipeline.
# * MOABB's arrays lack the sessions of the trials, so the target is aligned as one
#   domain. With ``return_epochs=True`` the sessions are known.
#
# **References**
#
# Chevallier, Carrara, Aristimunha, Guetschel, Sedlar, Lopes, Velut, Khazem and Moreau (2024), "The
# largest EEG-based BCI reproducibility study for open science: the MOABB benchmark",
# arXiv:2404.15319. https://arxiv.org/abs/2404.15319
