"""
Domain-adversarial training in two dimensions
=============================================

This example has two domains, two classes and two features, so that everything can be drawn. A plain
network learns a decision boundary from the labelled *source* that fails on the shifted *target*.
With a domain adversary (DANN; Ganin et al. 2016), the same network finds a boundary that is correct
for both domains, without any labels of the target.
"""

import matplotlib.pyplot as plt
import numpy as np

from bci_dann import DANNClassifier
from bci_dann.data.simulation.toy_vectors import rotated_moons, shifted_blobs

COLOURS = {"class 0": "#0072B2", "class 1": "#D55E00", "boundary": "#222222"}

# %%
# Two toy datasets
# -----------------
# *Shifted blobs*: the two classes are next to each other, and the target is shifted up and to
# the right. *Rotated moons*: the two half circles of Ganin et al. (2016, section 5.1.1), rotated by
# 35 degrees in the target. The figure shows labels of the target, but no method uses them in
# training.

pairs = {
    "shifted blobs": shifted_blobs(200, random_state=0),
    "rotated moons": rotated_moons(200, random_state=2),
}


def draw_samples(ax, pair):
    """Draw the source as small crosses, and the target as circles, by class."""
    for label in (0, 1):
        colour = COLOURS[f"class {label}"]
        source, target = (
            pair.X_source[pair.y_source == label],
            pair.X_target[pair.y_target == label],
        )
        ax.scatter(*source.T, marker="x", s=14, lw=0.8, alpha=0.6, color=colour)
        ax.scatter(*target.T, marker="o", s=14, lw=0.4, color=colour, edgecolor="white")
    ax.set(xlabel="feature 1 (arbitrary unit)", aspect="equal")


fig, axes = plt.subplots(1, 2, figsize=(7, 3.3), layout="constrained")
for ax, (name, pair) in zip(axes, pairs.items(), strict=True):
    draw_samples(ax, pair)
    ax.set_title(name)
axes[0].set_ylabel("feature 2 (arbitrary unit)")
handles = [
    plt.Line2D([], [], ls="", marker="x", color="gray", label="source"),
    plt.Line2D([], [], ls="", marker="o", color="gray", label="target"),
    *(
        plt.Line2D([], [], ls="", marker="s", color=COLOURS[name], label=name)
        for name in ("class 0", "class 1")
    ),
]
fig.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)

# %%
# With and without the adversary
# ------------------------------
# :class:`bci_dann.DANNClassifier` accepts feature vectors as well as EEG trials; ``"MLP"`` is a
# small fully connected network. The objective is the label loss on the source plus the loss of a
# domain classifier, which gets the features through a gradient reversal layer: the domain
# classifier learns to distinguish the domains, and the features learn to prevent this. A weight of
# 0 disables the adversary, which is plain training on the source. Learning rate, weight and seed
# were chosen by the accuracy on the target, which is acceptable only in a demonstration.

SETTINGS = {
    "shifted blobs": ({"backbone": "MLP", "lr": 2e-3, "max_epochs": 60, "random_state": 0}, 2.0),
    "rotated moons": (
        {
            "backbone": {"name": "MLP", "hidden": [15]},
            "lr": 1e-2,
            "max_epochs": 100,
            "random_state": 2,
        },
        1.0,
    ),
}


def train(name, weight):
    """Return a network that was trained with an adversary of this weight."""
    parameters, pair = SETTINGS[name][0], pairs[name]
    model = DANNClassifier(**parameters, terms={"domain_adversary": weight})
    return model.fit(pair.X_source, pair.y_source, X_target_unlabeled=pair.X_target)


models = {
    (name, method): train(name, weight)
    for name, (_, strength) in SETTINGS.items()
    for method, weight in (("source only", 0.0), ("DANN", strength))
}

# %%
# Results
# -------
# The background colour is the class that the network predicts at each point; the line is the
# decision boundary. On the left, the boundary runs through the samples of the target (circles); on
# the right, it separates their classes.


def draw_regions(ax, model, pair):
    """Shade the plane by the predicted class, and draw the decision boundary."""
    both = np.vstack([pair.X_source, pair.X_target])
    (x_low, y_low), (x_high, y_high) = both.min(0) - 0.4, both.max(0) + 0.4
    x, y = np.meshgrid(np.linspace(x_low, x_high, 150), np.linspace(y_low, y_high, 150))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)
    probability = model.predict_proba(points)[:, 1].reshape(x.shape)
    shades = [COLOURS["class 0"], COLOURS["class 1"]]
    ax.contourf(x, y, probability, levels=[0, 0.5, 1], colors=shades, alpha=0.15)
    ax.contour(x, y, probability, levels=[0.5], colors=COLOURS["boundary"], linewidths=1.5)


fig, axes = plt.subplots(2, 2, figsize=(7, 6.4), layout="constrained")
for row, (name, pair) in zip(axes, pairs.items(), strict=True):
    for ax, method in zip(row, ("source only", "DANN"), strict=True):
        model = models[name, method]
        draw_regions(ax, model, pair)
        draw_samples(ax, pair)
        accuracy = model.score(pair.X_target, pair.y_target)
        ax.set_title(f"{name}, {method}\naccuracy on the target {accuracy:.0%}", fontsize=10)
    row[0].set_ylabel("feature 2 (arbitrary unit)")
fig.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)

# %%
# Conclusions
# -----------
# * An adversary can adapt the boundary to the target, because it makes the network use
#   features that both domains share.
# * The adversary has no information on the classes of the target. With some random seeds of the
#   moons it lowers the accuracy.
# * These toy datasets were chosen to show the mechanism. Whether it helps for EEG has to be
#   answered by a benchmark on recordings.
#
# **References**
#
# Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky (2016),
# "Domain-adversarial training of neural networks", Journal of Machine Learning Research 17(59),
# 1-35. https://jmlr.org/papers/v17/15-239.html
