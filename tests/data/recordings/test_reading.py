"""Reading one recording: channels, units, positions, annotations and damage."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.reading import open_recording, read_recording
from bci_dann.exceptions import ConfigError, DataError

EVENTS = {"left": "left_hand", "right": "right_hand"}


def layout_of(**keys):
    return RecordingsLayout(
        **{"pattern": "{subject}.fif", "events": EVENTS, "interval": (0, 3), **keys}
    )


@pytest.fixture
def path(tmp_path, make_raw, write_fif):
    return write_fif(tmp_path, "A", "1", make_raw())


def test_opening_reads_no_samples_and_keeps_annotations(path):
    raw = open_recording(path, layout_of()).raw
    assert not raw.preload
    assert set(raw.annotations.description) == {"left", "right"}
    assert raw.ch_names == ["C3", "Cz", "C4"]


def test_reading_names_annotations_as_classes(path):
    raw = read_recording(path, layout_of()).raw
    assert raw.preload
    assert raw.annotations.description[:2].tolist() == ["left_hand", "right_hand"]
    opened = open_recording(path, layout_of()).raw
    np.testing.assert_array_equal(raw.annotations.onset, opened.annotations.onset)


def test_other_annotations_are_dropped_but_for_bad_segments(tmp_path, make_raw, write_fif):
    raw = make_raw()
    raw.annotations.append([1.0, 5.0, 6.0], [0.0, 1.0, 1.0], ["start", "BAD_blink", "bad muscle"])
    path = write_fif(tmp_path, "A", "1", raw)
    names = set(
        read_recording(path, layout_of(events={"left": "left_hand"})).raw.annotations.description
    )
    assert names == {"left_hand", "BAD_blink", "bad muscle"}


def test_two_events_may_be_one_class(path):
    both = layout_of(events={"left": "hand", "right": "hand"})
    assert set(read_recording(path, both).raw.annotations.description) == {"hand"}


def test_samples_are_scaled(path):
    plain = read_recording(path, layout_of()).raw.get_data()
    scaled = read_recording(path, layout_of(unit_scale=1e-3)).raw.get_data()
    np.testing.assert_allclose(scaled, plain * 1e-3, rtol=1e-12)


def test_channels_are_dropped_then_renamed(tmp_path, make_raw, write_fif):
    path = write_fif(tmp_path, "A", "1", make_raw(names=("T3", "Cz", "AUX")))
    keys = {"rename": {"T3": "T7", "T9": "X"}, "drop": ["AUX", "not there"]}
    assert open_recording(path, layout_of(**keys)).raw.ch_names == ["T7", "Cz"]


def test_channels_of_other_types_are_left_out_and_bad_eeg_channels_are_not(
    tmp_path, make_raw, write_fif
):
    raw = make_raw().set_channel_types({"Cz": "eog"}, verbose="error")
    raw.info["bads"] = ["C4"]
    opened = open_recording(write_fif(tmp_path, "A", "1", raw), layout_of()).raw
    assert opened.ch_names == ["C3", "C4"]


def test_a_recording_without_eeg_channels(path):
    raw = mne.io.read_raw(path, preload=True, verbose="error").pick(["C4"])
    raw.set_channel_types({"C4": "misc"}, verbose="error").save(
        path, overwrite=True, verbose="error"
    )
    with pytest.raises(
        DataError, match=r"1_raw.fif has no EEG channels; it has C4 \(of the type misc"
    ):
        open_recording(path, layout_of())


def test_two_channels_of_one_name(path):
    message = r"1_raw.fif has several channels with the names \['C4'\] after `rename`.*`drop`"
    with pytest.raises(DataError, match=message):
        open_recording(path, layout_of(rename={"C3": "C4"}))
    swapped = open_recording(path, layout_of(rename={"C3": "C4", "C4": "C3"})).raw
    assert swapped.ch_names == ["C4", "Cz", "C3"]


def positions(raw):
    return {channel["ch_name"]: channel["loc"][:3] for channel in raw.info["chs"]}


def test_positions_come_from_the_montage_whatever_the_case(tmp_path, make_raw, write_fif):
    path = write_fif(tmp_path, "A", "1", make_raw(names=("c3", "CZ", "X9")))
    places = positions(read_recording(path, layout_of()).raw)
    assert places["C3"][0] < -0.04
    assert abs(places["Cz"][0]) < 0.01
    assert not np.isfinite(places["X9"]).all() or not places["X9"].any()


def test_without_a_montage_positions_are_those_of_the_file(tmp_path, make_raw, write_fif):
    raw = make_raw().set_montage("biosemi32", on_missing="ignore", verbose="error")
    path = write_fif(tmp_path, "A", "1", raw)
    kept = positions(read_recording(path, layout_of(montage=None)).raw)
    np.testing.assert_allclose(kept["C3"], positions(raw)["C3"], atol=1e-6)
    replaced = positions(read_recording(path, layout_of()).raw)
    assert np.abs(replaced["C3"] - kept["C3"]).max() > 1e-3


def test_an_unknown_montage(path):
    with pytest.raises(ConfigError, match="unknown montage 'standard_1030'"):
        read_recording(path, layout_of(montage="standard_1030"))


def with_triggers(raw, codes):
    events, _ = mne.events_from_annotations(raw, codes, verbose="error")
    info = mne.create_info(["STI"], raw.info["sfreq"], "stim")
    stim = mne.io.RawArray(np.zeros((1, len(raw.times))), info, verbose="error")
    stim._data[0, events[:, 0]] = events[:, 2]
    return raw.set_annotations(None).add_channels([stim], force_update_info=True)


def test_triggers_in_a_stim_channel_are_events(tmp_path, make_raw, write_fif):
    onsets = make_raw().annotations.onset
    path = write_fif(tmp_path, "A", "1", with_triggers(make_raw(), {"left": 5, "right": 7}))
    raw = read_recording(path, layout_of(events={"5": "left_hand", "7": "right_hand"})).raw
    assert raw.ch_names == ["C3", "Cz", "C4"]
    assert raw.annotations.description[:2].tolist() == ["left_hand", "right_hand"]
    np.testing.assert_allclose(raw.annotations.onset, onsets, atol=1e-9)


def test_a_stim_channel_without_triggers_changes_nothing(tmp_path, make_raw, write_fif):
    raw = make_raw()
    annotations = raw.annotations.copy()
    raw = with_triggers(raw, {"left": 5, "right": 7})
    raw._data[-1] = 0
    path = write_fif(tmp_path, "A", "1", raw.set_annotations(annotations))
    assert set(open_recording(path, layout_of()).raw.annotations.description) == {"left", "right"}


def test_a_complete_edf_is_opened_and_a_truncated_one_refused(tmp_path, write_edf):
    path = write_edf(tmp_path / "s1.edf")
    assert open_recording(path, layout_of()).raw.ch_names == ["C3", "C4"]
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"s1.edf is truncated.*has 7768 bytes.* 8768 "):
        open_recording(path, layout_of())


def test_an_edf_that_is_longer_than_its_header_says(tmp_path, write_edf):
    path = write_edf(tmp_path / "s1.edf")
    path.write_bytes(path.read_bytes() + bytes(10))
    assert open_recording(path, layout_of()).raw.ch_names == ["C3", "C4"]


def test_an_edf_that_was_never_closed_is_as_long_as_it_is(tmp_path, write_edf):
    path = write_edf(tmp_path / "s1.edf", n_records=20, header_records=-1)
    assert open_recording(path, layout_of()).raw.times[-1] == pytest.approx(19.99)


def test_an_edf_that_is_not_one(tmp_path):
    (tmp_path / "s1.edf").write_bytes(b"not a header")
    with pytest.raises(DataError, match=r"s1.edf cannot be read: .*`exclude`"):
        open_recording(tmp_path / "s1.edf", layout_of())


@pytest.mark.parametrize("name", ["s1.edf", "s1.fif", "s1.vhdr", "s1.set"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=rf"{name} is empty. Copy the file again.*`exclude`"):
        open_recording(tmp_path / name, layout_of())


@pytest.mark.parametrize("name", ["s1.gdf", "s1.fif", "s1.vhdr"])
def test_a_file_that_mne_cannot_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing of use")
    with pytest.raises(DataError, match=rf"{name} cannot be read: \w+: "):
        open_recording(tmp_path / name, layout_of())


def test_damaged_samples_are_no_warning_of_another_package(tmp_path, make_raw, write_fif):
    raw = with_triggers(make_raw(), {"left": 5, "right": 7})
    raw._data[:, 1000:1100] = np.nan
    path = write_fif(tmp_path, "A", "1", raw)
    cues = read_recording(path, layout_of(events={"5": "left_hand", "7": "right_hand"})).cues
    assert len(cues) == 8 + (cues["sample"] == 1000).sum()


def test_annotations_in_another_encoding(tmp_path):
    edfio = pytest.importorskip("edfio")
    noise = np.random.default_rng(0).normal(0, 10, (2, 4000))
    channels = [
        edfio.EdfSignal(one, 100, label=name, physical_dimension="uV")
        for one, name in zip(noise, ("C3", "C4"), strict=True)
    ]
    path = tmp_path / "s1.edf"
    edfio.Edf(channels, annotations=[edfio.EdfAnnotation(5.0, None, "gaucheX")]).write(path)
    path.write_bytes(path.read_bytes().replace(b"gaucheX", "main \xe9g".encode("latin-1")))
    events = {"main \xe9g": "left_hand"}
    with pytest.raises(
        DataError, match=r"s1.edf: its annotations have a different encoding.*encoding: latin1"
    ):
        open_recording(path, layout_of(events=events))
    opened = open_recording(path, layout_of(events=events, encoding="latin1"))
    assert opened.cues["label"].tolist() == ["left_hand"]
