"""
A shift between subjects, shown
===============================

EEG of two subjects differs even when both do the same: electrodes sit elsewhere, gains and rhythms
differ, the background is another. For a decoder this is a *covariate shift*: its input has another
distribution in the new subject. The simulator draws such differences in known amounts, so that the
shift can be dialled and looked at.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

from bci_dann import load_dataset
from bci_dann.features.tangent_space import tangent_space

COLOURS = {
    "left_hand": "#0072B2",
    "right_hand": "#D55E00",
    "subject 1": "#332288",
    "subject 2": "#44AA99",
    "subject 3": "#DDCC77",
    "subject 4": "#CC6677",
    "subject 5": "#AA4499",
    "subject": "#222222",
    "imagined hand": "#009E73",
}
MARKERS = {"left_hand": "o", "right_hand": "^"}

# %%
# Five simulated subjects
# -----------------------
# :class:`bci_dann.data.SimulatedMI` takes the differences between subjects as ``shift``: a number
# for all of them, or a mapping with amounts of single kinds (:class:`bci_dann.data.Shift`). The
# features of a trial are its channel covariances, mapped to the tangent space of symmetric
# positive-definite matrices (Barachant et al. 2012).


def simulate(shift):
    """Return trials of five subjects who differ by this shift."""
    return load_dataset(
        "SimulatedMI",
        n_subjects=5,
        n_trials=20,
        sfreq=64,
        shift=shift,
        random_state=0,
        preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
    )


trials = simulate(1.0)
vectors = tangent_space().fit_transform(trials.X)
components = PCA(2).fit(vectors)
print(f"{len(trials)} trials, {len(trials.ch_names)} channels, {vectors.shape[1]} features")

# %%
# The same trials, coloured twice
# -------------------------------
# Both panels show the same points: the two directions in which the features vary most. Colour them
# by subject, and they fall into clusters; colour them by class, and they are mixed. Subjects
# differ more from each other than left hand from right hand.


def draw_points(ax, points, names, prefix="", marker=None):
    """Draw points coloured by the names that belong to them."""
    for name in np.unique(names):
        here = names == name
        ax.scatter(
            *points[here].T,
            s=16,
            lw=0.3,
            edgecolor="white",
            marker=marker or MARKERS[name],
            color=COLOURS[prefix + name],
            label=prefix + name.replace("_", " "),
        )


points = components.transform(vectors)
shares = components.explained_variance_ratio_
fig, axes = plt.subplots(1, 2, figsize=(7, 3.9), sharey=True, layout="constrained")
draw_points(axes[0], points, trials.subjects, "subject ", "o")
draw_points(axes[1], points, trials.y)
for ax, title in zip(axes, ("coloured by subject", "coloured by class"), strict=True):
    ax.set(title=title, xlabel=f"component 1 ({shares[0]:.0%} of the variance)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2, frameon=False)
axes[0].set_ylabel(f"component 2 ({shares[1]:.0%})")

# %%
# One kind of difference at a time
# --------------------------------
# The amounts are dialled one by one: none, the gains of the electrodes, the background and the
# sensor noise, and the position of cap and sources. :meth:`~bci_dann.data.SimulatedMI.truth`
# returns what was drawn for each subject.

KINDS = {
    "no shift": 0.0,
    "gain: 2": {"gain": 2.0},
    "noise: 2": {"noise": 2.0},
    "head: 2": {"head": 2.0},
}
fig, axes = plt.subplots(1, 4, figsize=(7, 2.5), layout="constrained")
for ax, (title, shift) in zip(axes, KINDS.items(), strict=True):
    one = simulate(shift)
    draw_points(
        ax,
        PCA(2).fit_transform(tangent_space().fit_transform(one.X)),
        one.subjects,
        "subject ",
        "o",
    )
    ax.set(title=title, xticks=[], yticks=[], xlabel="component 1")
axes[0].set_ylabel("component 2")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, handletextpad=0)

# %%
# What the shift does to a decoder
# --------------------------------
# Two questions to the same features, as the amount of all differences grows. How well can the
# subject be told from one trial (cross-validated linear discriminant analysis on ten components)?
# And how well does a decoder find the imagined hand in a subject that it was not trained on
# (logistic regression, one subject left out)?

amounts = [0.0, 0.1, 0.25, 0.5, 1.0]
accuracies = {"subject": [], "imagined hand": []}
for amount in amounts:
    one = simulate(amount)
    features = tangent_space().fit_transform(one.X)
    ten = PCA(10).fit_transform(features)
    told = cross_val_score(LinearDiscriminantAnalysis(), ten, one.subjects, cv=5)
    hands = cross_val_score(
        LogisticRegression(max_iter=1000),
        features,
        one.y,
        groups=one.subjects,
        cv=LeaveOneGroupOut(),
    )
    accuracies["subject"].append(100 * told.mean())
    accuracies["imagined hand"].append(100 * hands.mean())

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, values), marker, chance in zip(
    accuracies.items(), ("s", "o"), (20.0, 50.0), strict=True
):
    ax.plot(amounts, values, marker=marker, color=COLOURS[name], label=name)
    ax.axhline(chance, color=COLOURS[name], lw=1, ls=":")
    ax.annotate(f"chance, {name}", (0.15, chance), va="bottom", color=COLOURS[name])
ax.set(
    xlabel="shift (0: subjects differ in their noise only, 1: the default)",
    ylabel="accuracy (%)",
    ylim=(0, 105),
)
ax.legend(title="told from one trial", loc=(0.65, 0.2), frameon=False)

# %%
# What to take from it
# --------------------
# * The more subjects differ, the easier they are told apart, and the less a decoder of others
#   finds in a new one.
# * Kinds of difference look different: a gain moves whole clusters, which alignment can take back
#   (:ref:`sphx_glr_auto_gallery_plot_03_alignment.py`).
# * Amounts of the simulator are no measurements: they say what a method does when a shift of this
#   kind is there, not how large shifts between recorded subjects are.
#
# **References**
#
# Barachant, Bonnet, Congedo and Jutten (2012), "Multiclass brain-computer interface classification
# by Riemannian geometry", IEEE Transactions on Biomedical Engineering 59(4), 920-928.
# https://doi.org/10.1109/TBME.2011.2172210
