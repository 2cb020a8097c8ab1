"""Interpolation equals MNE's own on its montage, in any spelling, whatever is beside it."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.channels.interpolation import (
    interpolate_electrodes,
    montage_of,
    with_position,
)
from bci_dann.data.montages import standard_montage
from bci_dann.exceptions import DataError

NAMES = ["FC3", "FC4", "C1", "C3", "C5", "CP3", "CP4", "Cz"]


@pytest.fixture
def raw():
    signals = 1e-5 * np.random.default_rng(0).standard_normal((len(NAMES), 300))
    return mne.io.RawArray(signals, mne.create_info(NAMES, 100.0, "eeg"), verbose="error")


def others(raw, *names):
    return [name for name in raw.ch_names if name not in names]


def test_it_is_what_mne_does(raw):
    expected = raw.copy().set_montage(standard_montage("standard_1005"))
    expected.info["bads"] = ["C3"]
    expected.interpolate_bads(origin=(-0.0009, 0.0146, 0.0408), verbose="error")
    found = interpolate_electrodes(raw.copy(), ["C3"], others(raw, "C3"), "standard_1005")
    np.testing.assert_allclose(found.get_data("C3"), expected.get_data("C3"), rtol=1e-2, atol=1e-8)
    assert set(found.ch_names) == set(NAMES)


def test_a_missing_electrode_is_added_with_its_position(raw):
    there = interpolate_electrodes(raw.copy(), ["C3"], others(raw, "C3"), "standard_1005")
    raw.drop_channels(["C3"])
    added = interpolate_electrodes(raw, ["C3"], raw.ch_names, "standard_1005")
    np.testing.assert_array_equal(added.get_data("C3"), there.get_data("C3"))
    assert np.isfinite(added.info["chs"][-1]["loc"][:3]).all()


def test_epochs_are_interpolated_as_the_recording(raw):
    events = np.array([[0, 0, 1], [100, 0, 1], [200, 0, 1]])
    options = {"tmin": 0.0, "tmax": 0.99, "baseline": None, "preload": True, "verbose": "error"}
    epochs = mne.Epochs(raw, events, **options)
    donors = others(raw, "C3")
    found = interpolate_electrodes(epochs, ["C3"], donors, "standard_1005").get_data("C3")
    expected = interpolate_electrodes(raw, ["C3"], donors, "standard_1005").get_data("C3")
    np.testing.assert_allclose(found.ravel(), expected.ravel())


def test_channels_of_other_types_and_names_stay(raw):
    raw.rename_channels({"CP4": "EEG CP4-REF", "FC4": "accX"})
    raw.set_channel_types({"accX": "misc"}, on_unit_change="ignore")
    before = raw.get_data(["accX", "EEG CP4-REF"])
    donors = [name for name in raw.ch_names if name not in ("C3", "accX")]
    found = interpolate_electrodes(raw, ["C3"], donors, "standard_1005")
    np.testing.assert_array_equal(found.get_data(["accX", "EEG CP4-REF"]), before)
    assert found.get_channel_types(["accX"]) == ["misc"]


def test_positions_are_found_in_the_layout_or_in_the_10_05_system():
    assert montage_of(["E12", "E3"], "GSN-HydroCel-64_1.0") == "GSN-HydroCel-64_1.0"
    assert montage_of(["FC3"], "standard_1020") == "standard_1020"
    assert montage_of(["FCC3h"], "standard_1020") == "standard_1005"
    assert with_position(["EEG C3", "c3..", "Left", "T3", "T7"], "standard_1005") == [
        "EEG C3",
        "T3",
    ]
    with pytest.raises(DataError, match="positions of Left, Right are not known"):
        montage_of(["Left", "C3", "Right"], "standard_1020")


def test_three_electrodes_are_too_few(raw):
    with pytest.raises(DataError, match="C3 cannot be interpolated from 3 electrodes"):
        interpolate_electrodes(raw, ["C3"], ["C1", "C5", "Cz"], "standard_1005")
