"""
Writing an alignment
====================

Alignments can be user-defined as well. The one in this example divides each channel by its
amplitude in the session of the subject, which removes differences in gain, and no others. It is
compared with no alignment and with the built-in ones under two kinds of shift.
"""

import matplotlib.pyplot as plt
import numpy as np

from bci_dann import ShallowClassifier, load_dataset
from bci_dann.alignment import Alignment

COLOURS = {
    "none": "#7F7F7F",
    "channel scaling": "#AA4499",
    "Euclidean": "#56B4E9",
    "Riemannian": "#009E73",
}

# %%
# The class
# ---------
# An :class:`bci_dann.alignment.Alignment` estimates a reference for each source domain in ``fit``
# and for each target domain in ``extend``, and uses them in ``transform``. A domain is a string,
# ``"subject/session"``. Trials of an unknown domain need a reference as well: here that of the last
# call of ``extend``. ``to_arrays`` and ``from_arrays`` are needed to save a model; the estimator
# stores the names of the domains.


class ChannelScaling(Alignment):
    """Divide each channel by its root mean square in the domain.

    Parameters
    ----------
    floor : float
        Lower limit of the amplitudes that channels are divided by (µV).
    """

    def __init__(self, floor=1e-3):
        self.floor = floor

    def fit(self, X, domains=None):
        """Estimate the amplitudes of the source domains."""
        self.amplitudes_ = {}
        return self.extend(X, domains)

    def extend(self, X, domains=None):
        """Estimate the amplitudes of further domains, in addition to the existing ones."""
        names = self._names(X, domains)
        for name in np.unique(names).tolist():
            self.amplitudes_[name] = self._amplitude(X[names == name])
        self.fallback_ = self._amplitude(X)
        return self

    def transform(self, X, domains=None):
        """Return scaled trials (dimensionless)."""
        names = self._names(X, domains)
        scales = np.stack([self.amplitudes_.get(str(name), self.fallback_) for name in names])
        return (X / scales[:, :, None]).astype(np.float32)

    def to_arrays(self):
        """Return the amplitudes in the order of the domains."""
        return {"amplitudes": np.stack(list(self.amplitudes_.values())), "fallback": self.fallback_}

    def from_arrays(self, domains, arrays):
        """Restore the amplitudes of the domains."""
        self.amplitudes_ = dict(zip(domains, arrays["amplitudes"], strict=True))
        self.fallback_ = arrays["fallback"]
        return self

    def _amplitude(self, X):
        return np.maximum(np.sqrt(np.mean(np.square(X, dtype=float), axis=(0, 2))), self.floor)

    def _names(self, X, domains):
        return np.repeat("", len(X)) if domains is None else np.asarray(domains)


# %%
# Amplitudes before and after
# ---------------------------
# Channel amplitudes of four simulated subjects with different gains, before and after the
# alignment.


def simulate(shift):
    """Return trials of four subjects with this shift between them."""
    return load_dataset(
        "SimulatedMI",
        n_subjects=4,
        n_trials=24,
        sfreq=64,
        shift=shift,
        random_state=0,
        preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
    )


SUBJECTS = {"1": "#332288", "2": "#44AA99", "3": "#DDCC77", "4": "#CC6677"}
shifts = {"gain": simulate({"gain": 3.0}), "head": simulate({"head": 1.0})}
trials = shifts["gain"]
scaled = ChannelScaling().fit(trials.X, trials.domains).transform(trials.X, trials.domains)

fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for ax, X, unit in zip(axes, (trials.X, scaled), ("µV", "no unit"), strict=True):
    for subject, colour in SUBJECTS.items():
        amplitudes = np.sqrt(np.square(X[trials.subjects == subject]).mean((0, 2)))
        ax.plot(amplitudes, marker="o", ms=4, color=colour, label=f"subject {subject}")
    ax.set_xticks(range(len(trials.ch_names)), trials.ch_names, rotation=90)
    ax.set(xlabel="channel", ylabel=f"root mean square ({unit})", ylim=(0, None))
axes[1].set_ylim(0, 2)
axes[0].set_title("before")
axes[1].set_title("after")
axes[0].legend(frameon=False)

# %%
# Using the alignment in a method
# -------------------------------
# In Python, pass an instance. For YAML, and for a model that is to be saved, the class has to be in
# a file on Python's path: ``alignment: {name: "my_alignments:ChannelScaling", floor: 0.01}``. The
# estimator copies the instance, passes the unlabelled trials of the target to it in ``fit``, and
# uses it again in ``adapt``.

ALIGNMENTS = {
    "none": None,
    "channel scaling": ChannelScaling(floor=0.01),
    "Euclidean": "euclidean",
    "Riemannian": "riemannian",
}


def accuracies(trials, alignment):
    """Return the accuracy (%) on each subject after training on the others."""
    values = []
    for subject in np.unique(trials.subjects):
        new = trials.subjects == subject
        source, target = trials[~new], trials[new]
        model = ShallowClassifier("tangent_space", "logistic", alignment=alignment)
        model.fit(source, source.y, X_target_unlabeled=target.unlabelled())
        values.append(100 * model.score(target, target.y))
    return values


fig, axes = plt.subplots(1, 2, figsize=(7, 3.5), sharey=True, layout="constrained")
titles = {"gain": "gains differ", "head": "caps and sources differ"}
for ax, (kind, trials) in zip(axes, shifts.items(), strict=True):
    for index, (name, alignment) in enumerate(ALIGNMENTS.items()):
        values = accuracies(trials, alignment)
        ax.hlines(np.mean(values), index - 0.3, index + 0.3, color=COLOURS[name], lw=4)
        ax.scatter([index] * len(values), values, s=24, color=COLOURS[name], zorder=2)
    ax.axhline(50, color="#222222", lw=1, ls=":")
    ax.set_xticks(range(4), ["none", "channel\nscaling", "Euclidean", "Riemannian"], fontsize=9)
    ax.set(title=titles[kind], xlabel="alignment", ylim=(30, 102))
axes[0].set_ylabel("accuracy on the target (%)")

# %%
# Conclusions
# -----------
# * An alignment removes only the kind of differences that it models. Scaling removes differences in
#   gain; if the mixing of signals differs, a full matrix is needed.
# * Lines are means, dots single subjects. With four subjects, differences of a few points are not
#   meaningful.
# * The built-in alignments are ``"euclidean"`` (He and Wu 2020) and ``"riemannian"`` (Zanini et al.
#   2018).
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
