from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from bci_dann import DANNClassifier
from bci_dann.estimators.networks.standardisation import (
    center_and_scale,
    scaling_for,
    standardise,
)
from bci_dann.features import CovarianceAlignment, TangentViews


@pytest.mark.parametrize("n", [3, 256, 700])
def test_trials_share_one_scale_and_features_have_their_own(n):
    rng = np.random.default_rng(0)
    trials = rng.normal(100, [[[3.0], [30.0]]], size=(n, 2, 20)).astype("f4")
    center, scale = center_and_scale(trials)
    np.testing.assert_allclose([center, scale], [trials.mean(), trials.std()], rtol=1e-4)
    vectors = rng.normal([5, -5], [1, 10], size=(n, 2)).astype("f4")
    center, scale = center_and_scale(vectors)
    np.testing.assert_allclose(center, vectors.mean(0), rtol=1e-4)
    np.testing.assert_allclose(scale, vectors.std(0), rtol=1e-4)


def test_covariances_stay_as_they_are():
    X = np.random.default_rng(0).normal(5, 2, size=(30, 6, 6)).astype("f4")
    np.testing.assert_array_equal(standardise(X, *scaling_for(CovarianceAlignment(), X)), X)
    for alignment in (None, TangentViews()):
        np.testing.assert_array_equal(scaling_for(alignment, X), center_and_scale(X))


def test_a_constant_is_not_divided_by_zero():
    center, scale = center_and_scale(np.full((10, 2), 7, dtype="f4"))
    assert (standardise(np.full((4, 2), 7, dtype="f4"), center, scale) == 0).all()


def test_in_place_or_not():
    X = np.random.default_rng(0).normal(5, 2, size=(30, 2, 20)).astype("f4")
    before, moments = X.copy(), center_and_scale(X)
    fresh = standardise(X, *moments)
    np.testing.assert_array_equal(X, before)
    assert standardise(X, *moments, out=X) is X
    np.testing.assert_array_equal(X, fresh)
    assert abs(X.mean()) < 1e-5


def test_a_fit_holds_one_copy_of_the_trials_before_training():
    n, shape = 1200, (8, 512)
    X = np.random.default_rng(0).normal(0, 10, size=(n, *shape)).astype("f4")
    model = DANNClassifier("EEGNet", sfreq=128.0, max_epochs=1, random_state=0)
    model.plan(model.training_trials(X[:40], np.arange(40) % 2))  # imports count, too
    tracemalloc.start()
    try:
        trials = model.training_trials(X[:1000], np.arange(1000) % 2, X_target_unlabeled=X[1000:])
        (member,) = model.plan(trials).members
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert member.data.X.shape == X.shape
    assert peak < 1.5 * X.nbytes  # some trials in double precision come on top of it
