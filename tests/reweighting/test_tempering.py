from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from bci_dann.reweighting import choose_temper, weigh_sources
from bci_dann.reweighting.tempering import TEMPERS


def regions(rng, n=1200):
    """The label follows one rule on the left, its opposite on the right; the target is right."""
    X = rng.uniform(-2, 2, (n, 2))
    y = np.where(X[:, 0] > 0, X[:, 1] > 0, X[:, 1] < 0).astype(int)
    return X, y, X[X[:, 0] > 0.5]


def test_whole_weights_are_chosen_where_they_help():
    X, y, target = regions(np.random.default_rng(0))
    weights = weigh_sources(X, target, "logistic", 0).weights
    assert choose_temper(LogisticRegression(), X, y, weights) >= 0.5


def test_even_weights_are_chosen_where_weights_are_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 10))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    noise = rng.exponential(size=300) ** 3
    subjects = np.repeat(["1", "2", "3"], 100)
    assert choose_temper(LogisticRegression(), X, y, noise / noise.mean(), subjects) <= 0.5


def test_too_few_trials_to_hold_any_out_leave_weights_even():
    X = np.arange(6.0)[:, None]
    assert choose_temper(LogisticRegression(), X, np.array([0, 0, 0, 0, 0, 1]), np.ones(6)) == 0


def test_the_choice_minimises_the_weighted_loss_written_out():
    """Leave-one-subject-out, by hand."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)
    weights = np.exp(X[:, 1])
    weights /= weights.mean()
    subjects = np.repeat(["a", "b", "c"], 20)
    losses = []
    for temper in TEMPERS:
        loss = 0.0
        for name in "abc":
            train, held = subjects != name, subjects == name
            model = LogisticRegression().fit(X[train], y[train], weights[train] ** temper)
            p = model.predict_proba(X[held])[np.arange(20), y[held]]
            loss -= np.sum(weights[held] * np.log(p))
        losses.append(loss)
    expected = TEMPERS[int(np.argmin(losses))]
    assert choose_temper(LogisticRegression(), X, y, weights, subjects) == expected


def test_equal_weights_leave_every_power_equal_and_the_smallest_is_taken():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    assert choose_temper(LogisticRegression(), X, y, np.ones(40)) == 0.0


def test_a_class_that_a_fold_lacks_costs_much_but_is_no_error():
    """A subject may have trials of one class only."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    y = np.repeat([0, 1, 2], 10)
    subjects = np.repeat(["a", "b", "c"], 10)
    assert choose_temper(LogisticRegression(), X, y, np.ones(30), subjects) in TEMPERS


def test_a_subject_is_not_held_out_where_the_others_have_one_class():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(40, 2)), np.arange(40) % 2
    labels[:20] = 1
    weights = rng.uniform(0.5, 1.5, 40)
    both = np.repeat(["one class", "both"], 20)
    assert choose_temper(LogisticRegression(), X, labels, weights, both) in TEMPERS
    each = np.where(labels == 1, "ones", "zeros")  # nothing can be held out
    assert choose_temper(LogisticRegression(), X, labels, weights, each) == 0.0


def test_the_classifier_that_was_given_stays_unfitted():
    model = LogisticRegression()
    X = np.random.default_rng(0).normal(size=(20, 2))
    choose_temper(model, X, np.arange(20) % 2, np.ones(20))
    with pytest.raises(AttributeError):
        _ = model.coef_
