"""
Writing a loss term
===================

The objective of a network is the label loss plus a weighted sum of *terms*, such as the domain
adversary. A user-defined term is one short class. In this example it reduces the distance between
the mean features of sources and target, the simplest form of moment matching (Gretton et al. 2012
with a linear kernel).
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
# The view contains features, logits, labels, domains and ``is_target``. ``source_share`` is one
# over the number of source trials for source trials, and 0 for target trials, so that a weighted
# sum is a mean. Terms multiply by such weights instead of selecting trials, since stacks of
# networks are trained on batches of one shape. Parameters of the constructor are stored as
# attributes of the same name, as in scikit-learn.


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
# Using the term in a method
# --------------------------
# All network methods accept terms by name and weight. If the class is in a file ``my_losses.py`` on
# Python's path, its name is ``"my_losses:MeanMatching"``, in Python and in the YAML of a pipeline,
# and the model can be saved and loaded. A class of the running script is
# ``"__main__:MeanMatching"``. Trials are not aligned here, so that the means differ before
# training.

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
print("last epoch with a weight of 1:", models[1.0].history_[-1])

# %%
# Results
# -------
# The training history contains the summands of the loss by name, multiplied by their weights. Left:
# the label loss on the sources, which is high if the term is too strong. Right: the difference of
# the means of each feature between sources and target after training, in standard deviations. With
# a weight of 0 the term is disabled.


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
# The first two principal components of the features of sources and target:

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
# Conclusions
# -----------
# * A term is one class with a method ``forward``. Naming, weights, schedules, parameters in YAML,
#   saving and results tables then work as for built-in terms.
# * Set ``needs_target = False`` for a term that works without target trials, and also
#   ``needs_domains = True`` if it compares subjects. Create layers whose sizes depend on the
#   network in ``build``.
# * Equal means are not equal distributions, and are no evidence for correct classes: judge a term
#   by a benchmark, not by the value of its own loss.
#
# **References**
#
# Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), "A kernel two-sample test", Journal of
# Machine Learning Research 13, 723-773. https://jmlr.org/papers/v13/gretton12a.html
