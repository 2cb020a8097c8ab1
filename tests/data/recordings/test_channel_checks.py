"""Channels across the recordings of a folder: keys that name none, and what is said once."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bci_dann.data import Recordings
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

NAMES = ("C3", "Cz", "C4", "EOG-left", "EMG chin")


@pytest.fixture
def mixed(tmp_path, make_raw, write_fif):
    for subject in "AB":
        write_fif(tmp_path, subject, "1", make_raw(seed=ord(subject), names=NAMES))
    return tmp_path


def test_other_signals_are_left_out_with_one_warning(mixed, load):
    with pytest.warns(BCIDannWarning, match="names: EOG-left, EMG chin. Such") as caught:
        trials = load(mixed)
    assert trials.ch_names == ["C3", "Cz", "C4"]
    assert len(caught) == 1


def test_they_are_taken_by_either_key(mixed, load):
    with pytest.warns(BCIDannWarning, match="names: EOG-left. Such"):
        by_layout = load(mixed, extra_channels=["EMG chin"])
    steps = {"channels": ["Cz", "EMG chin"], "band": (8, 30)}
    with pytest.warns(BCIDannWarning, match="not scalp electrodes"):
        by_steps = load(mixed, steps=steps)
    assert by_layout.ch_names == ["C3", "Cz", "C4", "EMG chin"]
    assert by_steps.ch_names == ["Cz", "EMG chin"]
    renamed = {"rename": {"EMG chin": "Pz"}, "drop": ["EOG-left"]}
    as_electrode = load(mixed, steps={**steps, "channels": ["Cz", "Pz"]}, **renamed)
    np.testing.assert_array_equal(by_steps.X, as_electrode.X)  # filtered alike


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"drop": ["EOG-Left"]}, r"drop has 'EOG-Left'.*Did you mean 'EOG-left'"),
        ({"rename": {"EMG Chin": "X"}}, r"rename has 'EMG Chin'.*Did you mean 'EMG chin'"),
        ({"rename": {"T3": "T7"}}, "rename has 'T3'"),
        ({"extra_channels": ["ECG"]}, "extra_channels has 'ECG'"),
    ],
)
def test_a_key_that_names_no_channel_is_refused(mixed, load, layout, keys, message):
    with pytest.raises(ConfigError, match=message):
        load(mixed, **keys)
    with pytest.raises(ConfigError, match=message):  # as stock MOABB calls it
        Recordings(mixed, {**layout, **keys}).get_data(["A"])


def test_one_file_that_has_the_channel_is_enough(mixed, load, layout, make_raw, write_fif):
    write_fif(mixed, "C", "1", make_raw(names=("C3", "Cz", "C4", "Oz")))
    keys = {"drop": ["Oz", "EOG-left", "EMG chin"]}
    assert load(mixed, **keys).ch_names == ["C3", "Cz", "C4"]
    Recordings(mixed, {**layout, **keys}).get_data(["A"])


@pytest.mark.filterwarnings("ignore:.*have the same signals")
def test_files_that_spell_electrodes_differently(tmp_path, load, make_raw, write_fif):
    write_fif(tmp_path, "A", "1", make_raw())
    write_fif(tmp_path, "A", "2", make_raw(names=("EEG C3-A2", "CZ", "c4..")))
    with pytest.warns(BCIDannWarning, match=r"EEG C3-A2 = C3, CZ = Cz, c4.. = C4"):
        trials = load(tmp_path)
    np.testing.assert_array_equal(trials.X[:9], trials.X[9:])


def test_the_account_of_a_folder(mixed, layout):
    table = Recordings(mixed, layout).channel_account()
    assert table["file"].unique().tolist() == ["sA/1_raw.fif", "sB/1_raw.fif"]
    assert table["used_as"].tolist() == ["C3", "Cz", "C4", "", ""] * 2


def with_bads(make_raw, *bads):
    raw = make_raw()
    raw.info["bads"] = list(bads)
    return raw


@pytest.mark.filterwarnings("ignore:.*have the same signals")
def test_a_channel_that_is_bad_everywhere_is_left_out_with_a_word(
    tmp_path, load, make_raw, write_fif
):
    for session in "12":
        write_fif(tmp_path, "A", session, with_bads(make_raw, "Cz"))
    with pytest.warns(BCIDannWarning, match="Cz are marked bad in all recordings"):
        assert load(tmp_path).ch_names == ["C3", "C4"]


@pytest.mark.filterwarnings("ignore:.*have the same signals")
def test_a_channel_that_is_bad_in_one_file(tmp_path, load, make_raw, write_fif):
    write_fif(tmp_path, "A", "1", make_raw())
    write_fif(tmp_path, "A", "2", with_bads(make_raw, "Cz"))
    message = r"sA/2_raw.fif.*'Cz' is marked bad, but not in other.*`drop`.*`bads: use`"
    with pytest.raises(DataError, match=message):
        load(tmp_path)
    with pytest.raises(DataError, match=r"sA/2_raw.fif: the channels \['Cz'\] are marked bad"):
        load(tmp_path, steps={"channels": ["C3", "Cz"]})
    assert load(tmp_path, steps={"channels": ["C3", "C4"]}).ch_names == ["C3", "C4"]
    assert load(tmp_path, drop=["Cz"]).ch_names == ["C3", "C4"]
    used = load(tmp_path, steps={"bads": "use"})
    assert used.ch_names == ["C3", "Cz", "C4"]
    np.testing.assert_array_equal(used.X[:9], used.X[9:])


def test_a_bad_channel_that_is_used_is_rejected_like_others(tmp_path, load, make_raw, write_fif):
    raw = with_bads(make_raw, "Cz")
    raw._data[1, 250] = 1e-3
    write_fif(tmp_path, "A", "1", raw)
    steps = {"band": None, "bads": "use"}
    assert len(load(tmp_path, steps={**steps, "reject_uv": 500})) < len(load(tmp_path, steps=steps))


def test_a_reference_that_is_marked_bad(tmp_path, load, make_raw, write_fif):
    write_fif(tmp_path, "A", "1", with_bads(make_raw, "Cz"))
    with pytest.raises(DataError, match=r"\['Cz'\] are marked bad"):
        load(tmp_path, steps={"channels": ["C3", "C4"], "reference": ["Cz"]})


def test_names_of_a_numbered_cap_are_not_taken_for_positions_silently(
    tmp_path, load, make_raw, write_fif
):
    """In a cap of BioSemi with 128 electrodes, C3 is not the 10-05 electrode C3."""
    names = [f"{sector}{number}" for sector in "ABC" for number in (3, 4, 5, 20)]
    for subject in "AB":
        write_fif(tmp_path, subject, "1", make_raw(seed=ord(subject), names=names))
    with pytest.warns(BCIDannWarning) as caught:
        load(tmp_path)
    notes = [str(one.message) for one in caught]
    assert any("channels C3, C4, C5 have the names of 10-05 positions" in note for note in notes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", BCIDannWarning)
        load(tmp_path, montage="biosemi128")
