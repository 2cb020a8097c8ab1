"""Faults of trials and channels: each is found, and real signals have none."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.screening.trial_faults import CHANNEL_RATIO, TRIAL_RATIO, trial_faults
from bci_dann.exceptions import DataError

SFREQ, NAMES = 128.0, ["C3", "Cz", "C4", "Pz"]
WINDOWS = np.array([[start, start + 384] for start in range(256, 256 + 8 * 512, 512)])
FINE = [""] * len(WINDOWS)


@pytest.fixture
def raw():
    signals = 1e-5 * np.random.default_rng(0).standard_normal((4, 5120))
    return mne.io.RawArray(signals, mne.create_info(NAMES, SFREQ, "eeg"), verbose="error")


def faults(raw, channels=NAMES, windows=WINDOWS, **options):
    return trial_faults(raw, channels, windows, 1e6, **options)


def reasons(raw, **options):
    return faults(raw, **options).reasons


def trial(index):
    return slice(*WINDOWS[index])


def test_noise_has_no_faults_and_its_amplitude_is_measured(raw):
    found = faults(raw, band=(8, 30))
    assert found.reasons == FINE
    share = np.sqrt((30 - 8) / (SFREQ / 2))  # of white noise of 10 µV
    assert found.typical_uv == pytest.approx(10 * share, rel=0.05)


def test_a_trial_outside_of_the_recording_is_not_judged(raw):
    windows = np.array([[-10, 374], *WINDOWS[1:-1], [5000, 5384]])
    assert reasons(raw, windows=windows) == ["outside", *FINE[1:-1], "outside"]


def test_missing_samples_are_judged_by_trial(raw):
    raw._data[2, 10:20] = np.nan
    raw._data[0, WINDOWS[3, 0]] = -np.inf
    found = faults(raw)
    assert found.reasons == [*FINE[:3], "not_finite", *FINE[4:]]
    assert faults(raw, channels=["Cz", "Pz"]).reasons == FINE


def test_a_channel_without_samples_in_any_trial_is_refused(raw):
    raw._data[2, 200:] = np.nan
    for screen in (True, False):
        with pytest.raises(DataError, match=r"channels \['C4'\] lack samples .* in every trial"):
            faults(raw, screen=screen)


def test_a_recording_of_missing_samples_only(raw):
    raw._data[:] = np.nan
    found = faults(raw)
    assert set(found.reasons) == {"not_finite"}
    assert np.isnan(found.typical_uv)


def test_a_channel_that_drops_out_for_a_trial(raw):
    raw._data[1, trial(2)] = 7e-6
    assert reasons(raw) == [*FINE[:2], "flat", *FINE[3:]]
    assert reasons(raw, screen=False) == FINE


def test_a_channel_that_is_flat_throughout_is_refused(raw):
    raw._data[1] = 0.1
    for screen in (True, False):
        with pytest.raises(DataError, match=r"channels \['Cz'\] are flat"):
            faults(raw, screen=screen)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amplifier_at_its_limit(raw, sign):
    limit = 187e-6
    raw._data[3] = np.clip(raw._data[3], -limit, limit)
    raw._data[3, trial(4)][100:160] = sign * limit
    assert reasons(raw) == [*FINE[:4], "railed", *FINE[5:]]


def test_single_samples_at_the_limit_are_no_fault(raw):
    raw._data[3] = np.clip(raw._data[3], -5e-6, 5e-6)  # most samples, a few at a time
    raw._data[3] += 1e-12 * np.arange(5120)
    assert reasons(raw) == FINE


@pytest.mark.parametrize("factor", [1e3, 1e6, 1e-3])
def test_a_trial_in_another_unit(raw, factor):
    raw._data[:, trial(5)] *= factor
    assert reasons(raw) == [*FINE[:5], "scale", *FINE[6:]]


@pytest.mark.parametrize("factor", [1e3, 1e6, 1e-3])
@pytest.mark.parametrize("band", [None, (8, 30)])
def test_a_channel_in_another_unit_is_refused_and_named(raw, factor, band):
    raw._data[2] *= factor
    with pytest.raises(DataError, match=r"channels C4 \([\d.e+-]+ µV\) seem to have another"):
        faults(raw, band=band)
    faults(raw, band=band, screen=False)


def test_of_two_channels_both_are_named(raw):
    raw._data[2] *= 1e3
    with pytest.raises(DataError, match=r"the channels C3 .*, C4 .* seem to have another unit"):
        faults(raw, channels=["C3", "C4"])
    raw._data[2] /= 50
    assert reasons(raw, channels=["C3", "C4"]) == FINE


def test_loud_channels_artefacts_and_drifts_are_no_units(raw):
    raw._data[0] *= 0.5 * CHANNEL_RATIO  # an electrode without contact
    raw._data[1, trial(1)] *= 0.5 * TRIAL_RATIO
    raw._data[2] += np.linspace(0, 0.05, 5120)  # 50 mV of electrode drift
    assert reasons(raw, band=(8, 30)) == FINE


@pytest.mark.parametrize("factor", [1.0, -1.0, 2.5])
def test_a_copy_of_a_channel_is_refused(raw, factor):
    raw._data[3] = factor * raw._data[0]
    with pytest.raises(DataError, match="C3 and Pz have the same signal"):
        faults(raw)


def test_bridged_electrodes_are_no_copies(raw):
    raw._data[3] = raw._data[0] + 1e-8 * np.random.default_rng(1).standard_normal(5120)
    assert reasons(raw) == FINE


def test_one_channel_has_nothing_to_compare_with(raw):
    assert reasons(raw, channels=["C3"]) == FINE


def test_a_channel_that_is_flat_in_most_trials_is_no_unit(raw):
    """It costs these trials; what it is like in the others decides on its unit."""
    raw._data[1, WINDOWS[2, 0] :] = 1e-4
    assert reasons(raw, channels=["Cz", "C4"]) == ["", "", *["flat"] * 6]
