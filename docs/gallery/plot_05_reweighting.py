r"""
Reweighting, and its effective sample size
==========================================

Let :math:`p_T(x)` be the distribution of inputs in the target, and :math:`p_S(x)` that in the
sources. If the class depends on the input in the same way in both, source trials weighted by
:math:`w(x) = p_T(x) / p_S(x)` represent the target (Shimodaira 2000; Sugiyama et al. 2007). The
odds of a classifier between source and target estimate this ratio (Bickel et al. 2009):

.. math:: w(x) \propto \frac{p}{1 - p}, \qquad p = P(\mathrm{target} \mid x).

Two numbers show how reliable such weights are: the *domain AUC* and the *effective sample size*.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from bci_dann.reweighting import top_share, weigh_sources

COLOURS = {
    "source": "#7F7F7F",
    "target": "#009E73",
    "reweighting": "#AA4499",
    "source only": "#7F7F7F",
}

# %%
# The odds of a domain classifier are a density ratio
# ---------------------------------------------------
# One feature, with a standard normal distribution in the sources, and the same distribution shifted
# by one standard deviation in the target. :func:`bci_dann.reweighting.weigh_sources` returns
# weights with mean 1 and their diagnostics. The probabilities are cross-validated: no trial is
# predicted by a classifier that was trained on it. The dots are close to the true ratio, and the
# weighted mean of the sources is close to the mean of the target.

rng = np.random.default_rng(0)
source, target = rng.normal(0, 1, (400, 1)), rng.normal(1, 1, (400, 1))
weighed = weigh_sources(source, target, "logistic", random_state=0)

x = np.linspace(-3, 4, 200)
true_ratio = np.exp(x - 0.5)
weighted_mean = np.average(source[:, 0], weights=weighed.weights)

fig, axes = plt.subplots(2, 1, figsize=(7, 4.6), sharex=True, layout="constrained")
bins = np.linspace(-3, 4, 36)
axes[0].hist(source[:, 0], bins, color=COLOURS["source"], alpha=0.5, label="sources")
axes[0].hist(target[:, 0], bins, color=COLOURS["target"], alpha=0.5, label="target")
axes[0].hist(
    source[:, 0],
    bins,
    weights=weighed.weights,
    histtype="step",
    lw=1.5,
    color=COLOURS["reweighting"],
    label="sources, weighted",
)
axes[0].axvline(weighted_mean, color=COLOURS["reweighting"], ls=":", label="weighted mean")
axes[0].set_ylabel("trials")
axes[1].plot(x, true_ratio, color="#222222", lw=1, label="true density ratio")
axes[1].plot(
    source[:, 0],
    weighed.weights,
    ".",
    ms=4,
    color=COLOURS["reweighting"],
    label="weight of a trial",
)
axes[1].set(xlabel="feature (standard deviations)", ylabel="weight", ylim=(0, 12))
for ax in axes:
    ax.legend(loc="upper left", frameon=False)
print(f"domain AUC {weighed.domain_auc:.2f}")
print(f"effective sample size {weighed.effective_sample_size:.0f} of {len(source)}")

# %%
# Decreasing overlap
# ------------------
# Here the target is shifted further away. The domain AUC is the probability that the domain
# classifier ranks a target trial above a source trial: 0.5 if the domains are indistinguishable, 1
# if they do not overlap. The effective sample size of the weights, :math:`(\sum w)^2 / \sum w^2`
# (Kish 1965), is the equivalent number of trials with equal weights. It decreases with the
# distance, since fewer and fewer source trials resemble the target, and these have most of the
# weight.
#
# At large distances the effective sample size increases again, which is misleading. Probabilities
# are clipped to 0.01 and 0.99 (``clip``), so if all source trials are very different from the
# target, their clipped weights are all equal, and equal weights have no effect. The domain AUC
# distinguishes the two cases.

distances = np.linspace(0, 8, 17)
rows = []
for distance in distances:
    moved = rng.normal(distance, 1, (400, 1))
    one = weigh_sources(source, moved, "logistic", random_state=0)
    rows.append((one.domain_auc, one.effective_sample_size / 400, top_share(one.weights, 0.05)))
auc, share, heaviest = np.array(rows).T

fig, axes = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
axes[0].plot(distances, auc, marker="o", ms=4, color="#222222")
axes[0].axhline(0.95, color="#222222", lw=1, ls=":")
axes[0].annotate("above the dotted line\nmethods warn", (8, 0.9), ha="right", va="top")
axes[0].set(ylabel="domain AUC", ylim=(0.45, 1.02))
for values, marker, colour, label in (
    (share, "o", "reweighting", "effective sample size (of all trials)"),
    (heaviest, "s", "source", "heaviest 5 % of trials (of all weight)"),
):
    axes[1].plot(distances, 100 * values, marker=marker, ms=4, color=COLOURS[colour], label=label)
axes[1].set(ylabel="share (%)", ylim=(0, 105))
axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
for ax in axes:
    ax.set_xlabel("distance of the target (standard deviations)")

# %%
# When reweighting helps
# ----------------------
# Weights change a fitted model only if it cannot be correct for all inputs. Here the true boundary
# between the classes is a curve, and the model is a straight line, which can be correct only in one
# region: without weights near the centre of the sources, with weights near the target. If the
# target is far from all sources, no weights can replace the missing data there.


def curve(x):
    """Return the height of the true boundary over the first axis."""
    return -np.cos(1.2 * x)


def sample(centre, n_trials=400):
    """Draw trials around a centre on the first axis, with their class: above or below the curve."""
    X = rng.normal([centre, 0], [1.0, 0.8], (n_trials, 2))
    return X, X[:, 1] > curve(X[:, 0])


X_source, y_source = sample(0.0)
grid = np.linspace(-2.7, 7.2, 200)
fig, axes = plt.subplots(1, 2, figsize=(7, 4.2), sharey=True, layout="constrained")
for ax, (title, centre) in zip(axes, {"overlap": 1.5, "no overlap": 5.0}.items(), strict=True):
    X_target, y_target = sample(centre)
    weights = weigh_sources(X_source, X_target, "logistic", random_state=0)
    ax.scatter(*X_source.T, s=4 + 6 * weights.weights, color=COLOURS["source"], alpha=0.35, lw=0)
    ax.scatter(*X_target.T, s=4, color=COLOURS["target"], alpha=0.6, lw=0)
    ax.plot(grid, curve(grid), color="#222222", lw=1, ls="--")
    lines = [
        title,
        f"domain AUC {weights.domain_auc:.2f}",
        f"effective sample size {weights.effective_sample_size:.0f} of {len(X_source)}",
    ]
    for name, given in (("source only", None), ("reweighting", weights.weights)):
        model = LogisticRegression().fit(X_source, y_source, sample_weight=given)
        line = -(model.intercept_ + model.coef_[0, 0] * grid) / model.coef_[0, 1]
        ax.plot(grid, line, color=COLOURS[name], lw=2.5)
        lines.append(f"accuracy on the target, {name}: {model.score(X_target, y_target):.0%}")
    ax.set_title("\n".join(lines), fontsize=9)
    ax.set(xlabel="feature 1 (arbitrary unit)", ylim=(-3, 3), xlim=(grid[0], grid[-1]))
axes[0].set_ylabel("feature 2 (arbitrary unit)")
handles = [
    plt.Line2D([], [], ls="", marker="o", color=COLOURS["source"], label="source (size: weight)"),
    plt.Line2D([], [], ls="", marker="o", color=COLOURS["target"], label="target"),
    plt.Line2D([], [], color="#222222", lw=1, ls="--", label="true boundary"),
    plt.Line2D([], [], color=COLOURS["source only"], lw=2.5, label="source only"),
    plt.Line2D([], [], color=COLOURS["reweighting"], lw=2.5, label="reweighting"),
]
fig.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)

# %%
# Conclusions
# -----------
# * Check both numbers before you trust weights: a domain AUC near 1 means that the domains do not
#   overlap, and a small effective sample size means that few trials determine the result. Methods
#   with a ``weighting`` warn in both cases; results tables have the columns ``ess`` and
#   ``domain_auc``.
# * Without overlap, use alignment (:ref:`sphx_glr_auto_gallery_plot_03_alignment.py`), estimate the
#   weights from fewer features (``n_components``), or temper them (``temper`` below 1).
# * Reweighting assumes that the same input has the same class in every subject. For EEG that is
#   a strong assumption.
#
# **References**
#
# Bickel, Brückner and Scheffer (2009), "Discriminative learning under covariate shift", Journal of
# Machine Learning Research 10, 2137-2155. https://jmlr.org/papers/v10/bickel09a.html
#
# Kish (1965), "Survey Sampling", Wiley.
#
# Shimodaira (2000), "Improving predictive inference under covariate shift by weighting the
# log-likelihood function", Journal of Statistical Planning and Inference 90(2), 227-244.
# https://doi.org/10.1016/S0378-3758(00)00115-4
#
# Sugiyama, Krauledat and Müller (2007), "Covariate shift adaptation by importance weighted cross
# validation", Journal of Machine Learning Research 8, 985-1005.
# https://jmlr.org/papers/v8/sugiyama07a.html
