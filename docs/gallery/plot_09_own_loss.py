"""
A loss of one's own
===================

The objective of a network is the label loss plus a weighted sum of *terms*, such as the domain
adversary. A term of one's own is one short class. Here it draws together the mean features of
sources and target, the simplest form of moment matching (Gretton et al. 2012 with a linear kernel).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA

from bci_dann import NetworkClassifier, load_dataset
from bci_dann.objectives import Term

COLOURS = {"source": "#7F7F7F", "target": "#009E73"}
WEIGHT_COLOURS = {0.0: "#7F7F7F", 0.1: "#CC79A7", 1.0: "#882255"}

# %%
# The class
# ---------
# A :class:`bci_dann.objectives.Term` maps a :class:`~bci_dann.objectives.BatchView` to a scalar.
# The view holds features, logits, labels, domains and ``is_target``. ``source_share`` is one over
# the number of source trials for sources and 0 for the target, so that a weighted sum is a mean;
# terms multiply by such weights instead of selecting trials, since stacks of networks are trained
# on batches of one shape. A parameter of the constructor is kept under its own name.


class MeanMatching(Term):
    """Squared distance between the mean features of sources and target.

    Parameters
    ----------
    standardise : bool
        Whether each feature is divided by its standard deviation over the batch.
    """

    features_only = True

    def __init__(self, standardise: bool = True) -> None:
        super().__init__()
        self.standardise = standardise

    def forward(self, batch):
        """Return the distance in a batch, a scalar."""
        features = batch.features
        if self.standardise:
            features = features / features.detach().std(0).clamp(min=1e-6)
        difference = (batch.source_share - batch.target_share) @ features
        return difference.square().mean()


# %%
# In a method
# -----------
# Terms go into any network method by their name and weight. In a file ``my_losses.py`` on Python's
# path the class is ``"my_losses:MeanMatching"``, in Python as in the YAML of a pipeline, and such a
# model can be saved and loaded; the class of a script is ``"__main__:MeanMatching"``. Trials are
# not aligned here, so that there is a difference of means to begin with.

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


def train(weight):
    """Return a network that was trained with the term at this weight."""
    model = NetworkClassifier(
        {"name": "EEGNet", "kernel_length": 32},
        alignment=None,
        terms={"__main__:MeanMatching": {"weight": weight, "standardise": True}},
        max_epochs=20,
        lr=2e-3,
        random_state=0,
    )
    return model.fit(source, source.y, X_target_unlabeled=target.unlabelled())


models = {weight: train(weight) for weight in WEIGHT_COLOURS}
print("the last epoch at a weight of 1:", models[1.0].history_[-1])

# %%
# What to look at
# ---------------
# The history of training holds the summands of the loss by their names, with their weights. Left:
# the label loss on the sources; a term that is too strong shows here. Right: how far the mean of
# each feature is apart after training, in standard deviations. With a weight of 0 the term is left
# out.


def mean_differences(model):
    """Return the distance of the means of each feature (standard deviations)."""
    features = model.transform(trials)
    return np.abs(features[~new].mean(0) - features[new].mean(0)) / features.std(0)


fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for index, (weight, model) in enumerate(models.items()):
    colour = WEIGHT_COLOURS[weight]
    label_loss = [epoch["classification"] for epoch in model.history_]
    axes[0].plot(range(1, 21), label_loss, color=colour, label=f"weight {weight:g}")
    values = mean_differences(model)
    spread = np.random.default_rng(0).uniform(-0.15, 0.15, len(values))
    axes[1].scatter(index + spread, values, s=10, color=colour, alpha=0.7)
    axes[1].hlines(values.mean(), index - 0.25, index + 0.25, color=colour, lw=3)
axes[0].set(xlabel="epoch", ylabel="label loss (nat)", xticks=range(0, 21, 5))
axes[0].legend(frameon=False)
axes[1].set_xticks(range(3), [f"{weight:g}" for weight in models])
axes[1].set(xlabel="weight of the term", ylabel="difference of means (SD)", ylim=(0, None))

# %%
# The features themselves, on their first two principal components: sources and target.

fig, axes = plt.subplots(1, 3, figsize=(7, 3.1), layout="constrained")
for ax, (weight, model) in zip(axes, models.items(), strict=True):
    points = PCA(2).fit_transform(model.transform(trials))
    for name, chosen in (("source", ~new), ("target", new)):
        ax.scatter(*points[chosen].T, s=10, color=COLOURS[name], label=name)
    accuracy = model.score(target, target.y)
    ax.set_title(f"weight {weight:g}\naccuracy on the target {accuracy:.0%}", fontsize=10)
    ax.set(xticks=[], yticks=[], xlabel="component 1")
axes[0].set_ylabel("component 2")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)

# %%
# What to take from it
# --------------------
# * A term is one class with ``forward``. Name, weight, schedule, parameters in YAML, saving and a
#   place in every results table come with it.
# * Set ``needs_target = False`` for a term that works without target trials, and make layers whose
#   widths depend on the network in ``build``.
# * Equal means are not equal distributions, and say nothing about classes: judge a term by a
#   benchmark, never by how well it does what it was told to do.
#
# **References**
#
# Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), "A kernel two-sample test", Journal of
# Machine Learning Research 13, 723-773. https://jmlr.org/papers/v13/gretton12a.html
