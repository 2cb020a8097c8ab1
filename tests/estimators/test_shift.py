"""On simulated subjects the adversary gains accuracy, and loses none where there is no shift."""

from __future__ import annotations

import numpy as np

from bci_dann._threads import limited_threads
from bci_dann.data import EEGTrials, Preprocessing, load_dataset
from bci_dann.estimators import DANNClassifier, SourceOnlyClassifier

TARGETS = ("1", "2")


def simulated(shift: float) -> EEGTrials:
    return load_dataset(
        "SimulatedMI",
        preprocessing=Preprocessing(band=(8, 30), window=(0.5, 3.0), resample=64),
        n_subjects=6,
        shift=shift,
        random_state=0,
    )


def source_only(**params) -> SourceOnlyClassifier:
    return SourceOnlyClassifier(alignment=None, **params)


def dann(**params) -> DANNClassifier:
    return DANNClassifier(alignment=None, **params)


def without_adversary(**params) -> DANNClassifier:
    """What DANN gains by target trials in batch normalisation alone."""
    return DANNClassifier(alignment=None, terms={"domain_adversary": 0.0}, **params)


def mean_accuracy(make, trials: EEGTrials, seed: int) -> float:
    """Mean over the targets, nothing aligned."""
    scores = []
    for subject in TARGETS:
        own = trials.subjects == subject
        model = make(
            max_epochs=15,
            lr=2e-3,
            backbone={"name": "EEGNet", "kernel_length": 32},
            random_state=seed,
        )
        model.fit(
            trials[~own].unlabelled(),
            trials.y[~own],
            X_target_unlabeled=trials[own].unlabelled(),
        )
        scores.append(model.score(trials[own].unlabelled(), trials.y[own]))
    return float(np.mean(scores))


def accuracies(make, trials: EEGTrials, n_seeds: int) -> np.ndarray:
    with limited_threads(1):
        return np.array([mean_accuracy(make, trials, seed) for seed in range(n_seeds)])


def test_dann_beats_source_only_under_shift_by_more_than_seeds_can_blur():
    trials = simulated(shift=1.0)
    adversarial = accuracies(dann, trials, n_seeds=3)
    gain = adversarial - accuracies(source_only, trials, n_seeds=3)
    assert (gain > 0).all()
    assert gain.mean() > 0.08
    assert gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))
    # and the adversary itself has a part in it
    control = accuracies(without_adversary, trials, n_seeds=2)
    assert adversarial[:2].mean() > control.mean() + 0.03


def test_they_tie_where_there_is_no_shift():
    trials = simulated(shift=0.0)
    gain = accuracies(dann, trials, 2) - accuracies(source_only, trials, 2)
    assert abs(gain.mean()) < 0.04
