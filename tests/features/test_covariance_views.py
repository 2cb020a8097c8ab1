from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bci_dann.alignment.artefacts import suppress_artefacts
from bci_dann.alignment.shrunk_covariance import shrunk_covariances
from bci_dann.exceptions import DataError
from bci_dann.features.covariance_views import (
    Views,
    delayed_covariances,
    lag_between_copies,
    most_negative_lag,
    overlapping_windows,
    possible_copies,
)

WHOLE = Views(n_windows=1, n_copies=1, lag=1, bands=(), sfreq=None, robust=False)


@pytest.fixture(scope="module")
def trials():
    return 10 * np.random.default_rng(0).standard_normal((6, 3, 120))


def test_the_plainest_view_is_the_covariance_of_the_trial(trials):
    (view,) = WHOLE.covariances(trials)
    np.testing.assert_array_equal(view, shrunk_covariances(trials))


def test_robust_views_are_those_of_trials_without_artefacts(trials):
    burst = trials.copy()
    burst[:, 0, 10:15] *= 40
    (view,) = replace(WHOLE, robust=True).covariances(burst)
    expected = shrunk_covariances(suppress_artefacts(burst), robust=True)
    np.testing.assert_array_equal(view, expected)


def test_windows_are_parts_of_the_trial_in_order(trials):
    _, first, second = replace(WHOLE, n_windows=2).covariances(trials)
    slices = overlapping_windows(120, 2)
    np.testing.assert_array_equal(first, shrunk_covariances(trials[:, :, slices[0]]))
    np.testing.assert_array_equal(second, shrunk_covariances(trials[:, :, slices[1]]))


def test_delayed_copies_need_as_many_samples(trials):
    assert delayed_covariances(trials[:, :, :7], n_copies=7, lag=5).shape == (6, 21, 21)
    with pytest.raises(DataError, match="trials of 6 samples are too short for 7 delayed copies"):
        delayed_covariances(trials[:, :, :6], n_copies=7, lag=5)


def test_delayed_copies_stand_beside_the_channels(trials):
    _, view = replace(WHOLE, n_copies=3, lag=4).covariances(trials)
    copies = [trials[:, :, start : start + 112] for start in (0, 4, 8)]
    expected = shrunk_covariances(np.concatenate(copies, axis=1))
    np.testing.assert_allclose(view, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("n_copies", "lag", "n_times"), [(2, 13, 60), (7, 2, 61), (4, 1, 30)])
def test_delayed_copies_row_by_row_are_those_of_all_samples(n_copies, lag, n_times):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((3, 3)) @ rng.standard_normal((5, 3, n_times))
    X = np.cumsum(X, axis=2) + 500.0  # drifts, far from zero
    length = n_times - (n_copies - 1) * lag
    copies = [X[:, :, i * lag : i * lag + length] for i in range(n_copies)]
    covariances = delayed_covariances(X, n_copies, lag)
    expected = shrunk_covariances(np.concatenate(copies, axis=1))
    np.testing.assert_allclose(covariances, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(covariances, covariances.swapaxes(1, 2), rtol=1e-12)


def test_a_delay_longer_than_the_trial_allows_is_shortened():
    short = np.random.default_rng(0).standard_normal((2, 2, 12))
    _, view = replace(WHOLE, n_copies=3, lag=50).covariances(short)
    assert view.shape == (2, 6, 6)
    assert np.isfinite(view).all()


def test_a_band_holds_the_power_of_its_rhythm():
    time = np.arange(512) / 128
    X = np.stack([np.sin(2 * np.pi * 10 * time), np.sin(2 * np.pi * 25 * time)])[None]
    views = replace(WHOLE, bands=((8.0, 12.0), (22.0, 28.0)), sfreq=128.0)
    _, low, high = (np.diag(view[0]) for view in views.covariances(X))
    assert low[0] > 20 * low[1]
    assert high[1] > 20 * high[0]


def test_bands_without_a_sampling_frequency_are_refused(trials):
    views = replace(WHOLE, bands=((8.0, 12.0),))
    with pytest.raises(DataError, match=r"need the sampling frequency: give sfreq="):
        list(views.covariances(trials))


@pytest.mark.parametrize(
    "views",
    [
        WHOLE,
        replace(WHOLE, n_windows=3),
        replace(WHOLE, n_copies=4, lag=2),
        Views(3, 2, 5, ((8.0, 12.0), (12.0, 16.0)), 128.0, True),
    ],
)
@pytest.mark.parametrize("n_times", [30, 120])
def test_promised_widths_are_those_of_the_covariances(views, n_times):
    X = np.random.default_rng(0).standard_normal((2, 3, n_times))
    widths = [view.shape[1] for view in views.covariances(X)]
    assert views.widths(3, n_times) == widths


def test_many_trials_give_what_each_gives_alone():
    """They are computed in chunks."""
    X = np.random.default_rng(0).standard_normal((300, 2, 20))
    (together,) = WHOLE.covariances(X)
    (last,) = WHOLE.covariances(X[-1:])
    np.testing.assert_array_equal(together[-1:], last)
    assert len(together) == 300


def test_windows_cover_the_trial_and_overlap_by_a_third():
    first, second, third = overlapping_windows(438, 3)
    assert (first.start, third.stop) == (0, 438)
    assert second.stop - second.start == pytest.approx(438 * 3 / 7, abs=1)
    assert first.stop - second.start == pytest.approx(438 / 7, abs=1)


@pytest.mark.parametrize(("n_times", "n_windows", "expected"), [(4, 3, 1), (6, 3, 2), (9, 5, 3)])
def test_windows_of_short_trials_are_fewer(n_times, n_windows, expected):
    windows = overlapping_windows(n_times, n_windows)
    assert len(windows) == expected
    assert windows[-1].stop == n_times


def test_the_most_negative_lag_is_half_a_period():
    time = np.arange(500) / 250
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (20, 3, 1))
    assert most_negative_lag(np.sin(2 * np.pi * 10 * time + phases)) == pytest.approx(12.5, abs=1)


@pytest.mark.parametrize(
    ("n_chans", "copies"), [(1, 14), (3, 14), (4, 12), (5, 10), (6, 8), (7, 7), (22, 6), (64, 3)]
)
def test_few_channels_have_more_copies_at_the_same_distance(n_chans, copies):
    assert possible_copies(n_chans, None) == copies
    X = np.zeros((1, n_chans, 100))
    assert lag_between_copies(X, 24, None) == round(24 / (min(copies, 7) - 1))


def test_a_given_number_of_copies_is_reduced_for_many_channels_only():
    assert [possible_copies(n_chans, 10) for n_chans in (3, 20, 50, 140)] == [10, 6, 3, 1]
    assert lag_between_copies(np.zeros((1, 3, 100)), 24, 9) == 3
