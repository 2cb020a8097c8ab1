"""Drift is found where it was put, and not where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.features import drift, drift_directions, without_directions
from bci_dann.features.drift import without_domain_means

N = 160
DOMAINS = np.repeat(["a/0", "a/1"], N // 2)


def noise(seed=0, n_features=6, n=N):
    return np.random.default_rng(seed).standard_normal((n, n_features))


def direction(n_features=6):
    return np.eye(n_features)[1] * 0.6 + np.eye(n_features)[4] * 0.8


def wave(n=N):
    return 2 * np.sin(2 * np.pi * np.arange(n) / 40)


def drifting(seed=0, n_features=6, n=N):
    return noise(seed, n_features, n) + np.outer(wave(n), direction(n_features))


def test_the_direction_of_a_slow_wave_is_found():
    found = drift_directions(drifting(), DOMAINS)
    assert np.linalg.norm(found.T @ direction()) > 0.9


@pytest.mark.parametrize("n_features", [6, 300])  # fewer features than trials, and more
def test_without_the_directions_nothing_follows_the_wave(n_features):
    X = drifting(n_features=n_features)
    found = drift_directions(X, DOMAINS)
    np.testing.assert_allclose(found.T @ found, np.eye(found.shape[1]), atol=1e-10)
    assert 1 <= found.shape[1] < N / 8
    before, after = (
        np.linalg.norm(wave() @ (values - values.mean(0)))
        for values in (X, without_directions(X, found))
    )
    assert after < 0.3 * before


def test_against_the_sum_over_lags_written_out():
    X, domains = drifting(), np.repeat("a/0", N)
    centred = X - X.mean(0)
    A = np.zeros((6, 6))
    for lag in range(1, 11):
        for i in range(N - lag):
            pair = np.outer(centred[i], centred[i + lag])
            A += (1 - lag / 11) * (pair + pair.T)
    top = np.linalg.eigh(A)[1][:, -1]
    assert abs(top @ drift_directions(X, domains)[:, -1]) == pytest.approx(1.0)


@pytest.mark.parametrize("converges", [True, False])
def test_many_features_have_the_same_directions_as_few(monkeypatch, converges):
    """Twenty directions drift, more than are computed at first."""
    n, n_features = 500, 400
    waves = np.cos(np.outer(np.arange(n), np.linspace(0.02, 0.12, 20)))
    X = noise(n_features=n_features, n=n) + 3 * waves @ noise(1, n_features, 20)
    if not converges:

        def fails(*args, **kwargs):
            raise drift.ArpackNoConvergence("no convergence", [], [])

        monkeypatch.setattr(drift, "eigsh", fails)
    by_lanczos = drift_directions(X, np.repeat("a/0", n))
    monkeypatch.setattr(drift, "FEW_FEATURES", n_features)
    by_all = drift_directions(X, np.repeat("a/0", n))
    assert by_all.shape[1] > drift.FEW_DIRECTIONS
    np.testing.assert_allclose(by_lanczos @ by_lanczos.T, by_all @ by_all.T, atol=1e-8)


def test_trials_without_drift_keep_nearly_all_directions():
    n_found = [drift_directions(noise(seed), DOMAINS).shape[1] for seed in range(100)]
    assert np.mean(n_found) < 0.5
    assert max(n_found) <= 2


def test_levels_of_sessions_and_what_lies_between_them_are_no_drift():
    X = noise(1)
    level = np.where(DOMAINS == "a/1", 50.0, 0.0)[:, None]
    alone, moved = (drift_directions(values, DOMAINS) for values in (X, X + level))
    np.testing.assert_allclose(moved @ moved.T, alone @ alone.T, atol=1e-8)


def test_random_cues_stay():
    """What follows the cues has more variance than anything, and no drift."""
    cues = np.random.default_rng(3).permutation(np.arange(N) % 2) * 2.0 - 1
    X = drifting() + 4 * np.outer(cues, np.eye(6)[0])
    steady = without_directions(X, drift_directions(X, DOMAINS))
    assert abs(np.corrcoef(steady[:, 0], cues)[0, 1]) > 0.9
    assert steady[:, [1, 4]].var() < X[:, [1, 4]].var()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_few_trials_show_no_drift(n):
    assert drift_directions(noise(n=n), np.repeat("a", n)).shape == (6, 0)
    each_alone = np.arange(20).astype(str)
    assert drift_directions(noise(n=20), each_alone).shape == (6, 0)


def test_directions_are_taken_out_of_a_copy():
    X = drifting()
    before, found = X.copy(), drift_directions(X, DOMAINS)
    np.testing.assert_allclose(without_directions(X, found) @ found, 0, atol=1e-10)
    np.testing.assert_array_equal(X, before)


def test_domains_of_one_trial_show_no_drift():
    X = np.random.default_rng(0).normal(size=(4, 9))
    assert drift_directions(X, np.array(["a", "b", "c", "d"])).shape == (9, 0)


def test_directions_follow_a_rotation_of_the_features():
    X = drifting()
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((6, 6)))[0]
    plain, rotated = drift_directions(X, DOMAINS), drift_directions(X @ rotation, DOMAINS)
    np.testing.assert_allclose(
        rotated @ rotated.T, rotation.T @ plain @ plain.T @ rotation, atol=1e-8
    )


def test_in_random_order_the_same_trials_do_not_drift():
    X = drifting()
    order = np.concatenate([np.random.default_rng(i).permutation(80) + 80 * i for i in (0, 1)])
    assert drift_directions(X, DOMAINS).shape[1] == 1
    assert drift_directions(X[order], DOMAINS).shape[1] == 0


def test_domains_may_be_interleaved():
    """Trials of a domain are neighbours in the order of that domain."""
    X = drifting()
    interleaved = np.arange(N).reshape(2, -1).T.ravel()
    one, two = drift_directions(X, DOMAINS), drift_directions(X[interleaved], DOMAINS[interleaved])
    np.testing.assert_allclose(two @ two.T, one @ one.T, atol=1e-8)


def test_no_direction_leaves_features_as_they_are():
    X = noise()
    np.testing.assert_array_equal(without_directions(X, np.empty((6, 0))), X)


def test_only_strong_drift_is_found_on_demand():
    X = drifting()
    found = drift_directions(X, DOMAINS)
    centred = without_domain_means(X, DOMAINS)
    # the autocovariance along the wave, relative to the variance of all features
    along = centred @ found[:, -1]
    strength = (
        sum(
            2 * (1 - lag / 11) * (part[lag:] * part[:-lag]).sum()
            for part in along.reshape(2, -1)
            for lag in range(1, 11)
        )
        / (centred**2).sum()
    )
    assert drift_directions(X, DOMAINS, 0.99 * strength).shape[1] == 1
    assert drift_directions(X, DOMAINS, 1.01 * strength).shape[1] == 0


def test_domain_means_are_subtracted():
    X = drifting() + np.repeat([[1.0], [5.0]], N // 2, axis=0)
    centred = without_domain_means(X, DOMAINS)
    for name in np.unique(DOMAINS):
        np.testing.assert_allclose(centred[name == DOMAINS].mean(0), 0, atol=1e-12)
    assert X.mean() > 2  # not modified
