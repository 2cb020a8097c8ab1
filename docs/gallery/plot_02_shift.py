"""
The shift between subjects
==========================

EEG differs between subjects even when they perform the same task: electrode positions, gains,
rhythms and background activity differ. For a decoder this is a *covariate shift*: the distribution
of its inputs changes in the new subject. The simulator generates such differences in known amounts,
so that their effects can be studied.
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
# The parameter ``shift`` of :class:`bci_dann.data.SimulatedMI` sets the differences between
# subjects: one number for all kinds of differences, or a mapping with an amount for each kind
# (:class:`bci_dann.data.Shift`). The features of a trial are its channel covariances, mapped to the
# tangent space of symmetric positive-definite matrices (Barachant et al. 2012).


def simulate(shift):
    """Return trials of five subjects with this shift between them."""
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
# Trials by subject and by class
# ------------------------------
# Both panels show the same points, the first two principal components of the features. Coloured
# by subject, the points form clusters; coloured by class, they are mixed. The differences between
# subjects are larger than those between left and right hand.


def draw_points(ax, points, names, prefix="", marker=None):
    """Draw points with one colour for each name."""
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
# The panels show no shift, different gains of the electrodes, different background activity and
# sensor noise, and different positions of cap and sources. :meth:`~bci_dann.data.SimulatedMI.truth`
# returns the parameters that were drawn for each subject.

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
# The effect of the shift on a decoder
# ------------------------------------
# The same features are used for two classifications, with an increasing amount of all differences.
# How well can the subject be identified from one trial (cross-validated linear discriminant
# analysis on ten components)? And how well does a decoder classify the imagined hand of a subject
# who is not in its training data (logistic regression, leave one subject out)?

amounts = [0.0, 0.1, 0.25, 0.5, 1.0]
accuracies = {"subject": [], "imagined hand": []}
for amount in amounts:
    one = simulate(amount)
    features = tangent_space().fit_transform(one.X)
    ten = PCA(10).fit_transform(features)
    identified = cross_val_score(LinearDiscriminantAnalysis(), ten, one.subjects, cv=5)
    hands = cross_val_score(
        LogisticRegression(max_iter=1000),
        features,
        one.y,
        groups=one.subjects,
        cv=LeaveOneGroupOut(),
    )
    accuracies["subject"].append(100 * identified.mean())
    accuracies["imagined hand"].append(100 * hands.mean())

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, values), marker, chance in zip(
    accuracies.items(), ("s", "o"), (20.0, 50.0), strict=True
):
    ax.plot(amounts, values, marker=marker, color=COLOURS[name], label=name)
    ax.axhline(chance, color=COLOURS[name], lw=1, ls=":")
    ax.annotate(f"chance, {name}", (0.15, chance), va="bottom", color=COLOURS[name])
ax.set(
    xlabel="shift (0: subjects differ only in their noise, 1: the default)",
    ylabel="accuracy (%)",
    ylim=(0, 105),
)
ax.legend(title="classified from one trial", loc=(0.65, 0.2), frameon=False)

# %%
# Conclusions
# -----------
# * The larger the differences, the easier it is to identify subjects, and the worse a decoder
#   performs on a new subject.
# * Different kinds of shift have different effects: gains move whole clusters, which alignment can
#   undo (:ref:`sphx_glr_auto_gallery_plot_03_alignment.py`).
# * The amounts in the simulator are not estimated from recordings. They show how a method reacts to
#   a kind of shift, not how large the shift between real subjects is.
#
# **References**
#
# Barachant, Bonnet, Congedo and Jutten (2012), "Multiclass brain-computer interface classification
# by Riemannian geometry", IEEE Transactions on Biomedical Engineering 59(4), 920-928.
# https://doi.org/10.1109/TBME.2011.2172210
