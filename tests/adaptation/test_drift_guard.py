"""Drift guard: outputs that follow the cues are trusted, and those that follow alertness not."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import DANNClassifier
from bci_dann.adaptation.drift_guard import (
    cues_in_blocks,
    drift_limit,
    serial_correlation,
    strongest_without_drift,
    unlabelled_cues_in_blocks,
)
from bci_dann.data import Preprocessing, load_dataset
from bci_dann.estimators import RiemannianClassifier

DOMAIN = np.repeat("a/0", 160)


def scores(odds):
    return np.stack([np.zeros_like(odds), odds], axis=1)


def random_cues(seed=0, n=160):
    return np.random.default_rng(seed).permutation(np.arange(n) % 2) * 2.0 - 1


def drift(n=160):
    return np.sin(2 * np.pi * np.arange(n) / 40)


def test_serial_correlation_by_hand():
    odds = np.array([1.0, 2.0, 4.0, 1.0])
    centred = odds - 2.0
    by_hand = (centred[1:] * centred[:-1]).sum() / (centred**2).sum()
    assert serial_correlation(scores(odds), np.repeat("a", 4)) == pytest.approx(by_hand)
    # what lies between two sessions is no neighbourhood, and levels of sessions are no drift
    both = np.r_[odds, 100 + odds]
    two = np.repeat(["a", "b"], 4)
    assert serial_correlation(scores(both), two) == pytest.approx(by_hand)
    assert serial_correlation(scores(np.ones(4)), np.repeat("a", 4)) == 0


def test_outputs_that_follow_random_cues_are_trusted_in_19_of_20_cases():
    base = [np.random.default_rng(100 + s).standard_normal(160) for s in range(400)]
    trusted = [
        strongest_without_drift([scores(noise), scores(3 * random_cues(s) + noise)], DOMAIN)
        for s, noise in enumerate(base)
    ]
    assert 0.9 < np.mean(trusted) <= 1


def test_outputs_that_begin_to_drift_are_not():
    noise = np.random.default_rng(0).standard_normal(160)
    path = [scores(random_cues() + noise + strength * drift()) for strength in (0, 0.2, 2, 0)]
    assert strongest_without_drift(path, DOMAIN) == 1  # nor anything beyond


def test_too_few_trials_are_no_evidence():
    assert strongest_without_drift([scores(random_cues(n=19))] * 2, DOMAIN[:19]) == 0
    assert drift_limit(100) == pytest.approx(0.1645, abs=1e-3)
    assert drift_limit(100, 0.01) == pytest.approx(0.2326, abs=1e-3)


def test_cues_in_blocks_are_told_from_cues_in_random_order():
    blocks = np.arange(160) // 10 % 2
    shuffled = np.random.default_rng(0).permutation(blocks)
    assert cues_in_blocks(blocks, DOMAIN)
    assert not cues_in_blocks(shuffled, DOMAIN)
    assert not cues_in_blocks(np.arange(160) % 2, DOMAIN)  # alternating ones do not repeat


def moody_target(toy_eeg, strength):
    """Trials of subject 1 in which a rhythm of no class waxes and wanes."""
    X_new, y_new = toy_eeg.of(1)
    order = np.random.default_rng(0).permutation(len(X_new))
    X_new, y_new = X_new[order], y_new[order]
    time = np.arange(X_new.shape[2]) / 128.0
    rhythm = np.sin(2 * np.pi * 10 * time) * (1 + drift(len(X_new)))[:, None]
    X_new = X_new.copy()
    X_new[:, 0] += (strength * rhythm).astype("f4")
    return X_new, y_new


@pytest.mark.parametrize("alertness", [0.0, 3.0])
def test_unknown_cues_in_blocks_are_told_from_alertness(alertness):
    rng = np.random.default_rng(0)
    class_means = np.eye(2, 200)
    level = alertness * drift()[:, None] * np.eye(200)[2]  # of no class of other subjects
    noise = 0.5 * rng.normal(size=(160, 200))
    blocks = np.arange(160) // 10 % 2
    assert unlabelled_cues_in_blocks(class_means[blocks] + level + noise, DOMAIN, class_means)
    for cues in (rng.permutation(blocks), np.zeros(160, int)):
        assert not unlabelled_cues_in_blocks(class_means[cues] + level + noise, DOMAIN, class_means)


@pytest.mark.parametrize("strength", [0, 30])
def test_a_linear_decoder_adapts_only_where_the_outputs_do_not_drift(toy_eeg, strength):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = moody_target(toy_eeg, strength)
    model = RiemannianClassifier(terms={"information_maximisation": 3.0}, remove_drift=False)
    model.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    assert (model.strength_ == 1) is (strength == 0)
    if strength:  # what was not trusted is the model that did not adapt
        plain = RiemannianClassifier(remove_drift=False)
        plain.fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
        if model.strength_ == 0:
            np.testing.assert_array_equal(model.head_.weights, plain.head_.weights)


def test_networks_fall_back_to_those_that_did_not_adapt(toy_eeg, monkeypatch):
    X, y, subjects = toy_eeg.without(1)
    X_new, _ = toy_eeg.of(1)
    given = {"X": X, "y": y, "subjects": subjects, "X_target_unlabeled": X_new}
    quick = {"max_epochs": 2, "random_state": 0}
    terms = {"terms": {"domain_adversary": 0.0, "mcc": 1.0}}
    for trusted, alone in (
        (1, DANNClassifier(**quick, **terms)),
        (0, DANNClassifier(**quick)),
    ):
        monkeypatch.setattr(
            "bci_dann.estimators.networks.training_plan.strongest_without_drift",
            lambda *_, index=trusted: index,
        )
        guarded = DANNClassifier(**quick, **terms, guard=True).fit(**given)
        assert guarded.adapted_ is bool(trusted)
        if trusted:
            np.testing.assert_array_equal(
                guarded.predict_proba(X_new), alone.fit(**given).predict_proba(X_new)
            )
        else:
            assert set(guarded.history_[0]) == {"classification"}


@pytest.mark.slow
@pytest.mark.parametrize("amount", [0.0, 2.0])
def test_on_simulated_subjects_whose_alertness_wanes(amount):
    """Known truth: cues are shuffled, and what waxes and wanes has nothing to do with them."""
    shift = {"head": 1, "frequency": 1, "gain": 1, "noise": 1, "drift": 1, "alertness": amount}
    trials = load_dataset(
        "SimulatedMI",
        preprocessing=Preprocessing(band=(8, 30), window=(0.5, 3.5), resample=64),
        n_subjects=5,
        n_sessions=2,
        n_trials=40,
        classes=["right_hand", "rest"],
        shift=shift,
        erd=0.4,
        random_state=0,
    )
    scores = {"plain": [], "unguarded": [], "guarded": [], "steady": []}
    terms = {"information_maximisation": 0.8}
    for subject in ("1", "2", "3"):
        own = trials.subjects == subject
        for name, settings in (
            ("plain", {"remove_drift": False}),
            ("unguarded", {"terms": terms, "guard": False, "remove_drift": False}),
            ("guarded", {"terms": terms, "remove_drift": False}),
            ("steady", {"terms": terms, "guard": False}),
        ):
            model = RiemannianClassifier(n_windows=1, n_delays=1, robust=False, **settings)
            model.fit(
                trials[~own].unlabelled(),
                trials.y[~own],
                X_target_unlabeled=trials[own].unlabelled(),
            )
            scores[name].append(model.score(trials[own].unlabelled(), trials.y[own]))
    plain, unguarded, guarded, steady = (np.array(values) for values in scores.values())
    assert (guarded > plain - 0.02).all()
    assert (steady > plain - 0.02).all()  # what the drift is left out of needs no guard
    if amount:
        assert unguarded.mean() < plain.mean() - 0.08  # there is something to be guarded from
    else:
        np.testing.assert_array_equal(guarded, unguarded)  # and nothing where it does not drift
