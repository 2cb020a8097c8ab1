"""Checks of signals: finite, not flat, plausible in microvolt."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.signal_checks import (
    CHUNK_TRIALS,
    FLAT_UV,
    PLAUSIBLE_UV,
    check_signals,
    flat_channels_message,
    silent_trials,
)
from bci_dann.exceptions import DataError

NAMES = ["C3", "Cz", "C4"]


def eeg(n_trials=5, scale=10.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal((n_trials, 3, 50))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0, 1000.0])
def test_plausible_signals_pass(scale, dtype):
    check_signals(eeg(scale=scale).astype(dtype), NAMES)


def test_signals_are_left_as_they_are():
    X = eeg()
    before = X.copy()
    check_signals(X, NAMES)
    np.testing.assert_array_equal(X, before)


def test_no_trials():
    with pytest.raises(DataError, match="there are no trials"):
        check_signals(eeg(0), NAMES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_channel_of_a_sample_that_is_not_finite_is_named(value):
    X = eeg()
    X[3, 1, 7] = value
    with pytest.raises(DataError, match=r"samples are not finite in channels \['Cz'\]"):
        check_signals(X, NAMES)


def test_a_sample_that_is_not_finite_is_found_in_any_chunk():
    X = eeg(2 * CHUNK_TRIALS + 3)
    X[-1, 0, -1] = np.nan
    X[CHUNK_TRIALS, 2, 0] = np.nan
    with pytest.raises(DataError, match=r"channels \['C3', 'C4'\]"):
        check_signals(X, NAMES)


def test_flat_channels_are_named():
    X = eeg()
    X[:, 0] = 0.0
    X[:, 2] = 187_500.0  # what an amplifier gives for an open input
    with pytest.raises(DataError, match=r"channels \['C3', 'C4'\] are flat.*`channels`"):
        check_signals(X, NAMES)


def test_a_constant_of_each_trial_is_flat_all_the_same():
    X = eeg()
    X[:, 1] = np.arange(5)[:, None]
    with pytest.raises(DataError, match=r"\['Cz'\] are flat"):
        check_signals(X, NAMES)


def test_a_channel_with_a_signal_in_one_trial_is_not_flat():
    X = eeg()
    X[1:, 1] = 0.0
    check_signals(X, NAMES)


def test_signals_in_volt_are_no_flat_channels():
    with pytest.raises(DataError, match="volt or millivolt: convert them to microvolt"):
        check_signals(eeg(scale=10e-6), NAMES)


@pytest.mark.parametrize(
    ("scale", "advice"),
    [(0.01, "in volt or millivolt"), (1e7, "PATTERN OF THE FILE.*--unit-scale microvolt")],
)
def test_a_scale_of_another_unit_is_refused_with_advice(scale, advice):
    with pytest.raises(DataError, match=f"EEG lies between 0.05 and 5000 µV.*{advice}"):
        check_signals(eeg(scale=scale), NAMES)


def test_the_advice_on_small_signals_fits_arrays_and_recordings():
    with pytest.raises(DataError) as told:
        check_signals(eeg(scale=10e-6), NAMES)
    assert "Multiply an array in volt by 1e6." in str(told.value)
    assert "files that match no pattern are read as volt" in str(told.value)
    assert "--unit-scale microvolt" not in str(told.value)  # would not make them larger


def test_the_median_decides_on_the_scale_so_that_one_bad_channel_does_not():
    X = eeg()
    X[:, 0] *= 1e5
    check_signals(X, NAMES)


def test_limits_leave_room_for_the_rounding_of_large_offsets():
    constant = np.full((2, 1, 1000), 1e5) + 0.1  # an offset of 0.1 V in µV
    assert constant.std() < FLAT_UV < PLAUSIBLE_UV[0] * 1e-5


def test_the_place_comes_first_in_every_message():
    X = eeg()
    X[0, 0, 0] = np.nan
    for signals in (X, eeg(0), eeg(scale=1e-9), np.zeros((2, 3, 50))):
        with pytest.raises(DataError, match=r"^subject 7: "):
            check_signals(signals, NAMES, where="subject 7")


def test_the_message_about_flat_channels():
    assert flat_channels_message(["Oz"]).startswith("channels ['Oz'] are flat.")


def test_silent_trials_are_those_with_every_channel_constant():
    X = eeg(4)
    X[1] = 3.0
    X[2] = np.array([1.0, 2.0, 3.0])[:, None]  # another constant in each channel
    X[3, 0] = 0.0  # one flat channel is not a silent trial
    assert silent_trials(X).tolist() == [False, True, True, False]


def test_a_trial_is_not_silent_when_only_its_first_channel_has_a_signal():
    X = np.zeros((2, 3, 50))
    X[0, 0] = eeg(1)[0, 0]
    assert silent_trials(X).tolist() == [False, True]


def test_feature_vectors_are_never_silent():
    assert silent_trials(np.zeros((4, 6))).tolist() == [False] * 4
