from __future__ import annotations

import numpy as np
import pytest

from bci_dann.estimators.inputs.seen_trials import SeenTrials, trial_digests


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(0, 10, (30, 3, 64)).astype(np.float32)


def test_a_digest_tells_samples_and_not_how_they_are_held(X):
    digests = trial_digests(X)
    assert len(set(digests.tolist())) == 30
    np.testing.assert_array_equal(trial_digests(X.astype(np.float64)), digests)
    np.testing.assert_array_equal(trial_digests(np.asfortranarray(X)), digests)
    np.testing.assert_array_equal(trial_digests(X[::-2]), digests[::-2])
    changed = X.copy()
    changed[4, 1, 63] = np.nextafter(changed[4, 1, 63], np.float32(1e9))
    assert np.flatnonzero(trial_digests(changed) != digests).tolist() == [4]


def test_seen_trials_are_found_in_any_order_and_others_give_zeros(X):
    values = np.arange(40.0).reshape(20, 2) + 1
    seen = SeenTrials(trial_digests(X[:20]), values)
    order = np.random.default_rng(1).permutation(30)
    wanted = np.concatenate([values, np.zeros((10, 2))])[order]
    np.testing.assert_array_equal(seen.values_of(X[order]), wanted)
    np.testing.assert_array_equal(seen.values_of(X[7:8]), values[7:8])


def test_a_trial_that_was_given_twice_has_the_values_of_the_first(X):
    seen = SeenTrials(trial_digests(X[[0, 1, 0]]), np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_array_equal(seen.values_of(X[:2]), [[1.0], [2.0]])


def test_saved_and_restored(X):
    seen = SeenTrials(trial_digests(X), np.random.default_rng(2).normal(size=(30, 2)))
    again = SeenTrials.from_arrays(seen.to_arrays(), 2)
    np.testing.assert_array_equal(again.values_of(X), seen.values_of(X))
    nothing = SeenTrials.from_arrays({}, 2)  # a model of version 0.1.0
    np.testing.assert_array_equal(nothing.values_of(X), np.zeros((30, 2)))
    empty = SeenTrials.from_arrays(nothing.to_arrays(), 2)
    np.testing.assert_array_equal(empty.values_of(X), np.zeros((30, 2)))


def test_vectors_have_digests_too():
    X = np.random.default_rng(0).normal(size=(5, 7))
    assert trial_digests(X).shape == (5,)
    assert trial_digests(X[:0]).shape == (0,)
