"""What becomes of the channels of a recording."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.channels.channel_use import account_channels, as_good_eeg, with_channels
from bci_dann.exceptions import DataError


def layout_of(**keys):
    return RecordingsLayout(pattern="{subject}.fif", events={"left": "left_hand"}, **keys)


def raw_of(names, types="eeg"):
    info = mne.create_info(list(names), 100.0, types)
    return mne.io.RawArray(np.zeros((len(names), 10)), info, verbose="error")


def account(names, types="eeg", **keys):
    return account_channels(raw_of(names, types), layout_of(**keys), "a.edf")


def used(names, types="eeg", **keys):
    return account(names, types, **keys).used


def test_electrodes_get_their_standard_names():
    names = ["EEG C3-A2", "cz", "C4..", "T3"]
    assert used(names) == ["C3", "Cz", "C4", "T7"]
    assert "EEG C3-A2 = C3, cz = Cz, C4.. = C4 and" not in account(names).notes()[0]
    assert "EEG C3-A2 = C3, cz = Cz, C4.. = C4, T3 = T7" in account(names).notes()[0]


def test_matching_is_the_same_when_done_again():
    once = used(["EEG C3-A2", "T3", "Ch", "C3-C4"])
    assert used(once) == once


def test_other_signals_are_left_out_and_named():
    of_file = account(["C3", "EOG-left", "EMG chin", "AccX", "ECG", "Foo"])
    assert of_file.used == ["C3"]
    assert of_file.left_out == ["EOG-left", "EMG chin", "AccX", "ECG", "Foo"]
    (note,) = of_file.notes()
    assert (
        "not scalp electrodes according to their names: EOG-left, EMG chin, AccX, ECG, Foo." in note
    )
    frame = of_file.frame()
    assert list(frame.columns) == ["file", "channel", "type", "used_as", "reason"]
    assert frame["used_as"].tolist() == ["C3", "", "", "", "", ""]
    assert (frame["reason"][1:] != "").all()


def test_they_stay_in_the_recording_under_their_types_and_others_do_not():
    raw = raw_of(["C3", "EOG-left", "AccX", "STI", "Veo"], ["eeg", "eeg", "eeg", "stim", "eog"])
    raw = with_channels(raw, account_channels(raw, layout_of(), "a.edf"))
    assert raw.ch_names == ["C3", "EOG-left", "AccX"]
    assert raw.get_channel_types() == ["eeg", "eog", "misc"]


def test_they_are_taken_when_asked_for():
    assert used(["C3", "EMG chin"], extra_channels=["EMG chin"]) == ["C3", "EMG chin"]
    assert used(["C3", "X"], ["eeg", "misc"], extra_channels=["X"]) == ["C3", "X"]
    assert used(["C3", "X"], rename={"X": "EMG"}, extra_channels=["EMG"]) == ["C3", "EMG"]
    raw = raw_of(["C3", "X"], ["eeg", "misc"])
    raw = with_channels(raw, account_channels(raw, layout_of(extra_channels=["X"]), "a.edf"))
    assert raw.get_channel_types() == ["eeg", "eeg"]


@pytest.mark.parametrize(
    "names",
    [
        ["EEG1", "EEG2", "EEG3"],
        ["Ch1", "Ch2"],
        ["1", "2"],
        ["E1", "E2", "E3", "Cz"],
        ["A1", "A2", "A3", "A4", "B1"],
        ["EEG-Fz", "EEG-0", "EEG-1"],
        ["left", "right"],
        ["F7-T3", "F8-T4"],
        ["EEG Fpz-Cz", "EEG Pz-Oz"],
    ],
)
def test_caps_with_names_of_their_own_are_kept(names):
    assert len(used(names)) == len(names)


def test_what_has_no_position_is_said():
    assert "Ch1, Ch2 are not electrode positions" in account(["Ch1", "Ch2"]).notes()[0]
    assert account(["Cz", "Fz"]).notes() == []


@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        (["C3", "Cz", "C4", "Ch14"], ["Ch14"]),
        (["F4-M1", "C4-M1", "O2-M1", "E1-M2", "E2-M2"], ["E1-M2", "E2-M2"]),
        (["Ch1", "Ch2", "EOG", "AUX"], ["EOG", "AUX"]),
        (["EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal", "Resp oro-nasal", "Event marker"],
         ["EOG horizontal", "Resp oro-nasal", "Event marker"]),
    ],
)  # fmt: skip
def test_spare_inputs_beside_electrodes_are_left_out(names, left_out):
    assert account(names).left_out == left_out


def test_a_channel_with_a_position_is_an_electrode_whatever_its_name():
    raw = raw_of(["C3", "Mine"])
    raw.info["chs"][1]["loc"][:3] = (0.0, 0.05, 0.05)
    of_file = account_channels(raw, layout_of(), "a.set")
    assert of_file.used == ["C3", "Mine"]
    assert of_file.notes() == []


def test_the_names_of_the_montage_are_electrodes():
    names = ["C3", "F7'", "F7''"]
    assert used(names) == ["C3"]
    primed = next(n for n in mne.channels.get_builtin_montages() if n.endswith("_primed"))
    assert used(names, montage=primed) == names


def test_two_channels_at_one_position_keep_their_names():
    of_file = account(["C3-A1", "C3-A2", "Cz"])
    assert of_file.used == ["C3-A1", "C3-A2", "Cz"]
    assert "C3-A1, C3-A2 keep their names" in of_file.notes()[0]
    assert used(["T3", "T7"]) == ["T3", "T7"]
    assert used(["C3", "EEG C3"]) == ["C3", "EEG C3"]


def test_keys_take_either_spelling_and_rename_has_the_last_word():
    names = ["EEG C3-A2", "T3", "Cz"]
    assert used(names, drop=["C3"]) == ["T7", "Cz"]
    assert used(names, drop=["T7"], rename={"C3": "C1"}) == ["C1", "Cz"]
    assert used(names, rename={"T3": "T3"}) == ["C3", "T3", "Cz"]
    assert used(["Ch1", "Ch2", "Ch3"], rename={"Ch1": "C3", "Ch2": "EOG"}) == ["C3", "Ch3"]


def test_two_channels_of_one_name_after_rename():
    with pytest.raises(DataError, match=r"a.edf has several channels with the names \['C3'\]"):
        account(["EEG C3", "X"], rename={"X": "C3", "C3": "C3"})


def test_a_recording_of_which_nothing_remains():
    message = (
        r"a.edf has no EEG channels; it has EMG \(EMG according to its name\), X \(of the type misc"
    )
    with pytest.raises(DataError, match=message):
        account(["EMG", "X"], ["eeg", "misc"])


def test_channels_that_were_chosen_are_filtered_and_rejected_as_eeg():
    raw = raw_of(["C3", "EMG"], ["eeg", "emg"])
    raw.info["bads"] = ["EMG"]
    as_good_eeg(raw)
    assert raw.get_channel_types() == ["eeg", "eeg"]
    assert raw.info["bads"] == []
