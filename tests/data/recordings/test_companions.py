"""The files that belong to a recording: by its header, by its name, and by BIDS."""

from __future__ import annotations

import mne
import numpy as np
import pytest
import scipy.io

from bci_dann.data.recordings.companions import (
    bids_sidecars,
    files_read,
    is_later_part,
    split_parts,
)


def names(path):
    return [file.relative_to(path.parent).as_posix() for file in files_read(path)]


@pytest.fixture
def header(tmp_path):
    """Return a function that writes a BrainVision header, and empty files beside it."""

    def write(text, *others, encoding="utf-8"):
        for name in others:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        path = tmp_path / "x.vhdr"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize(
    ("text", "named", "encoding"),
    [
        ("DataFile=old.eeg\nMarkerFile=old.vmrk\n", {"old.eeg", "old.vmrk"}, "utf-8"),
        ("DataFile=$b.dat\r\nmarkerfile = o n.vmrk \r\n", {"x.dat", "o n.vmrk"}, "utf-8"),
        ("DataFile=Übung.eeg\n", {"Übung.eeg"}, "utf-8"),
        ("DataFile=Übung.eeg\n", {"Übung.eeg"}, "latin-1"),
        ("DataFile=deep/a.eeg\nDataFile2=no.eeg\n;DataFile=no.eeg\n", {"deep/a.eeg"}, "utf-8"),
        ("DataFile=a\0b.eeg\nMarkerFile=" + "m" * 5000, set(), "utf-8"),
    ],
)  # fmt: skip
def test_brainvision_headers_name_their_files(header, text, named, encoding):
    path = header(text, *named, "no.eeg", encoding=encoding)
    assert names(path) == sorted({"x.vhdr", *named})


def test_files_of_the_same_name_belong_to_a_recording(tmp_path):
    for name in ("a.edf", "a.txt", "a.edf.bak", "a.b.edf", "ab.edf", "A.txt"):
        (tmp_path / name).touch()
    assert names(tmp_path / "a.edf") == ["a.b.edf", "a.edf", "a.edf.bak", "a.txt"]


def test_a_folder_that_is_a_recording(tmp_path):
    (tmp_path / "a.mff" / "deep").mkdir(parents=True)
    for name in ("signal1.bin", "deep/info.xml"):
        (tmp_path / "a.mff" / name).touch()
    assert names(tmp_path / "a.mff") == ["a.mff/deep/info.xml", "a.mff/signal1.bin"]


@pytest.mark.parametrize("is_nested", [True, False])
@pytest.mark.parametrize(
    ("data", "found"), [("old.fdt", ["old.fdt", "x.set"]), (np.zeros((2, 9)), ["x.set"])]
)
def test_eeglab_files_name_their_samples(tmp_path, data, found, is_nested):
    content = {"data": data, "srate": 100.0}
    scipy.io.savemat(tmp_path / "x.set", {"EEG": content} if is_nested else content)
    for name in ("old.fdt", "other.fdt"):
        (tmp_path / name).touch()
    assert names(tmp_path / "x.set") == found


def test_in_doubt_all_samples_of_the_folder_belong_to_a_set_file(tmp_path):
    for name in ("x.set", "old.fdt", "other.FDT"):
        (tmp_path / name).write_bytes(b"MATLAB 7.3")
    assert names(tmp_path / "x.set") == ["old.fdt", "other.FDT", "x.set"]


@pytest.mark.parametrize("naming", ["neuromag", "bids"])
def test_parts_of_a_split_recording(tmp_path, naming, make_raw):
    raw = make_raw(names=[f"E{i}" for i in range(300)])
    raw.save(tmp_path / "s_eeg.fif", split_size="2MB", split_naming=naming, verbose="error")
    written = sorted(tmp_path.iterdir())
    assert len(written) > 2
    first = tmp_path / ("s_eeg.fif" if naming == "neuromag" else "s_split-01_eeg.fif")
    assert set(split_parts(first)) == set(files_read(first)) == set(written)
    assert {path for path in written if is_later_part(path)} == set(written) - {first}


def test_whole_and_damaged_fif_files_are_one_part(tmp_path, make_raw):
    for name in ("a_raw.fif", "a_raw-1.fif"):
        make_raw().save(tmp_path / name, verbose="error")
    assert names(tmp_path / "a_raw.fif") == ["a_raw.fif"]
    (tmp_path / "a_raw.fif").write_bytes(b"\0" * 100)
    assert names(tmp_path / "a_raw.fif") == ["a_raw.fif"]


def test_epochs_in_a_fif_file_are_one_part(tmp_path, make_raw):
    epochs = mne.make_fixed_length_epochs(make_raw(), 2.0, verbose="error")
    epochs.save(tmp_path / "a-epo.fif", verbose="error")
    assert names(tmp_path / "a-epo.fif") == ["a-epo.fif"]


def test_what_bids_recordings_inherit(tmp_path):
    inherited = [
        "events.json", "task-x_channels.tsv", "sub-1/sub-1_electrodes.tsv",
        "sub-1/ses-a/sub-1_ses-a_scans.tsv", "sub-1/ses-a/eeg/sub-1_ses-a_task-x_events.tsv",
        "sub-1/ses-a/eeg/sub-1_ses-a_coordsystem.json", "sub-1/eeg/sub-1_electrodes.tsv",
    ]  # fmt: skip
    others = [
        "participants.tsv", "README", "sub-2/eeg/sub-2_events.tsv", "sub-1/ses-a/eeg/events.txt",
        "sub-1/ses-b/eeg/sub-1_ses-b_events.tsv", "derivatives/events.json",
    ]  # fmt: skip
    for name in (*inherited, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    recording = tmp_path / "sub-1" / "ses-a" / "eeg" / "sub-1_ses-a_task-x_eeg.edf"
    found = bids_sidecars(recording, tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in found} == set(inherited)
