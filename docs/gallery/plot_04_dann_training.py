"""
Monitoring DANN training
========================

Domain-adversarial training (Ganin et al. 2016) combines two opposing losses. A domain classifier D
learns to predict the subject from the features. The features are trained to predict the imagined
hand, and, through a gradient reversal, to make D fail. This example monitors both losses while an
EEGNet (Lawhern et al. 2018) is trained, and shows the resulting features with and without the
adversary.
"""

from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.decomposition import PCA

from bci_dann import NetworkClassifier, load_dataset
from bci_dann.objectives import DomainAdversary

COLOURS = {
    "left_hand": "#0072B2",
    "right_hand": "#D55E00",
    "subject 1": "#332288",
    "subject 2": "#44AA99",
    "subject 3": "#DDCC77",
    "subject 4": "#CC6677",
    "source only": "#7F7F7F",
    "DANN": "#E69F00",
}

trials = load_dataset(
    "SimulatedMI",
    n_subjects=4,
    n_trials=30,
    sfreq=64,
    random_state=0,
    preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
)
new = trials.subjects == "4"
source, target = trials[~new], trials[new]

# %%
# An adversary that logs its accuracy
# -----------------------------------
# The training history of a fitted network, ``history_``, contains each summand of the loss for each
# epoch, but not the accuracy of D. So this class extends the built-in adversary to log it, as a
# user-defined term (:ref:`sphx_glr_auto_gallery_plot_09_own_loss.py`). It appends to a Python list,
# which a captured CUDA graph could not do, hence ``replayable = False``.


class LoggedAdversary(DomainAdversary):
    """A domain adversary that logs the accuracy of its domain classifier at each step."""

    replayable = False
    log: ClassVar[list[tuple[float, float]]] = []

    def forward(self, batch):
        """Return the domain loss of a batch, and log progress and domain accuracy."""
        with torch.no_grad():
            correct = self.head(batch.features).argmax(1) == batch.domains
        self.log.append((float(batch.progress), float(correct.float().mean())))
        return super().forward(batch)


# %%
# Training with and without the adversary
# ---------------------------------------
# ``gamma`` is the steepness of the schedule that increases the gradient reversal. With 0 the
# reversal is off during the whole training: D learns to predict the subjects without influence on
# the features, as in plain training. With 10, the default, the features are trained against D.
# Trials are not aligned here, so that subjects differ clearly. ``"__main__:LoggedAdversary"`` is
# the class of this script; in a file ``my_terms.py`` it would be ``"my_terms:LoggedAdversary"``.

MAX_EPOCHS = 30
ADVERSARY_WEIGHT = 0.3


def train(gamma):
    """Return a trained network, and the log of its adversary."""
    LoggedAdversary.log.clear()
    adversary = {"__main__:LoggedAdversary": {"weight": ADVERSARY_WEIGHT, "gamma": gamma}}
    model = NetworkClassifier(
        {"name": "EEGNet", "kernel_length": 32},
        alignment=None,
        terms=adversary,
        max_epochs=MAX_EPOCHS,
        lr=2e-3,
        random_state=0,
    )
    model.fit(source, source.y, X_target_unlabeled=target.unlabelled())
    return model, np.array(LoggedAdversary.log)


runs = {"source only": train(0.0), "DANN": train(10.0)}
for name, (model, _) in runs.items():
    print(f"{name}: accuracy on the target {model.score(target, target.y):.2f}")

# %%
# The two losses and the domain accuracy
# --------------------------------------
# Left: the label loss on the sources decreases in both trainings; with the adversary it is slightly
# higher. Right: without the reversal, D soon predicts the subject of nearly every trial. With the
# reversal its accuracy is lower. It would be at chance if the features contained no information on
# the subject.

fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
epochs = np.arange(1, MAX_EPOCHS + 1)
for name, (model, log) in runs.items():
    label_loss = [epoch["classification"] for epoch in model.history_]
    axes[0].plot(epochs, label_loss, color=COLOURS[name], label=name)
    epoch_of_step = np.floor(log[:, 0] * MAX_EPOCHS + 1e-6).astype(int)
    domain_accuracy = [100 * log[epoch_of_step == epoch, 1].mean() for epoch in range(MAX_EPOCHS)]
    axes[1].plot(epochs, domain_accuracy, color=COLOURS[name], label=name)
axes[1].axhline(25, color="#222222", lw=1, ls=":")
axes[1].annotate("chance: one of four subjects", (MAX_EPOCHS, 25), ha="right", va="bottom")
axes[0].set(
    title="label loss (sources)", xlabel="epoch", ylabel="cross-entropy (nat)", ylim=(0, None)
)
axes[1].set(
    title="domain classifier D", xlabel="epoch", ylabel="domain accuracy (%)", ylim=(0, 105)
)
axes[0].legend(frameon=False)

# %%
# Features with and without the adversary
# ---------------------------------------
# The first two principal components of the features of all trials in both networks, by
# subject (above) and by class (below). Subject 4 is the target.

fig, axes = plt.subplots(2, 2, figsize=(7, 6), layout="constrained")
for column, (name, (model, _)) in zip(axes.T, runs.items(), strict=True):
    points = PCA(2).fit_transform(model.transform(trials))
    for subject in np.unique(trials.subjects):
        here, label = trials.subjects == subject, f"subject {subject}"
        column[0].scatter(*points[here].T, s=14, color=COLOURS[label], label=label)
    for label, marker in (("left_hand", "o"), ("right_hand", "^")):
        for chosen, filled in ((~new, False), (new, True)):
            here = chosen & (trials.y == label)
            column[1].scatter(
                *points[here].T,
                s=16,
                marker=marker,
                facecolor=COLOURS[label] if filled else "none",
                edgecolor=COLOURS[label],
                lw=0.8,
                label=f"{label.replace('_', ' ')}, {'target' if filled else 'sources'}",
            )
    column[0].set_title(name)
    column[1].set_xlabel("component 1")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
for row in axes:
    row[0].set_ylabel("component 2")
    row[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, handletextpad=0)

# %%
# Conclusions
# -----------
# * Monitor the domain accuracy. Near its maximum the adversary has no effect; exactly at chance its
#   weight may be so large that the label loss no longer decreases.
# * Features that do not separate subjects need not separate classes: the adversary does not use
#   classes, and may map the left hand of one subject onto the right hand of another.
# * :class:`bci_dann.DANNClassifier` is this network with the built-in adversary at a weight of
#   0.1, after Euclidean alignment. Alignment removes most of the differences that D uses here.
#
# **References**
#
# Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky (2016),
# "Domain-adversarial training of neural networks", Journal of Machine Learning Research 17(59),
# 1-35. https://jmlr.org/papers/v17/15-239.html
#
# Lawhern, Solon, Waytowich, Gordon, Hung and Lance (2018), "EEGNet: a compact convolutional neural
# network for EEG-based brain-computer interfaces", Journal of Neural Engineering 15(5), 056013.
# https://doi.org/10.1088/1741-2552/aace8c
