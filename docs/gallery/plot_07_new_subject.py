"""
One new subject in ten lines
============================

A model is trained once on recorded subjects, and saved. For a new subject it then needs neither
labels nor source data: it adapts to the first session of the subject by re-centring, and decodes
the following sessions.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from bci_dann import load_dataset, load_model
from bci_dann.estimators import build_method

COLOURS = {"no adaptation": "#7F7F7F", "adapted once": "#56B4E9", "each session": "#009E73"}

# %%
# The ten lines
# -------------
# Eight simulated subjects with three sessions each: four for training, and four new ones. The
# position of the cap differs slightly between sessions (``drift``). ``"rts_logistic"`` is one of
# the pipelines of the package; ``build_method`` accepts the names of all of them. The folder of the
# model contains arrays and JSON, and can be copied to another machine.

trials = load_dataset(
    "SimulatedMI",
    n_subjects=8,
    n_sessions=3,
    n_trials=12,
    sfreq=64,
    shift={"head": 1.0, "frequency": 1.0, "gain": 1.0, "noise": 1.0, "drift": 0.3},
    random_state=0,
    preprocessing={"band": [8, 30], "window": [0.5, 3.5]},
)
known = np.isin(trials.subjects, ["1", "2", "3", "4"])
sessions = trials.metadata["session"].to_numpy(dtype=str)
folder = tempfile.TemporaryDirectory()

model = build_method("rts_logistic").set_params(n_delays=2).fit(trials[known], trials.y[known])
model.save(Path(folder.name) / "model")

first = trials[(trials.subjects == "5") & (sessions == "0")].unlabelled()
second = trials[(trials.subjects == "5") & (sessions == "1")]
adapted = load_model(Path(folder.name) / "model").adapt(first)
print("predicted", adapted.predict(second)[:4], "true classes", second.y[:4])

# %%
# With and without adaptation
# ---------------------------
# :meth:`~bci_dann.TransferClassifier.adapt` returns a new estimator and does not change the fitted
# one, so one model can be used for any number of subjects. For each of the four new subjects, three
# decoders are compared: not adapted; adapted to session 0 without its labels; and adapted to each
# session before it is scored. The last one uses the scored trials for adaptation, without labels.

scores = {name: [] for name in COLOURS}
for subject in ("5", "6", "7", "8"):
    of_subject = [trials[(trials.subjects == subject) & (sessions == s)] for s in ("0", "1", "2")]
    once = model.adapt(of_subject[0].unlabelled())
    scores["no adaptation"].append([model.score(one, one.y) for one in of_subject])
    scores["adapted once"].append([once.score(one, one.y) for one in of_subject])
    scores["each session"].append(
        [model.adapt(one.unlabelled()).score(one, one.y) for one in of_subject]
    )
folder.cleanup()

# %%
# Results
# -------
# Each panel is one new subject. The distance of the other lines from the grey one is the gain by
# adaptation. If the green line is above the blue one, later sessions of the subject differ from the
# first. With 24 trials per session, one trial changes the accuracy by four points.

fig, axes = plt.subplots(1, 4, figsize=(7, 3.3), sharey=True, layout="constrained")
for index, ax in enumerate(axes):
    for name, marker in zip(COLOURS, ("s", "o", "^"), strict=True):
        values = 100 * np.array(scores[name][index])
        ax.plot(range(3), values, marker=marker, color=COLOURS[name], label=name)
    ax.axhline(50, color="#222222", lw=1, ls=":")
    ax.set(title=f"subject {index + 5}", xlabel="session", xticks=range(3), ylim=(40, 103))
axes[0].set_ylabel("accuracy (%)")
axes[0].annotate("chance", (0, 50), va="top")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)

# %%
# Conclusions
# -----------
# * Fit and save once; then use ``load_model(...).adapt(...)`` for each new subject.
# * Pass the trials of one subject to ``adapt`` in the order of recording. With EEGTrials or epochs
#   the sessions are known, and each gets its own reference.
# * :func:`bci_dann.serving.adapt_model`, and ``bci-dann adapt`` on the command line, adapt to
#   recordings instead of trials.
