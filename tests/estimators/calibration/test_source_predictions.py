"""Source subjects are predicted by models that have not seen their labels."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import ShallowClassifier
from bci_dann.estimators.calibration.source_predictions import predict_sources, source_folds
from bci_dann.exceptions import DataError

CLASSES = np.array(["a", "b"])


def folds_of(toy, n_folds=10):
    labels = np.searchsorted(CLASSES, toy.y)
    return source_folds(labels, toy.subjects.astype(str), CLASSES, n_folds)


@pytest.fixture(scope="module")
def toy(draw_toy_eeg):
    return draw_toy_eeg(n_subjects=4, n_trials=20)


@pytest.mark.parametrize(("n_folds", "sizes"), [(10, [20] * 4), (2, [40] * 2)])
def test_every_subject_is_left_out_once_and_whole(toy, n_folds, sizes):
    folds = folds_of(toy, n_folds)
    assert [len(left_out) for _, left_out in folds] == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate([o for _, o in folds])), np.arange(80))
    for train, left_out in folds:
        assert not set(toy.subjects[train]) & set(toy.subjects[left_out])


@pytest.mark.parametrize("by", ["adapt", "fit"])
def test_they_are_those_of_a_model_without_the_subject(toy, by):
    names = toy.subjects.astype(str)
    found = predict_sources(ShallowClassifier, toy.X, toy.y, names, folds_of(toy), by)
    X, y, subjects = toy.without(3)
    X_new, _ = toy.of(3)
    model = ShallowClassifier().fit(X, y, subjects=subjects)
    other = ShallowClassifier().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    expected = {"adapt": model.adapt(X_new), "fit": other}[by].predict_proba(X_new)
    own = toy.subjects == 3
    np.testing.assert_allclose(found.adapted[own], expected, atol=1e-12)
    if by == "adapt":
        with pytest.warns(match="nothing was adapted"):
            expected = model.predict_proba(X_new)
    np.testing.assert_allclose(found.unadapted[own], expected, atol=1e-12)


@pytest.mark.parametrize("by", ["adapt", "fit"])
def test_labels_of_a_subject_have_no_part_in_its_predictions(toy, eeg_trials, by):
    trials, names = eeg_trials(toy.X, toy.y, toy.subjects), toy.subjects.astype(str)
    own = toy.subjects == 3
    poisoned = toy.y.copy()
    poisoned[own] = np.random.default_rng(0).permutation(toy.y[own])
    given = (names, folds_of(toy), by)
    honest = predict_sources(ShallowClassifier, trials, toy.y, *given)
    wrong = eeg_trials(toy.X, poisoned, toy.subjects)
    other = predict_sources(ShallowClassifier, wrong, poisoned, *given)
    np.testing.assert_array_equal(honest.adapted[own], other.adapted[own])
    np.testing.assert_array_equal(honest.unadapted[own], other.unadapted[own])
    assert not np.array_equal(honest.adapted[~own], other.adapted[~own])


def test_two_subjects_are_too_few(draw_toy_eeg):
    with pytest.raises(DataError, match=r"at least 3 of them; got 2: \['1', '2'\]"):
        folds_of(draw_toy_eeg(n_subjects=2, n_trials=4))


def test_a_class_of_one_subject_alone_is_named():
    labels, subjects = np.array([0, 1, 0, 0, 0, 0]), np.repeat(["1", "2", "3"], 2)
    with pytest.raises(DataError, match=r"without the subjects \['1'\].*no trials of \['b'\]"):
        source_folds(labels, subjects, CLASSES, 10)
