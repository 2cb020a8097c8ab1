from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bci_dann.adaptation.label_shift import (
    estimate_prior,
    offsets_to_decided_shares,
    offsets_to_mean_shares,
)


def calibrated(shares, n=4000, seed=0):
    """Scores of a classifier trained on equal shares, for trials of other shares."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), size=n, p=shares)
    x = rng.standard_normal((n, len(shares))) + 2 * np.eye(len(shares))[labels]
    return 2 * x


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.8, 0.2], [0.1, 0.3, 0.6]])
def test_shares_are_found(shares):
    found = estimate_prior(
        softmax(calibrated(shares), axis=1), np.full(len(shares), 1 / len(shares))
    )
    np.testing.assert_allclose(found, shares, atol=0.03)


def test_shares_of_the_sources_are_taken_out():
    probabilities = np.array([[0.9, 0.1]] * 200 + [[0.9, 0.1]] * 200)
    found = estimate_prior(probabilities, np.array([0.9, 0.1]))
    np.testing.assert_allclose(found, 0.5, atol=1e-6)  # the outputs say nothing but the prior


def test_few_trials_leave_equal_shares():
    sure = np.array([[0.999, 0.001]] * 4)
    assert estimate_prior(sure, np.array([0.5, 0.5]))[0] < 0.6
    np.testing.assert_allclose(
        estimate_prior(np.empty((0, 3)), np.full(3, 1 / 3)), np.full(3, 1 / 3)
    )


def test_offsets_bring_the_mean_to_the_prior():
    scores = calibrated([0.3, 0.3, 0.4]) + np.array([2.0, 0, -1])
    prior = np.array([0.2, 0.5, 0.3])
    moved = softmax(scores + offsets_to_mean_shares(scores, prior), axis=1)
    np.testing.assert_allclose(moved.mean(0), prior, atol=1e-6)


@pytest.mark.parametrize("confidence", [0.01, 1.0, 100.0])
def test_decisions_meet_known_shares_however_sure_they_are(confidence):
    scores = confidence * calibrated([0.1, 0.3, 0.6])
    offsets = offsets_to_decided_shares(scores, np.array([0.2, 0.2, 0.6]))
    assert offsets.sum() == pytest.approx(0, abs=1e-9 * confidence)
    shares = np.bincount((scores + offsets).argmax(1), minlength=3) / len(scores)
    np.testing.assert_allclose(shares, [0.2, 0.2, 0.6], atol=0.02)
