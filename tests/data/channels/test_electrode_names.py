"""Spellings of electrodes, and names of other signals."""

from __future__ import annotations

import pytest

from bci_dann.data.channels.electrode_names import (
    channels_named,
    is_derivation,
    is_numbered,
    other_signal,
    resolve_names,
    standard_name,
)
from bci_dann.data.montages import standard_montage
from bci_dann.exceptions import DataError


@pytest.mark.parametrize(
    ("spelling", "position"),
    [
        ("C3", "C3"),
        ("c3", "C3"),
        ("FP1", "Fp1"),
        ("CPZ", "CPz"),
        (" Cz ", "Cz"),
        ("Fc5.", "FC5"),
        ("C3..", "C3"),
        ("EEG C3", "C3"),
        ("EEG-Cz", "Cz"),
        ("EEG:C4", "C4"),
        ("EEG FP1-REF", "Fp1"),
        ("EEG F3-LE", "F3"),
        ("POL O1", "O1"),
        ("C3-A2", "C3"),
        ("C4-M1", "C4"),
        ("F7-A1A2", "F7"),
        ("F7-A1+A2", "F7"),
        ("O2_AVG", "O2"),
        ("T3", "T7"),
        ("EEG t6-Ref", "P8"),
        ("A1", "A1"),
        ("FFC1h", "FFC1h"),
    ],
)
def test_spellings_of_one_position(spelling, position):
    assert standard_name(spelling) == position


@pytest.mark.parametrize(
    "name",
    [
        "EMG chin",
        "EOG-left",
        "AccX",
        "Ch1",
        "EEG1",
        "EEG",
        "",
        "C3-C4",
        "C3-0",
        "Fpz-Cz",
        "X",
        "REF",
    ],
)
def test_names_of_no_position(name):
    assert standard_name(name) is None


def test_every_name_of_the_system_is_itself():
    old = {"T3", "T4", "T5", "T6"}
    for name in set(standard_montage("standard_1005").ch_names) - old:
        assert standard_name(name) == name
        assert other_signal(name) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("EOG-left", "eog"),
        ("HEOG", "eog"),
        ("VEO", "eog"),
        ("LOC-A2", "eog"),
        ("EMG chin", "emg"),
        ("Chin1", "emg"),
        ("ECG", "ecg"),
        ("EKG2", "ecg"),
        ("AccX", "misc"),
        ("Acc", "misc"),
        ("accelerometer y", "misc"),
        ("GSR", "misc"),
        ("Resp oro-nasal", "misc"),
        ("SpO2", "misc"),
        ("SaO2", "misc"),
        ("Trigger", "misc"),
        ("STI 014", "misc"),
        ("Status", "misc"),
        ("Temp rectal", "misc"),
        ("DC01", "misc"),
        ("EXG3", "misc"),
        ("EEG EKG-REF", "ecg"),
    ],
)
def test_names_of_other_signals(name, kind):
    assert other_signal(name) == kind


@pytest.mark.parametrize("name", ["C3", "Ch1", "EEG1", "left", "access", "Store", "CB1", "E12"])
def test_names_that_say_nothing_of_another_signal(name):
    assert other_signal(name) is None


def test_numbers_and_derivations():
    assert all(is_numbered(name) for name in ("1", "Ch1", "CH 01", "E12", "B7", "channel_3"))
    assert not any(is_numbered(name) for name in ("AUX1", "DC01", "C3-C4", "EEG"))
    assert is_derivation("F7-T3")
    assert is_derivation("EEG Fpz-Cz")
    assert not any(is_derivation(name) for name in ("C3", "C3-X", "EEG-0", "F7-T3-P3"))


def test_a_user_means_the_exact_channel_or_those_at_its_position():
    names = ["C3-A1", "C3-A2", "T7", "EOG-left", "Fc5."]
    assert channels_named("C3-A2", names) == ["C3-A2"]
    assert channels_named("c3", names) == ["C3-A1", "C3-A2"]
    assert channels_named("T3", names) == ["T7"]
    assert channels_named("EOG-Left", names) == []


def test_names_are_resolved_in_the_order_of_the_user():
    assert resolve_names(["cz", "T3", "X"], ["T7", "Cz"]) == ["Cz", "T7", "X"]


def test_a_name_that_means_several_channels():
    with pytest.raises(DataError, match="'C3' may be any of C3-A1, C3-A2"):
        resolve_names(["C3"], ["C3-A1", "C3-A2"])


def test_two_names_of_one_channel():
    with pytest.raises(DataError, match="'T3' and 'T7' are the same, 'T7'"):
        resolve_names(["T3", "T7"], ["T7", "Cz"])
