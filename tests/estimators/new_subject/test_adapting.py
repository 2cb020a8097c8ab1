"""Trials that come one after another; that none depends on a later one is in the contract."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from sklearn.base import clone

from bci_dann.data import EEGTrials
from bci_dann.estimators import RiemannianClassifier


@pytest.fixture
def fold(toy_eeg):
    return *toy_eeg.without(1), *toy_eeg.of(1)


def riemannian():
    return RiemannianClassifier(terms={"information_maximisation": 0.5})


def test_a_buffer_may_be_used_again(fold):
    X, y, subjects, X_new, _ = fold
    reused = copied = riemannian().fit(X, y, subjects=subjects)
    buffer = np.empty_like(X_new[:1])
    for trial in X_new[:12]:
        buffer[0] = trial
        reused, copied = reused.partial_adapt(buffer), copied.partial_adapt(trial[None].copy())
    np.testing.assert_array_equal(reused.predict_proba(X_new), copied.predict_proba(X_new))


def test_fit_and_adapt_begin_anew(fold):
    X, y, subjects, X_new, _ = fold
    online = riemannian().fit(X, y, subjects=subjects).partial_adapt(X_new[:10])
    again = clone(online).fit(X, y, subjects=subjects)
    for one, other in (
        (online.adapt(X_new[10:20]), again.adapt(X_new[10:20])),
        (online.fit(X, y, subjects=subjects), again),
    ):
        one, other = (model.partial_adapt(X_new[20:30]) for model in (one, other))
        np.testing.assert_array_equal(one.predict_proba(X_new), other.predict_proba(X_new))


def test_trials_that_do_not_belong_are_not_taken_in(fold, eeg_trials):
    X, y, subjects, X_new, y_new = fold
    new = eeg_trials(X_new, y_new, np.repeat("new", len(X_new)))
    turned = EEGTrials(
        X_new[:, ::-1].copy(),
        y_new,
        new.metadata,
        mne.create_info(new.ch_names[::-1], new.sfreq, "eeg"),
    )
    online = riemannian().fit(eeg_trials(X, y, subjects), y)
    broken = np.full_like(X_new[:1], np.nan)
    for wrong in (turned[1:2], X_new[:1, :, :-5], broken):
        with pytest.raises(ValueError):  # noqa: PT011 (also scikit-learn's of NaN)
            online.partial_adapt(new[:1]).partial_adapt(wrong)
    assert len(online.partial_adapt(new[:8]).predict(new)) == len(new)
