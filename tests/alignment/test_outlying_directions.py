"""Means and logarithms of covariances in which loose electrodes and gaps have no influence."""

from __future__ import annotations

import numpy as np
import pytest
from pyriemann.geometry.mean import mean_riemann

from bci_dann.alignment.outlying_directions import robust_mean, trial_gains, without_outliers
from bci_dann.alignment.shrunk_covariance import shrunk_covariances

N_CHANS = 5


@pytest.fixture(scope="module")
def trials():
    rng = np.random.default_rng(0)
    mixing = 10 * rng.standard_normal((N_CHANS, N_CHANS))
    return mixing @ rng.standard_normal((60, N_CHANS, 250))


def covariances(X):
    return shrunk_covariances(X, robust=True)


def with_loose_channel(X, share, factor=10.0):
    loose, rng = X.copy(), np.random.default_rng(1)
    n = round(share * len(X))
    loose[:n, 2] = factor * X[:, 2].std() * rng.standard_normal((n, X.shape[2]))
    return loose


def distance(first, second):
    """Return the largest ratio of power along any direction, as a logarithm."""
    return np.abs(np.log(np.linalg.eigvals(np.linalg.solve(first, second)).real)).max()


def test_without_outliers_it_is_the_riemannian_mean(trials):
    assert distance(robust_mean(covariances(trials)), mean_riemann(covariances(trials))) < 1e-3


@pytest.mark.parametrize("share", [0.1, 0.3, 0.35])
def test_a_loose_channel_does_not_pull_the_mean(trials, share):
    clean = robust_mean(covariances(trials))
    disturbed = covariances(with_loose_channel(trials, share))
    assert distance(robust_mean(disturbed), clean) < 0.35
    assert distance(mean_riemann(disturbed), clean) > 0.45


def test_a_change_half_way_is_no_outlier(trials):
    changed = trials.copy()
    changed[30:] = np.diag([10.0, 1.0, 0.1, 3.0, 1.0]) @ changed[30:]
    both = covariances(changed)
    assert distance(robust_mean(both), mean_riemann(both)) < 1e-3


def test_the_mean_does_not_depend_on_how_large_the_noise_is(trials):
    one, other = (robust_mean(covariances(with_loose_channel(trials, 0.3, f))) for f in (10, 1e4))
    assert distance(one, other) < 0.05


def test_the_mean_moves_with_a_mixing_of_the_channels(trials):
    mixing = np.random.default_rng(2).standard_normal((N_CHANS, N_CHANS))
    raw = trials @ trials.swapaxes(1, 2)
    # gains are medians over channels, so only nearly
    assert (
        distance(robust_mean(mixing @ raw @ mixing.T), mixing @ robust_mean(raw) @ mixing.T) < 0.02
    )


def test_flat_trials_do_not_count_in_the_mean(trials):
    flat = np.concatenate([trials, np.zeros((3, N_CHANS, 250))])
    np.testing.assert_allclose(robust_mean(covariances(flat)), robust_mean(covariances(trials)))


def test_a_mean_with_an_average_reference_is_finite(trials):
    referenced = covariances(trials - trials.mean(axis=1, keepdims=True))
    assert np.isfinite(robust_mean(referenced)).all()


def test_the_gain_of_a_trial_is_that_of_most_channels(trials):
    louder = trials.copy()
    louder[0] *= 3.0
    louder[1, :2] *= 100.0
    variances = np.diagonal(robust_mean(covariances(trials)))
    change = trial_gains(covariances(louder), variances) - trial_gains(
        covariances(trials), variances
    )
    assert change[0] == pytest.approx(2 * np.log(3.0), abs=1e-6)
    assert abs(change[1]) < 0.5
    np.testing.assert_array_equal(change[2:], 0)


def test_the_gain_of_a_flat_trial_is_zero():
    gains = trial_gains(np.zeros((1, 3, 3)), np.array([5.0, 1.0, 2.0]))
    np.testing.assert_array_equal(gains, 0)


def test_powers_far_from_the_gain_become_the_gain():
    log_powers = np.array([[-14.0, 0.5, 2.9, 3.1], [5.0, 5.5, 8.1, 0.1]])
    replaced = without_outliers(log_powers, np.array([0.0, 5.0]))
    np.testing.assert_array_equal(replaced, [[0.0, 0.5, 2.9, 0.0], [5.0, 5.5, 5.0, 0.1]])
