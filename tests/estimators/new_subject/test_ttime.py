"""T-TIME: each trial is predicted before the network learns from it, without its label."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann import NetworkClassifier, TTimeClassifier, load_model


@pytest.fixture(scope="module")
def fold(draw_toy_eeg):
    eeg = draw_toy_eeg(n_subjects=3, n_trials=24, n_chans=4)
    return *eeg.without(1), *eeg.of(1)


def classifier(kind=TTimeClassifier, **changes):
    return kind(alignment="euclidean", max_epochs=3, random_state=0, **changes)


@pytest.fixture(scope="module")
def fitted(fold):
    X, y, subjects, *_ = fold
    return classifier().fit(X, y, subjects=subjects)


def stream(model, X):
    """Return the probabilities of trials that are handed over once they are predicted."""
    found = []
    for index in range(len(X)):
        found.append(model.predict_proba(X[index : index + 1])[0])
        model = model.partial_adapt(X[index : index + 1])
    return np.array(found), model


def test_before_any_trial_it_is_the_network_of_the_sources(fitted, fold):
    X, y, subjects, X_new, _ = fold
    plain = classifier(NetworkClassifier).fit(X, y, subjects=subjects)
    np.testing.assert_array_equal(fitted.predict_proba(X_new), plain.predict_proba(X_new))


def test_what_follows_does_not_change_what_was_predicted(fitted, fold):
    X_new = fold[3]
    whole, _ = stream(fitted, X_new[:16])
    changed = X_new[:16].copy()
    changed[12:] *= 3.0
    other, _ = stream(fitted, changed)
    np.testing.assert_array_equal(whole[:12], other[:12])
    assert not np.array_equal(whole[13:], other[13:])


def test_it_repeats_itself_and_leaves_the_fitted_model_alone(fitted, fold):
    X_new = fold[3]
    before = fitted.predict_proba(X_new)
    first, adapted = stream(fitted, X_new)
    again, _ = stream(fitted, X_new)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(fitted.predict_proba(X_new), before)
    assert not np.array_equal(adapted.predict_proba(X_new), before)


def test_several_trials_at_a_time_are_the_same_as_one_after_another(fitted, fold):
    X_new = fold[3]
    _, one_by_one = stream(fitted, X_new[:12])
    together = fitted.partial_adapt(X_new[:12])
    np.testing.assert_array_equal(one_by_one.predict_proba(X_new), together.predict_proba(X_new))


@pytest.mark.parametrize("n_passed", [3, 12])
def test_a_saved_model_goes_on_to_the_bit(fitted, fold, n_passed, tmp_path):
    X_new = fold[3]
    _, model = stream(fitted, X_new[:n_passed])
    model.save(tmp_path / "model")
    expected, _ = stream(model, X_new[n_passed:])
    found, _ = stream(load_model(tmp_path / "model"), X_new[n_passed:])
    np.testing.assert_array_equal(found, expected)


def test_labels_of_a_target_in_fit_change_nothing(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    own = np.repeat(1, len(X_new))
    honest, poisoned = (
        classifier()
        .fit(X, y, subjects=subjects, X_target_unlabeled=eeg_trials(X_new, labels, own))
        .predict_proba(X_new)
        for labels in (y_new, np.repeat("no such class", len(y_new)))
    )
    np.testing.assert_array_equal(honest, poisoned)


def test_it_learns_from_the_target_of_fit_and_adapt(fitted, fold):
    X, y, subjects, X_new, _ = fold
    of_fit = classifier().fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    plain = classifier(NetworkClassifier).fit(X, y, subjects=subjects, X_target_unlabeled=X_new)
    assert not np.array_equal(of_fit.predict_proba(X_new), plain.predict_proba(X_new))
    source_free = classifier(NetworkClassifier).fit(X, y, subjects=subjects).adapt(X_new)
    adapted = fitted.adapt(X_new)
    assert not np.array_equal(adapted.predict_proba(X_new), source_free.predict_proba(X_new))
    np.testing.assert_array_equal(
        adapted.predict_proba(X_new), fitted.adapt(X_new).predict_proba(X_new)
    )


def test_without_alignment_it_learns_all_the_same(fold):
    X, y, subjects, X_new, _ = fold
    model = TTimeClassifier(max_epochs=1, random_state=0).fit(X, y, subjects=subjects)
    assert model.can_adapt
    assert not np.array_equal(
        model.partial_adapt(X_new[:8]).predict_proba(X_new), model.predict_proba(X_new)
    )
