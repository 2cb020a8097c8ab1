"""
A few labels of the new subject
===============================

A short calibration gives a few labelled trials of a new subject. How many are needed, and how much
do other subjects still contribute? Three decoders are compared for an increasing number of labelled
trials: one trained only on the new subject, one trained only on the others, and one trained on
both.
"""

import matplotlib.pyplot as plt
import numpy as np

from bci_dann import RiemannianClassifier, load_dataset

COLOURS = {
    "new subject alone": "#D55E00",
    "others alone": "#7F7F7F",
    "others and new subject": "#009E73",
}

trials = load_dataset(
    "SimulatedMI",
    n_subjects=5,
    n_trials=30,
    sfreq=64,
    random_state=0,
    preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
)

# %%
# A fair comparison
# -----------------
# The last 20 trials of each subject are scored, for any number of labels; the labelled trials are
# the first ones of each class. All decoders use the unlabelled trials of the new subject for
# alignment. All are :class:`bci_dann.RiemannianClassifier`: a linear classifier of tangent vectors
# of re-centred covariances, in which a labelled trial of the target has twice the weight of a
# source trial (``target_label_weight``).

COUNTS = (1, 2, 4, 8, 15)


def split_target(trials, count):
    """Return labelled first trials of each class, all others unlabelled, and scored trials."""
    early = trials.y[:-20]
    first = np.concatenate([np.flatnonzero(early == name)[:count] for name in np.unique(early)])
    labelled = np.isin(np.arange(len(trials)), first)
    return trials[labelled], trials[~labelled].unlabelled(), trials[-20:]


def new_decoder():
    """Return an unfitted decoder, simplified to keep this example fast."""
    return RiemannianClassifier(n_windows=1, n_delays=1, robust=False)


def scores_of(subject):
    """Return the accuracy of each decoder for each number of labels of one new subject."""
    new = trials.subjects == subject
    source, target = trials[~new], trials[new]
    rows = []
    for count in COUNTS:
        labelled, unlabelled, scored = split_target(target, count)
        both = new_decoder().fit(
            source,
            source.y,
            X_target_unlabeled=unlabelled,
            X_target_labeled=labelled,
            y_target_labeled=labelled.y,
        )
        alone = new_decoder().fit(labelled, labelled.y, X_target_unlabeled=unlabelled)
        rows.append([alone.score(scored, scored.y), both.score(scored, scored.y)])
    others = new_decoder().fit(source, source.y, X_target_unlabeled=target.unlabelled())
    constant = [others.score(scored, scored.y)] * len(COUNTS)
    alone, both = np.transpose(rows)
    return dict(zip(COLOURS, (alone, constant, both), strict=True))


by_subject = [scores_of(subject) for subject in np.unique(trials.subjects)]

# %%
# Results
# -------
# Thick lines are means over subjects, thin lines single subjects. Where the orange line crosses the
# grey line, a calibration is worth as much as the other subjects; with fewer labels, the other
# subjects are worth more. The distance of the green line from the grey one is the gain by labels
# for a decoder with alignment.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, marker in zip(COLOURS, ("^", "s", "o"), strict=True):
    values = 100 * np.array([scores[name] for scores in by_subject])
    ax.plot(COUNTS, values.T, color=COLOURS[name], lw=0.6, alpha=0.4)
    ax.plot(COUNTS, values.mean(0), color=COLOURS[name], lw=2.5, marker=marker, label=name)
ax.axhline(50, color="#222222", lw=1, ls=":")
ax.annotate("chance", (15, 50), ha="right", va="top")
ax.set_xscale("log", base=2)
ax.set_xticks(COUNTS, COUNTS)
ax.set(
    xlabel="labelled trials of each class of the new subject",
    ylabel="accuracy on later trials (%)",
    ylim=(40, 102),
)
ax.legend(title="trained on labels of", loc="lower right", bbox_to_anchor=(1, 0.18), frameon=False)

# %%
# Conclusions
# -----------
# * Pass labelled and unlabelled trials of the target to ``fit`` together: ``X_target_labeled``,
#   ``y_target_labeled`` and ``X_target_unlabeled``.
# * In a benchmark, the protocols ``semisupervised_1`` to ``semisupervised_20`` do the same. There,
#   the scored trials depend on the number of labels, so compare each result with that of the same
#   decoder without labels on the same trials.
# * The number of labels at which the curves cross depends on the differences between subjects and
#   on the noise of the trials. It is a property of these simulated subjects, and no recommendation
#   for real ones.
