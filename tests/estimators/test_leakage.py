"""Target labels cannot reach an unlabelled protocol: poison them and nothing moves."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("poison", ["shuffled", "nonsense"])
def test_target_labels_change_nothing(method, toy_eeg, eeg_trials, poison):
    X, y, subjects = toy_eeg.without(1)
    X_new, y_new = toy_eeg.of(1)
    bad = {
        "shuffled": np.random.default_rng(0).permutation(y_new),
        "nonsense": np.repeat("no such class", len(y_new)),
    }[poison]
    own = np.repeat(1, len(X_new))
    source = eeg_trials(X, y, subjects)
    results = []
    for labels in (y_new, bad):
        target = eeg_trials(X_new, labels, own)
        method.fit(source, y, X_target_unlabeled=target)
        results.append(method.predict_proba(target))
    np.testing.assert_array_equal(*results)
