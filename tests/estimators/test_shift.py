"""On simulated people the adversary earns its keep, and costs nothing where there is no shift."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data import EEGTrials, Preprocessing, load_dataset
from bci_dann.estimators import DANNClassifier, SourceOnlyClassifier
from bci_dann.evaluation.execution import limited_threads

TARGETS = ("1", "2", "3")


def simulated(shift: float) -> EEGTrials:
    return load_dataset(
        "SimulatedMI",
        preprocessing=Preprocessing(band=(8, 30), window=(0.5, 3.0), resample=64),
        n_subjects=6,
        shift=shift,
        random_state=0,
    )


def mean_accuracy(kind, trials: EEGTrials, seed: int) -> float:
    """Mean over three targets, nothing aligned."""
    scores = []
    for subject in TARGETS:
        own = trials.subjects == subject
        model = kind(
            alignment=None,
            max_epochs=50,
            backbone_params={"kernel_length": 32},
            random_state=seed,
        )
        model.fit(
            trials[~own].unlabelled(),
            trials.y[~own],
            X_target_unlabeled=trials[own].unlabelled(),
        )
        scores.append(model.score(trials[own].unlabelled(), trials.y[own]))
    return float(np.mean(scores))


def gains(trials: EEGTrials, n_seeds: int) -> np.ndarray:
    with limited_threads(1):
        return np.array(
            [
                mean_accuracy(DANNClassifier, trials, seed)
                - mean_accuracy(SourceOnlyClassifier, trials, seed)
                for seed in range(n_seeds)
            ]
        )


@pytest.mark.slow
def test_dann_beats_source_only_under_shift_by_more_than_seeds_can_blur():
    gain = gains(simulated(shift=1.0), n_seeds=5)
    assert (gain > 0).all()
    assert gain.mean() > 0.08
    assert gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))


@pytest.mark.slow
def test_they_tie_where_there_is_no_shift():
    assert abs(gains(simulated(shift=0.0), n_seeds=2).mean()) < 0.04
