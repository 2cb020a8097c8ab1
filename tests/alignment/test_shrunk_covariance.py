from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import oas

from bci_dann.alignment.shrunk_covariance import shrunk_covariances


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    return 10 * rng.standard_normal((4, 4)) @ rng.standard_normal((12, 4, 60))


def test_they_are_those_of_scikit_learn(trials):
    one_by_one = [oas(trial.T)[0] for trial in trials]
    np.testing.assert_allclose(shrunk_covariances(trials), one_by_one, rtol=1e-9)


def test_a_trial_does_not_depend_on_the_others(trials):
    together = shrunk_covariances(trials)
    alone = np.concatenate([shrunk_covariances(trials[i : i + 1]) for i in range(len(trials))])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("n_times", [2, 3, 8])
def test_trials_shorter_than_their_channels_stay_positive_definite(n_times):
    X = np.random.default_rng(0).standard_normal((5, 8, n_times))
    assert (np.linalg.eigvalsh(shrunk_covariances(X)) > 1e-3).all()


def test_an_average_reference_leaves_no_zero_eigenvalue(trials):
    referenced = trials - trials.mean(axis=1, keepdims=True)
    assert np.linalg.eigvalsh(shrunk_covariances(referenced)).min() > 0


def test_long_trials_are_hardly_shrunk():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2, 2)) @ rng.standard_normal((1, 2, 100_000))
    np.testing.assert_allclose(shrunk_covariances(X)[0], np.cov(X[0]), rtol=1e-2)


def test_an_offset_of_a_channel_does_not_matter_and_microvolt_are_squared(trials):
    shrunk = shrunk_covariances(trials)
    offset = trials + np.array([100.0, 0.0, -50.0, 3.0])[:, None]
    np.testing.assert_allclose(shrunk_covariances(offset), shrunk, rtol=1e-8)
    np.testing.assert_allclose(shrunk_covariances(2 * trials), 4 * shrunk)


def test_flat_trials_have_zero_covariance():
    np.testing.assert_array_equal(shrunk_covariances(np.zeros((1, 3, 10))), np.zeros((1, 3, 3)))


def test_trials_in_single_precision_are_not_changed_and_give_double(trials):
    single = trials.astype(np.float32)
    before = single.copy()
    assert shrunk_covariances(single).dtype == np.float64
    np.testing.assert_array_equal(single, before)


def test_noise_in_one_channel_adds_nothing_to_the_others_if_robust(trials):
    noisy = trials.copy()
    noisy[:, 0] = 1e4 * np.random.default_rng(1).standard_normal(noisy[:, 0].shape)
    plain, robust = (
        np.diagonal(shrunk_covariances(noisy, one), axis1=1, axis2=2) for one in (0, 1)
    )
    own = np.diagonal(shrunk_covariances(trials), axis1=1, axis2=2)
    assert (plain[:, 1:] > 10 * own[:, 1:]).any()
    assert (robust[:, 1:] < 1.2 * own[:, 1:]).all()


def test_the_sphere_is_that_of_the_mean_where_most_channels_are_flat():
    X = np.zeros((1, 3, 50))
    X[0, 0] = np.random.default_rng(0).standard_normal(50)
    np.testing.assert_array_equal(shrunk_covariances(X, robust=True), shrunk_covariances(X))
