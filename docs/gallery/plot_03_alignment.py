"""
Alignment: re-centring each subject
===================================

The simplest remedy for a shift between subjects is to remove known differences before training:
those of the mean covariance of each subject and session. Euclidean alignment whitens the trials of
each domain by the arithmetic mean of their covariances (He and Wu 2020), Riemannian re-centring by
their Riemannian mean (Zanini et al. 2018). Neither needs labels.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from bci_dann import ShallowClassifier, load_dataset
from bci_dann.alignment import EuclideanAlignment, RiemannianAlignment
from bci_dann.features.tangent_space import tangent_space

COLOURS = {
    "left_hand": "#0072B2",
    "right_hand": "#D55E00",
    "subject 1": "#332288",
    "subject 2": "#44AA99",
    "subject 3": "#DDCC77",
    "subject 4": "#CC6677",
    "subject 5": "#AA4499",
}

trials = load_dataset(
    "SimulatedMI",
    n_subjects=5,
    n_sessions=2,
    n_trials=16,
    sfreq=64,
    random_state=0,
    preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
)

# %%
# Mean covariances before and after
# ---------------------------------
# An alignment estimates one reference covariance for each domain, here for each subject and
# session, and transforms the trials by its inverse square root. The upper row shows that the
# references of three subjects differ. After the transform, the mean covariance of every domain is
# the identity matrix. This is exact for the arithmetic mean of Euclidean alignment, which is shown
# in the lower row.

alignments = {"Euclidean": EuclideanAlignment(), "Riemannian": RiemannianAlignment()}
aligned = {"raw": trials.X}
for name, alignment in alignments.items():
    alignment.fit(trials.X, trials.domains)
    aligned[name] = alignment.transform(trials.X, trials.domains)

domains = ["1/0", "2/0", "3/0"]


def mean_covariance(X):
    """Return the mean covariance of trials."""
    return np.mean(X @ X.swapaxes(1, 2) / X.shape[2], axis=0)


fig, axes = plt.subplots(2, 3, figsize=(7, 4.6), sharex=True, sharey=True, layout="constrained")
rows = {"raw": (150.0, "µV²"), "Euclidean": (1.0, "no unit")}
for row, (name, (limit, unit)) in zip(axes, rows.items(), strict=True):
    for ax, domain in zip(row, domains, strict=True):
        matrix = mean_covariance(aligned[name][trials.domains == domain])
        image = ax.imshow(matrix, cmap="PuOr", vmin=-limit, vmax=limit)
        ax.set_title(f"subject {domain[0]}, {name}", fontsize=10)
        ax.set_xticks(range(0, 15, 2), trials.ch_names[::2], rotation=90, fontsize=8)
        ax.set_yticks(range(0, 15, 2), trials.ch_names[::2], fontsize=8)
    fig.colorbar(image, ax=row, label=f"covariance ({unit})")

# %%
# Features before and after
# -------------------------
# The first two principal components of tangent vectors, coloured by subject and by class. Without
# alignment, the subjects form separate clusters. After alignment, the clusters overlap, and the
# largest variation is the difference between the two hands, which is common to the subjects.

fig, axes = plt.subplots(2, 3, figsize=(7, 5), layout="constrained")
for column, (name, X) in zip(axes.T, aligned.items(), strict=True):
    points = PCA(2).fit_transform(tangent_space().fit_transform(X))
    for subject in np.unique(trials.subjects):
        here = trials.subjects == subject
        label = f"subject {subject}"
        column[0].scatter(*points[here].T, s=10, color=COLOURS[label], label=label)
    for label, marker in (("left_hand", "o"), ("right_hand", "^")):
        here = trials.y == label
        column[1].scatter(
            *points[here].T,
            s=10,
            marker=marker,
            color=COLOURS[label],
            label=label.replace("_", " "),
        )
    column[0].set(title=name, xticks=[], yticks=[])
    column[1].set(xlabel="component 1", xticks=[], yticks=[])
for ax in axes[:, 0]:
    ax.set_ylabel("component 2")
for ax in axes[:, -1]:
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, handletextpad=0)

# %%
# The gain in accuracy
# --------------------
# Common spatial patterns and linear discriminant analysis, with each subject in turn as the target.
# Alignment is a part of the estimator, not a step before it: the estimator gets the unlabelled
# trials of the target in ``fit``, and estimates their reference as well. A separate step of a
# pipeline would not get them.

subjects = np.unique(trials.subjects)


def accuracy(alignment, subject):
    """Return the accuracy (%) on a subject after training on the others."""
    new = trials.subjects == subject
    source, target = trials[~new], trials[new]
    model = ShallowClassifier("csp", "lda", n_components=6, alignment=alignment)
    model.fit(source, source.y, X_target_unlabeled=target.unlabelled())
    return 100 * model.score(target, target.y)


methods = {"none": None, "Euclidean": "euclidean", "Riemannian": "riemannian"}
table = {
    name: [accuracy(alignment, subject) for subject in subjects]
    for name, alignment in methods.items()
}

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for index, subject in enumerate(subjects):
    values = [scores[index] for scores in table.values()]
    label = f"subject {subject}"
    ax.plot(range(3), values, marker="o", color=COLOURS[label], label=label)
means = [np.mean(scores) for scores in table.values()]
ax.plot(range(3), means, color="#222222", lw=3, marker="D", label="mean")
ax.axhline(50, color="#222222", lw=1, ls=":")
ax.annotate("chance", (2.2, 50), ha="right", va="bottom")
ax.set_xticks(range(3), methods)
ax.set(xlim=(-0.25, 2.25), ylim=(40, 102), xlabel="alignment", ylabel="accuracy on the target (%)")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)

# %%
# Conclusions
# -----------
# * Re-centring removes shifts that multiply the signals by a matrix. Gains, cap positions and
#   background activity mostly cause such shifts. The shifts of the simulator are of this kind.
# * The two means are similar if the trials are similar. Single trials of large amplitude have less
#   influence on the Riemannian mean.
# * Take care if the classes of a subject are unequal in number: the mean of the trials is then not
#   the midpoint between the classes.
#
# **References**
#
# He and Wu (2020), "Transfer learning for brain-computer interfaces: a Euclidean space data
# alignment approach", IEEE Transactions on Biomedical Engineering 67(2), 399-410.
# https://doi.org/10.1109/TBME.2019.2913914
#
# Zanini, Congedo, Jutten, Said and Berthoumieu (2018), "Transfer learning: a Riemannian geometry
# framework with applications to brain-computer interfaces", IEEE Transactions on Biomedical
# Engineering 65(5), 1107-1116. https://doi.org/10.1109/TBME.2017.2742541
