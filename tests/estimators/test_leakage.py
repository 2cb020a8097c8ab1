"""Target labels cannot reach an unlabelled protocol: poison them and nothing moves."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    ProcrustesClassifier,
    RiemannianClassifier,
    ShallowClassifier,
)


@pytest.fixture(scope="module")
def small_eeg(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=4, n_trials=24, n_chans=4)


def test_target_labels_change_nothing(method, small_eeg, eeg_trials):
    X, y, subjects = small_eeg.without(1)
    X_new, y_new = small_eeg.of(1)
    shuffled = np.random.default_rng(0).permutation(y_new)
    nonsense = np.repeat("no such class", len(y_new))
    source, own = eeg_trials(X, y, subjects), np.repeat(1, len(X_new))
    targets = [eeg_trials(X_new, labels, own) for labels in (y_new, shuffled, nonsense)]
    honest, *poisoned = (
        method.fit(source, y, X_target_unlabeled=target).predict_proba(target) for target in targets
    )
    for probabilities in poisoned:
        np.testing.assert_array_equal(probabilities, honest)


SMALL = {"n_windows": 1, "n_delays": 1}
WEIGHTINGS = {
    "patterns": {"name": "logistic", "features": "csp"},
    "tangent space": {"name": "kmm", "temper": "auto"},
    "subjects": {"name": "logistic", "unit": "subject"},
}
COMBINATIONS = {
    **{
        f"{kind}, {name}": make
        for name, weighting in WEIGHTINGS.items()
        for kind, make in {
            "shallow": lambda w=weighting: ShallowClassifier(
                classifier="logistic", weighting=w, random_state=0
            ),
            "nearest mean": lambda w=weighting: ShallowClassifier(
                "covariances", "mdm", weighting=w, random_state=0
            ),
            "procrustes": lambda w=weighting: ProcrustesClassifier(weighting=w, random_state=0),
        }.items()
    },
    "riemannian": lambda: RiemannianClassifier(
        weighting={"name": "logistic", "temper": "auto"},
        terms={"information_maximisation": 0.5},
        random_state=0,
        **SMALL,
    ),
    "network": lambda: DANNClassifier(
        weighting={"name": "logistic", "features": "network", "temper": "auto"},
        terms={"cdan_e": 0.1, "mcc": 1.0},
        batch_norm="target",
        guard=True,
        max_epochs=1,
        random_state=0,
    ),
    "ensemble": lambda: EnsembleClassifier(
        [
            (ShallowClassifier(classifier="logistic", weighting="kmm"), 1.0),
            (RiemannianClassifier(weighting="logistic", **SMALL), 0.5),
            ({"name": "ProcrustesClassifier", "weighting": "logistic"}, 0.5),
        ],
        random_state=0,
    ),
}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_weights_of_the_sources_know_no_label_of_the_target(name, small_eeg, eeg_trials):
    X, y, subjects = small_eeg.without(1)
    X_new, y_new = small_eeg.of(1)
    outputs = []
    for labels in (y_new, np.where(y_new == "a", "b", "a")):
        target = eeg_trials(X_new, labels, np.repeat(1, len(X_new)))
        model = COMBINATIONS[name]().fit(eeg_trials(X, y, subjects), y, X_target_unlabeled=target)
        outputs.append((model.predict_proba(target), getattr(model, "weights_", None)))
        outputs[-1] += (model.adapt(target).predict_proba(target),)
    for one, other in zip(*outputs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["shallow, patterns", "riemannian", "ensemble"])
def test_beside_labelled_trials_the_others_keep_their_labels_to_themselves(
    name, small_eeg, eeg_trials
):
    X, y, subjects = small_eeg.without(1)
    X_new, y_new = small_eeg.of(1)
    outputs = []
    for labels in (y_new[6:], np.where(y_new[6:] == "a", "b", "a")):
        rest = eeg_trials(X_new[6:], labels, np.repeat(1, len(labels)))
        model = COMBINATIONS[name]().fit(
            eeg_trials(X, y, subjects),
            y,
            X_target_unlabeled=rest,
            X_target_labeled=eeg_trials(X_new[:6], y_new[:6], np.repeat(1, 6)),
            y_target_labeled=y_new[:6],
        )
        outputs.append(model.predict_proba(rest))
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("name", ["shallow, tangent space", "riemannian"])
def test_the_test_above_would_notice_a_label(name, small_eeg):
    """Labels that are given on purpose do have an influence."""
    X, y, subjects = small_eeg.without(1)
    X_new, y_new = small_eeg.of(1)
    outputs = []
    for labels in (y_new, np.where(y_new == "a", "b", "a")):
        model = COMBINATIONS[name]().fit(
            X, y, subjects=subjects, X_target_labeled=X_new, y_target_labeled=labels
        )
        outputs.append(model.predict_proba(X_new))
    assert np.abs(outputs[0] - outputs[1]).max() > 0.01
