"""Channels that datasets share, in any spelling, and electrodes that one of them lacks."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.channels.interpolation import interpolate_electrodes
from bci_dann.data.combined.common_channels import (
    RecordingChannels,
    all_channels,
    common_channels,
)
from bci_dann.exceptions import DataError

NAMES = ["Fz", "T3", "C3", "Cz", "C4", "Pz"]


@pytest.fixture
def raw():
    signals = 1e-5 * np.random.default_rng(0).standard_normal((len(NAMES), 300))
    return mne.io.RawArray(signals, mne.create_info(NAMES, 100.0, "eeg"), verbose="error")


def test_the_first_data_set_gives_order_and_spelling():
    channels = {"a": ["Cz", "T7", "C3", "O1"], "b": ["C3", "EEG T3", "Oz", "CZ"]}
    assert common_channels(channels) == ["Cz", "T7", "C3"]
    assert all_channels(channels) == ["Cz", "T7", "C3", "O1", "Oz"]


@pytest.mark.parametrize(
    ("other", "common"), [(["Oz", "O1"], "no channel"), (["C3", "cz"], "C3, Cz")]
)
def test_too_few_common_channels_are_refused(other, common):
    with pytest.raises(DataError, match=rf"have {common} in common.*a has C3, Cz, C4; b has "):
        common_channels({"a": ["C3", "Cz", "C4"], "b": other})


def test_channels_get_the_names_of_all_and_keep_their_signals(raw):
    change = RecordingChannels(["T7", "Cz", "C3"])
    changed = change(raw)
    assert (changed.get_data(["T7", "C3"]) == raw.get_data(["T3", "C3"])).all()
    assert raw.ch_names == NAMES
    assert RecordingChannels(["Cz", "C3"])(raw) is raw


def test_missing_electrodes_are_interpolated_from_the_others(raw):
    wanted = ["Fz", "T7", "C3", "Cz", "CPz"]
    changed = RecordingChannels(wanted, interpolate=True)(raw)
    expected = interpolate_electrodes(raw.copy(), ["CPz"], NAMES, "standard_1005")
    assert np.allclose(changed.get_data("CPz"), expected.get_data("CPz"), rtol=1e-12)
    assert set(wanted) <= set(changed.ch_names)


def test_a_channel_that_is_marked_bad_is_missing_unless_it_is_used(raw):
    raw.info["bads"] = ["C3"]
    wanted = ["Fz", "T7", "C3", "Cz", "C4"]
    assert RecordingChannels(wanted, interpolate=True).missing(raw) == ["C3"]
    changed = RecordingChannels(wanted, interpolate=True)(raw)
    assert not np.allclose(changed.get_data("C3"), raw.get_data("C3"))
    assert changed.info["bads"] == []
    assert RecordingChannels(wanted, interpolate=True, use_bads=True).missing(raw) == []


@pytest.mark.parametrize(
    ("interpolate", "message"),
    [
        (True, "2 of 6 channels are missing, P3, P4: a fifth, 1, can be interpolated"),
        (False, r"2 of 6 .*, P3, P4: all datasets need .*`channels: all`"),
    ],
)
def test_too_many_missing_electrodes_are_refused(raw, interpolate, message):
    with pytest.raises(DataError, match=message):
        RecordingChannels(["Fz", "C3", "Cz", "C4", "P3", "P4"], interpolate=interpolate)(raw)
