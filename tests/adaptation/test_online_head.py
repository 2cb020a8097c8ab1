"""The head that follows trials, against the same objective minimised over all features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from bci_dann.adaptation import online_head
from bci_dann.adaptation.drift_guard import LEAST_AGREEMENT, agreement
from bci_dann.adaptation.head_adaptation import adapt_head
from bci_dann.adaptation.online_head import MOST_TRIALS, PRIOR_TRIALS, SPAN, OnlineHead
from bci_dann.features.local_centring import local_weights
from bci_dann.objectives import Objective, read_terms
from bci_dann.training import TrainingData, fit_linear, ridge_penalty, source_penalty

N_FEATURES = 300
EQUAL = np.array([0.5, 0.5])
TERMS = read_terms({"information_maximisation": 0.5})


def drawn(n_trials, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n_trials) % 2
    X = rng.normal(shift, 0.3, (n_trials, N_FEATURES))
    X[:, :10] += 0.4 * (2 * labels[:, None] - 1)
    return X.astype(np.float32).astype(np.float64), labels


def data_of(X, labels, is_target):
    count = len(X)
    return TrainingData(
        torch.from_numpy(X),
        torch.from_numpy(labels),
        torch.full((count,), int(is_target)),
        torch.ones(count, dtype=torch.float64),
        torch.full((count,), is_target),
    )


@pytest.fixture(scope="module")
def penalty():
    X, labels = drawn(120, seed=0)
    ridge = ridge_penalty(N_FEATURES, 2, C=0.1, n_labelled=120)
    head = fit_linear(data_of(X, labels, False), Objective(), ridge)
    return source_penalty(head, torch.from_numpy(X), ridge.ridge)


def head_after(penalty, X, n_steps=1, domain="new/0"):
    online = OnlineHead.start(penalty, penalty.head)
    for features in X:
        online = online.with_trial(features, domain)
    for _ in range(n_steps):
        online = online.with_optimised_head(penalty, TERMS, EQUAL)
    return online


def test_its_steps_lead_to_the_minimum_over_all_features(penalty):
    X, _ = drawn(40, seed=1, shift=0.1)
    online = head_after(penalty, X, n_steps=60)
    unlabelled = np.full(40, -1)
    whole = adapt_head(
        data_of(X, unlabelled, True),
        np.repeat("new/0", 40),
        np.ones(40, bool),
        penalty.head,
        penalty,
        EQUAL,
        TERMS,
        guard=False,
    ).head
    expected = X @ whole.weights.numpy() + whole.biases.numpy()
    before = X @ penalty.head.weights.numpy() + penalty.head.biases.numpy()
    away = np.abs(online.scores() - expected).max()
    assert away < 0.02 * np.abs(before - expected).max()


def test_scores_are_those_of_the_head(penalty):
    X, _ = drawn(30, seed=1)
    online = head_after(penalty, X)
    for head, scores in (
        (online.head(), online.scores()),
        (online.base, online.base_scores()),
    ):
        np.testing.assert_allclose(
            X @ head.weights.numpy() + head.biases.numpy(), scores, atol=1e-4
        )
    assert np.abs(online.scores() - online.base_scores()).max() > 1e-3


def test_only_the_last_trials_are_kept(penalty):
    X, _ = drawn(MOST_TRIALS + 7, seed=2)
    online = head_after(penalty, X, n_steps=0)
    assert online.count == MOST_TRIALS + 7
    np.testing.assert_array_equal(online.rows, X[7:].astype(np.float32))
    last = head_after(penalty, X[7:], n_steps=0)
    np.testing.assert_allclose(online.products, last.products, rtol=1e-5, atol=1e-5)


def test_what_a_trial_has_contributed_leaves_with_it(penalty, monkeypatch):
    monkeypatch.setattr(online_head, "MOST_TRIALS", 20)
    X, _ = drawn(21, seed=2)
    online = head_after(penalty, X[:20])
    later = online.with_trial(X[20], "new/0")
    oldest = np.outer(X[0], online.coefficients[len(online.fixed)])
    np.testing.assert_allclose(
        later.head().weights, online.head().weights.numpy() - oldest, atol=1e-6
    )


def test_the_next_trial_is_centred_by_the_mean_of_the_trials_before(penalty):
    X, _ = drawn(6, seed=4, shift=2.0)
    online = OnlineHead.start(penalty, penalty.head, local_span=10.0)
    mean, weight = np.zeros(N_FEATURES), PRIOR_TRIALS
    for features in X:
        online = online.with_trial(features, "new/0")
        weight *= 1 - 1 / SPAN
        mean, weight = (mean * weight + features) / (weight + 1), weight + 1
    base, next_head = online.base, online.base_head()
    expected = (X[0] - mean) @ base.weights.numpy() + base.biases.numpy()
    np.testing.assert_allclose(
        X[0] @ next_head.weights.numpy() + next_head.biases.numpy(), expected, rtol=1e-9
    )


def test_the_last_trials_are_centred_by_means_over_trials_before_and_after(penalty):
    X, _ = drawn(30, seed=4)
    drifting = X + np.linspace(-2, 2, 30)[:, None]
    domains = np.repeat(["new/0", "new/1"], 15)
    online = OnlineHead.start(penalty, penalty.head, local_span=3.0)
    for features, domain in zip(drifting, domains, strict=True):
        online = online.with_trial(features, domain)
    online = online.with_optimised_head(penalty, TERMS, EQUAL)
    centred = np.concatenate(
        [part - local_weights(15, 3.0) @ part for part in (drifting[:15], drifting[15:])]
    )
    base = online.base
    np.testing.assert_allclose(
        online.base_scores(), centred @ base.weights.numpy() + base.biases.numpy(), atol=1e-4
    )
    weights = online.head().weights.numpy()
    np.testing.assert_allclose(online.scores(), centred @ weights + online.biases, atol=1e-4)


def test_outputs_that_begin_to_drift_are_not_trusted(penalty):
    X = np.random.default_rng(0).permutation(drawn(80, seed=3)[0])
    online = head_after(penalty, X, n_steps=0)
    assert online.is_trusted()
    drifting = np.zeros((len(online.products), 2))
    rises = online.products[len(online.fixed) :, len(online.fixed) :]
    spread = 1.3 * online.base_scores()[:, 0].std()
    rising = np.linalg.solve(rises, np.linspace(-spread, spread, 80))
    drifting[len(online.fixed) :] = np.outer(rising, [1.0, -1.0])
    drifts = replace(online, coefficients=drifting)
    assert agreement(drifts.base_scores(), drifts.scores()) > LEAST_AGREEMENT
    assert not drifts.is_trusted()


def test_a_head_that_has_exchanged_the_classes_is_not_trusted(penalty):
    X, _ = drawn(60, seed=2)
    online = head_after(penalty, X)
    assert online.is_trusted()
    # minus twice the base: the same outputs as the base, of the opposite class
    n_classes = len(online.biases)
    start = len(online.fixed) - n_classes
    coefficients = np.zeros_like(online.coefficients)
    coefficients[start : start + n_classes] = -2 * np.eye(n_classes)
    exchanged = replace(online, coefficients=coefficients, biases=-online.base.biases.numpy())
    assert (exchanged.scores().argmax(axis=1) != online.base_scores().argmax(axis=1)).all()
    assert not exchanged.is_trusted()


def test_a_restored_head_goes_on_alike(penalty):
    X, _ = drawn(31, seed=1)
    online = head_after(penalty, X[:30])
    again = OnlineHead.from_arrays(online.to_arrays(), online.domains)
    one, other = (
        each.with_trial(X[30], "new/1").with_optimised_head(penalty, TERMS, EQUAL).head()
        for each in (online, again)
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    assert again.count == 30
