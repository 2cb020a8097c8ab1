"""What the disturbances do to signals, as a user would see it in a plot."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.regimes.disturbances import (
    add_artefacts,
    add_dropouts,
    change_half_way,
    loosen_channel,
    spoil_channels,
)

SFREQ = 128.0


@pytest.fixture
def X():
    return (10 * np.random.default_rng(0).standard_normal((60, 6, 256))).astype(np.float32)


def rng(seed=1):
    return np.random.default_rng(seed)


def test_the_second_half_of_each_session_is_mixed_by_one_matrix(X):
    sessions = np.repeat(["a", "b"], [20, 40])
    changed = change_half_way(X, sessions, 0.3, rng())
    later = np.r_[10:20, 40:60]
    earlier = np.setdiff1d(np.arange(60), later)
    np.testing.assert_array_equal(changed[earlier], X[earlier])
    flat = [np.moveaxis(part[later], 1, 0).reshape(6, -1) for part in (X, changed)]
    mixing = np.linalg.lstsq(flat[0].T, flat[1].T, rcond=None)[0].T
    np.testing.assert_allclose(mixing @ flat[0], flat[1], atol=1e-3)
    assert np.linalg.norm(mixing - np.eye(6)) > 0.3


def test_a_stronger_change_is_farther_from_none(X):
    sessions = np.repeat("a", 60)
    moved = [np.abs(change_half_way(X, sessions, s, rng()) - X).mean() for s in (0.0, 0.1, 0.5)]
    assert moved[0] < 1e-5
    assert moved[0] < moved[1] < moved[2]


def test_a_share_of_trials_has_a_burst_at_one_electrode(X):
    disturbed = add_artefacts(X, 0.3, (1000, 3000), SFREQ, rng())
    added = disturbed - X
    peaks = np.abs(added).max(axis=2)
    hit = peaks.max(axis=1) > 0
    assert 8 <= hit.sum() <= 28
    assert peaks[hit].max(axis=1).min() > 500
    assert peaks.max() <= 3000
    strongest = np.sort(peaks[hit], axis=1)
    assert (strongest[:, -2] <= 0.1 * strongest[:, -1] + 1e-3).all()
    lengths = (np.abs(added[hit]).max(axis=1) > 1e-3).sum(axis=1) / SFREQ
    assert lengths.max() <= 1.0
    assert lengths.min() >= 0.1


def test_bursts_are_of_the_band_of_motor_imagery():
    silence = np.zeros((80, 2, 256), dtype=np.float32)
    added = add_artefacts(silence, 1.0, (1000, 1000), SFREQ, rng())
    spectrum = (np.abs(np.fft.rfft(added, axis=2)) ** 2).sum(axis=(0, 1))
    frequencies = np.fft.rfftfreq(256, 1 / SFREQ)
    inside = (frequencies >= 6) & (frequencies <= 28)
    assert spectrum[inside].sum() > 0.97 * spectrum.sum()


def test_bursts_fit_into_short_trials():
    silence = np.zeros((20, 2, 16), dtype=np.float32)
    assert np.isfinite(add_artefacts(silence, 1.0, (1000, 3000), SFREQ, rng())).all()


def test_dead_and_noisy_channels_hold_weak_and_strong_noise(X):
    spoilt = spoil_channels(X, 1, 2, rng())
    ratio = spoilt.std(axis=(0, 2)) / X.std(axis=(0, 2))
    changed = np.flatnonzero((spoilt != X).any(axis=(0, 2)))
    assert len(changed) == 3
    np.testing.assert_allclose(np.sort(ratio[changed]), [0.05, 10, 10], rtol=0.05)
    with_itself = [abs(np.corrcoef(X[:, c].ravel(), spoilt[:, c].ravel())[0, 1]) for c in changed]
    assert max(with_itself) < 0.05


def test_one_channel_is_full_of_noise_in_a_share_of_trials(X):
    loose = loosen_channel(X, 0.3, rng())
    (channel,) = np.flatnonzero((loose != X).any(axis=(0, 2)))
    affected = (loose != X).any(axis=(1, 2))
    assert 8 <= affected.sum() <= 28
    ratio = loose[affected, channel].std() / X[:, channel].std()
    np.testing.assert_allclose(ratio, 10, rtol=0.05)


def test_dropouts_are_one_gap_of_all_channels_in_a_share_of_trials(X):
    is_zero = add_dropouts(X, 0.3, rng()) == 0
    gaps = is_zero.all(axis=1)
    np.testing.assert_array_equal(gaps, is_zero.any(axis=1))
    lengths = gaps.sum(axis=1)
    affected = lengths > 0
    assert 8 <= affected.sum() <= 28
    assert lengths[affected].min() >= 25
    assert lengths.max() <= 180
    assert (np.abs(np.diff(gaps.astype(int), axis=1)).sum(axis=1) <= 2).all()


def test_nothing_is_changed_in_place(X):
    before = X.copy()
    change_half_way(X, np.repeat("a", 60), 0.3, rng())
    add_artefacts(X, 1.0, (1000, 3000), SFREQ, rng())
    spoil_channels(X, 1, 1, rng())
    loosen_channel(X, 1.0, rng())
    add_dropouts(X, 1.0, rng())
    np.testing.assert_array_equal(X, before)


def test_signals_stay_in_single_precision(X):
    for disturbed in (
        change_half_way(X, np.repeat("a", 60), 0.3, rng()),
        add_artefacts(X, 0.5, (1000, 3000), SFREQ, rng()),
        spoil_channels(X, 1, 1, rng()),
    ):
        assert disturbed.dtype == np.float32
