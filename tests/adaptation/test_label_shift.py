from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bci_dann.adaptation.label_shift import (
    check_target_prior,
    estimate_prior,
    offsets_for_decisions,
    offsets_for_mean_probabilities,
    prior_by_class,
    prior_from_labels,
)
from bci_dann.exceptions import ConfigError


def calibrated(shares, n=4000, seed=0):
    """Scores of a classifier trained on equal shares, for trials of other shares."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(shares), size=n, p=shares)
    x = rng.standard_normal((n, len(shares))) + 2 * np.eye(len(shares))[labels]
    return 2 * x


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.8, 0.2], [0.1, 0.3, 0.6]])
def test_shares_are_found(shares):
    equal = np.full(len(shares), 1 / len(shares))
    estimate = estimate_prior(softmax(calibrated(shares), axis=1), equal)
    np.testing.assert_allclose(estimate, shares, atol=0.03)


def test_shares_of_the_sources_are_taken_out():
    probabilities = np.array([[0.9, 0.1]] * 200 + [[0.9, 0.1]] * 200)
    estimate = estimate_prior(probabilities, np.array([0.9, 0.1]))
    np.testing.assert_allclose(estimate, 0.5, atol=1e-6)  # the outputs say nothing but the prior


def test_few_trials_leave_equal_shares():
    sure = np.array([[0.999, 0.001]] * 4)
    assert estimate_prior(sure, np.array([0.5, 0.5]))[0] < 0.6
    np.testing.assert_allclose(
        estimate_prior(np.empty((0, 3)), np.full(3, 1 / 3)), np.full(3, 1 / 3)
    )


def test_offsets_bring_the_mean_to_the_prior():
    scores = calibrated([0.3, 0.3, 0.4]) + np.array([2.0, 0, -1])
    prior = np.array([0.2, 0.5, 0.3])
    moved = softmax(scores + offsets_for_mean_probabilities(scores, prior), axis=1)
    np.testing.assert_allclose(moved.mean(0), prior, atol=1e-6)


@pytest.mark.parametrize("confidence", [0.01, 1.0, 100.0])
def test_decisions_meet_known_shares_however_sure_they_are(confidence):
    scores = confidence * calibrated([0.1, 0.3, 0.6])
    offsets = offsets_for_decisions(scores, np.array([0.2, 0.2, 0.6]))
    assert offsets.sum() == pytest.approx(0, abs=1e-9 * confidence)
    shares = np.bincount((scores + offsets).argmax(1), minlength=3) / len(scores)
    np.testing.assert_allclose(shares, [0.2, 0.2, 0.6], atol=0.02)


# --- shares by name -------------------------------------------------------------------------------


@pytest.mark.parametrize("shares", [None, {"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.3, "c": 0.5}])
def test_shares_that_can_be(shares):
    check_target_prior(shares)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"a": 0.5, "b": 0.6}, r"target_prior must sum to 1; got \{'a': 0.5, 'b': 0.6\}"),
        ({"a": 1.0, "b": 0.0}, "the share of a must be a number above 0 and below 1; got 1.0"),
        ({"a": 1.5, "b": -0.5}, "the share of a must be"),
        ({"a": "half", "b": 0.5}, "the share of a must be"),
        ({"a": float("nan"), "b": 0.5}, "the share of a must be"),
        ({}, "must sum to 1"),
    ],
)
def test_shares_that_cannot_be(shares, message):
    with pytest.raises(ConfigError, match=message):
        check_target_prior(shares)


def test_shares_are_in_the_order_of_the_classes_whatever_their_kind():
    np.testing.assert_array_equal(
        prior_by_class({"b": 0.2, "a": 0.8}, np.array(["a", "b"])), [0.8, 0.2]
    )
    # YAML reads 0 and 1 as numbers, and JSON keys are text
    np.testing.assert_array_equal(
        prior_by_class({"1": 0.3, "0": 0.7}, np.array([0, 1])), [0.7, 0.3]
    )
    np.testing.assert_array_equal(
        prior_by_class({1: 0.3, 0: 0.7}, np.array(["0", "1"])), [0.7, 0.3]
    )


@pytest.mark.parametrize(
    "shares", [{"a": 1.0}, {"a": 0.5, "c": 0.5}, {"a": 0.4, "b": 0.3, "c": 0.3}]
)
def test_shares_must_name_all_classes_and_no_others(shares):
    with pytest.raises(ConfigError, match=r"give a share to each of \['a', 'b'\]; got"):
        prior_by_class(shares, np.array(["a", "b"]))


# --- the estimate ---------------------------------------------------------------------------------


def test_the_estimate_maximises_the_likelihood_of_the_outputs():
    """Against a search over all shares of two classes, with the prior trials counted in."""
    probabilities = softmax(calibrated([0.7, 0.3], n=300), axis=1)
    source = np.array([0.5, 0.5])
    candidates = np.linspace(0.01, 0.99, 981)
    likelihood = [
        np.log(probabilities @ (np.array([q, 1 - q]) / source)).sum()
        + 40 / 2 * (np.log(q) + np.log(1 - q))  # as if 40 further trials had equal shares
        for q in candidates
    ]
    best = candidates[int(np.argmax(likelihood))]
    assert estimate_prior(probabilities, source)[0] == pytest.approx(best, abs=1e-3)


def test_the_order_of_trials_and_of_classes_does_not_matter():
    probabilities = softmax(calibrated([0.2, 0.3, 0.5], n=200), axis=1)
    source = np.array([0.2, 0.3, 0.5])
    once = estimate_prior(probabilities, source)
    np.testing.assert_allclose(estimate_prior(probabilities[::-1], source), once)
    np.testing.assert_allclose(
        estimate_prior(probabilities[:, ::-1], source[::-1]), once[::-1], rtol=1e-9
    )
    assert once.sum() == pytest.approx(1)
    assert (once > 0).all()


def test_more_trials_leave_less_of_equal_shares():
    estimates = [
        estimate_prior(np.repeat([[0.99, 0.01]], n, axis=0), np.array([0.5, 0.5]))[0]
        for n in (0, 10, 100, 1000)
    ]
    assert estimates == sorted(estimates)
    assert estimates[0] == 0.5
    assert estimates[-1] > 0.95


# --- offsets --------------------------------------------------------------------------------------


def test_offsets_do_not_depend_on_a_constant_of_each_trial():
    scores = calibrated([0.3, 0.3, 0.4], n=200)
    prior = np.array([0.2, 0.5, 0.3])
    shifted = scores + np.random.default_rng(1).normal(size=(200, 1))
    for offsets in (offsets_for_mean_probabilities, offsets_for_decisions):
        expected = offsets(scores, prior)
        np.testing.assert_allclose(offsets(shifted, prior), expected, atol=1e-9)
        assert expected.sum() == pytest.approx(0, abs=1e-9)


def test_scores_that_meet_the_shares_are_not_moved():
    scores = calibrated([0.5, 0.5], n=400)
    met = softmax(scores, axis=1).mean(axis=0)
    np.testing.assert_allclose(offsets_for_mean_probabilities(scores, met), 0, atol=1e-9)


def test_decisions_scale_with_the_scores():
    scores, prior = calibrated([0.3, 0.7], n=300), np.array([0.6, 0.4])
    one = offsets_for_decisions(scores, prior)
    np.testing.assert_allclose(offsets_for_decisions(50 * scores, prior), 50 * one, rtol=1e-9)


@pytest.mark.parametrize("favour", [3.0, 300.0])
def test_decisions_meet_the_shares_where_the_decoder_favours_a_class(favour):
    scores = np.random.default_rng(0).normal(size=(2000, 2)) + np.array([favour, 0.0])
    offsets = offsets_for_decisions(scores, np.array([0.2, 0.8]))
    share = np.mean((scores + offsets).argmax(axis=1) == 0)
    assert share == pytest.approx(0.2, abs=0.02)


def test_scores_that_do_not_vary_give_finite_offsets():
    offsets = offsets_for_decisions(np.zeros((30, 2)), np.array([0.8, 0.2]))
    assert np.isfinite(offsets).all()
    assert offsets[0] > offsets[1]


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((3, 0), 0.5, 0.65), ((5, 5), 0.5, 0.5), ((7, 3), 0.5, 0.6), ((9, 1), 0.7, 0.8)],
)
def test_shares_of_few_labels_lean_on_equal_shares_unless_they_contradict(counts, low, high):
    shares = prior_from_labels(np.repeat([0, 1], counts), 2)
    assert low <= shares[0] <= high
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("counts", [(300, 0), (80, 20), (50, 50), (20, 30, 50)])
def test_shares_of_many_labels_are_theirs(counts):
    shares = prior_from_labels(np.repeat(np.arange(len(counts)), counts), len(counts))
    np.testing.assert_allclose(shares, np.array(counts) / sum(counts), atol=0.02)


def test_without_labels_shares_are_equal():
    assert prior_from_labels(np.empty(0, dtype=np.int64), 3) == pytest.approx(np.full(3, 1 / 3))
