"""Heads of many features: coordinates in the span of the trials, and the memory of a fit."""

from __future__ import annotations

import tracemalloc

import numpy as np
import torch

from bci_dann.estimators import RiemannianClassifier
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.objectives import UNLABELLED


def test_heads_of_few_trials_are_those_found_in_all_features():
    rng = np.random.default_rng(0)
    labels, sessions = rng.integers(0, 2, 120), np.repeat(np.arange(6), 20)
    X = rng.normal(0, 0.5, (120, 300)) + 0.1 * (2 * labels[:, None] - 1) * rng.normal(size=300)
    X += np.sin(np.arange(120) / 6)[:, None] * rng.normal(size=300)  # drifts
    is_target = sessions == 5
    trials = TrainingTrials(
        X.astype(np.float32),
        np.where(is_target, -1, labels),
        (sessions // 2).astype(str),
        sessions.astype(str),
        is_target,
        np.arange(len(X), dtype=np.uint64),
    )
    model, reference = (
        RiemannianClassifier(terms={"information_maximisation": 0.4}) for _ in range(2)
    )
    model.classes_ = reference.classes_ = np.arange(2)
    model.fit_aligned(trials)
    reference._fit_head(trials, np.ones(len(trials.labels)))
    assert model.strength_ == reference.strength_
    assert model.drift_.shape == reference.drift_.shape
    assert model.drift_.shape[1] > 0
    probabilities = [m.predict_proba_aligned(trials.X) for m in (model, reference)]
    np.testing.assert_allclose(*probabilities, atol=1e-3)
    elsewhere = [torch.from_numpy(part) for part in (rng.normal(size=(300, 2)), np.zeros(2))]
    penalties = [float(m.source_penalty_.value(*elsewhere)) for m in (model, reference)]
    np.testing.assert_allclose(*penalties, rtol=1e-2)


def test_memory_of_a_fit_is_a_few_times_that_of_the_products_of_all_trials():
    """The factor, coordinates, cleaned ones, and a copy of these; and vectors of Lanczos."""
    n_trials, n_features = 1000, 4000
    X = np.random.default_rng(0).normal(0, 0.3, (n_trials, n_features)).astype(np.float32)
    trials = TrainingTrials(
        X=X,
        labels=np.where(np.arange(n_trials) < 900, np.arange(n_trials) % 2, UNLABELLED),
        subjects=np.repeat(np.arange(10), 100).astype(str),
        domains=np.repeat(np.arange(10), 100).astype(str),
        is_target=np.arange(n_trials) >= 900,
        digests=np.arange(n_trials, dtype=np.uint64),
    )
    model = RiemannianClassifier(terms={"information_maximisation": 0.4})
    model.classes_ = np.arange(2)
    tracemalloc.start()
    model.fit_aligned(trials)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * 8 * n_trials**2
