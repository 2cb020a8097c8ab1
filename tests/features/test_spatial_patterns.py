"""Common spatial patterns, where channels are independent and where they are not."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from mne.decoding import CSP

from bci_dann.features.spatial_patterns import rank_of_trials, spatial_patterns


@pytest.fixture
def trials():
    """Two classes that differ in the power of channels 0 and 1 (µV, single precision)."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    scale = np.where(y[:, None] == [0, 1], 16.0, 8.0)
    X = rng.normal(0, 10, (40, 5, 256))
    X[:, :2] *= scale[:, :, None] / 10
    return X, y


def single(X):
    return X.astype(np.float32).astype(np.float64)


def fitted(patterns, X, y):
    with mne.use_log_level("error"):
        return patterns.fit(X, y)


def test_channels_that_are_independent_give_the_patterns_of_mne(trials):
    X, y = single(trials[0]), trials[1]
    assert rank_of_trials(X) == 5
    ours, theirs = spatial_patterns(4, 5), CSP(4)
    np.testing.assert_array_equal(
        fitted(ours, X, y).transform(X), fitted(theirs, X, y).transform(X)
    )


def test_rounding_errors_are_not_taken_for_signal(trials):
    """After an average reference, patterns are those of the directions that are left."""
    X, y = trials
    X = X - X.mean(axis=1, keepdims=True)
    assert rank_of_trials(single(X)) == 4
    basis = np.linalg.svd(np.eye(5) - 1 / 5)[0][:, :4]
    left = basis.T @ X
    expected = fitted(spatial_patterns(10, 4), left, y).transform(left)
    found = fitted(spatial_patterns(10, rank_of_trials(single(X))), single(X), y)
    assert found.filters_.shape == (4, 5)
    np.testing.assert_allclose(found.transform(single(X)), expected, atol=1e-4)


def test_one_direction_is_one_pattern(trials):
    X, y = trials
    X = single(X[:, :2] - X[:, :2].mean(axis=1, keepdims=True))
    patterns = fitted(spatial_patterns(10, rank_of_trials(X)), X, y)
    assert patterns.transform(X).shape == (40, 1)


def test_trials_without_signal_have_one_direction():
    assert rank_of_trials(np.zeros((3, 2, 10))) == 1
