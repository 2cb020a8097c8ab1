"""Amplitude, unit and mains from some seconds of a signal."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.survey.signal_sample import (
    SAMPLE_S,
    guess_mains,
    guess_scale,
    sample_signals,
)


def sample(scale=1e-5, sfreq=250.0, seconds=60.0, mains=0.0, edit=None):
    rng = np.random.default_rng(0)
    time = np.arange(int(sfreq * seconds)) / sfreq
    signals = rng.standard_normal((3, len(time))) + 0.5 * np.sin(2 * np.pi * mains * time)
    if edit is not None:
        edit(signals)
    info = mne.create_info(["C3", "Cz", "C4"], sfreq, "eeg")
    raw = mne.io.RawArray(scale * signals, info, verbose="error")
    return sample_signals(raw, raw.ch_names, "it")


@pytest.mark.parametrize(
    ("scale", "guess"), [(1e-5, 1.0), (1e-2, 1e-3), (10.0, 1e-6), (1e4, 1e-9), (1e-9, None)]
)
def test_the_unit_follows_from_the_amplitude(scale, guess):
    assert guess_scale([sample(scale)]) == guess


def test_two_units_or_none_are_not_guessed():
    assert guess_scale([sample(1e-5), sample(10.0)]) is None
    assert guess_scale([]) is None


def test_drift_does_not_count():
    drift = sample(edit=lambda signals: signals.__iadd__(np.arange(signals.shape[1]) * 0.1))
    assert drift.typical_uv == pytest.approx(sample().typical_uv, rel=0.1)


@pytest.mark.parametrize("mains", [50, 60])
def test_mains_are_a_peak(mains):
    frequency, ratios = guess_mains([sample(mains=mains)])
    assert frequency == mains
    assert set(ratios) == {50, 60}


def test_no_peak_and_a_rate_that_is_too_low():
    assert guess_mains([sample()])[0] is None
    assert guess_mains([sample(sfreq=90.0)]) == (None, {})
    assert set(sample(sfreq=110.0, mains=50).mains) == {50}


def test_channels_without_a_signal_are_named_and_do_not_count():
    def edit(signals):
        signals[0] = 3.0
        signals[1, signals.shape[1] // 2] = np.nan

    one = sample(edit=edit)
    assert one.flat == ("C3",)
    assert one.not_finite == ("Cz",)
    assert one.typical_uv == pytest.approx(sample().typical_uv, rel=0.1)


def test_only_the_middle_is_read():
    def edit(signals):
        signals[:, : int(250 * (60 - SAMPLE_S) / 2)] = np.nan

    assert sample(edit=edit).not_finite == ()


@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_a_recording_of_a_moment(seconds):
    assert sample(seconds=seconds).name == "it"
