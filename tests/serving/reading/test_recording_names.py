"""What recordings are called in messages and tables, and how a model recognises one again."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.recordings.recording_paths import recording_name
from bci_dann.serving.reading.recording_names import (
    epochs_session,
    raw_session,
    recording_files,
    recording_label,
)


@pytest.fixture
def array(raw):
    """The same recording without a file."""
    return mne.io.RawArray(raw.get_data(), raw.info, verbose="error")


def test_a_path_is_its_own_label(second):
    assert recording_label("new/../new/a.edf") == "new/../new/a.edf"
    assert recording_label(second) == str(second)
    assert recording_files("a.edf")[0].name == "a.edf"


def test_signals_in_memory_are_called_by_their_file(raw, array, cut, tmp_path):
    assert recording_label(raw) == str(raw.filenames[0])
    assert recording_label(array) == "Raw"
    assert recording_files(array) == []
    epochs = cut()
    assert recording_label(epochs) == "Epochs"
    epochs.save(tmp_path / "some-epo.fif", verbose="error")
    read = mne.read_epochs(tmp_path / "some-epo.fif", verbose="error")
    assert recording_label(read) == str(tmp_path / "some-epo.fif")


def test_a_raw_is_the_session_of_its_file(raw, second):
    assert raw_session(raw) == recording_name(second)
    assert raw_session(raw.copy().crop(0, 10)) == recording_name(second)


def test_a_raw_without_file_is_known_by_its_samples(raw, array, first):
    assert raw_session(array) == raw_session(array.copy())
    other = array.copy()
    other._data[0, -1] += 1e-6
    longer = mne.concatenate_raws([array.copy(), array.copy()], verbose="error")
    names = [raw_session(one) for one in (array, other, longer)]
    assert len(set(names)) == 3
    assert all(name.startswith("raw-") for name in names)


def test_several_files_in_one_are_a_session_of_their_own(raw, first, second):
    runs = [mne.io.read_raw(path, preload=True, verbose="error") for path in (first, second)]
    joined = mne.concatenate_raws(runs, verbose="error")
    assert raw_session(joined) not in (recording_name(first), recording_name(second))
    assert raw_session(joined) == raw_session(joined.copy())


def test_a_raw_whose_file_was_deleted_has_a_session(raw, tmp_path):
    raw.save(tmp_path / "gone_raw.fif", verbose="error")
    moved = mne.io.read_raw(tmp_path / "gone_raw.fif", preload=True, verbose="error")
    (tmp_path / "gone_raw.fif").unlink()
    assert raw_session(moved).startswith("raw-")


def test_epochs_are_known_by_their_samples(cut):
    epochs = cut()
    assert epochs_session(epochs) == epochs_session(epochs.copy())
    other = epochs.copy()
    other._data[3, 0, 0] += 1e-9
    names = {epochs_session(one) for one in (epochs, other, epochs[:8], cut(start=0.5, stop=2.5))}
    assert len(names) == 4


def test_the_samples_beside_a_header_count(tmp_path):
    for folder, samples in {"a": b"1", "b": b"2"}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.vhdr").write_text("header")
        (tmp_path / folder / "x.eeg").write_bytes(samples)
    names = {recording_name(tmp_path / folder / "x.vhdr") for folder in "ab"}
    assert len(names) == 2
    (tmp_path / "a" / "x.csv").write_text("predictions")
    assert recording_name(tmp_path / "a" / "x.vhdr") in names


def test_sessions_are_equal_for_equal_samples_of_any_layout_in_memory(cut):
    epochs = cut()
    shuffled = mne.EpochsArray(
        np.asfortranarray(epochs.get_data()), epochs.info, tmin=epochs.tmin, verbose="error"
    )
    assert epochs_session(shuffled) == epochs_session(epochs)
