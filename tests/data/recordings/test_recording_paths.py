"""Names of recordings by their content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bci_dann.data.recordings.recording_paths import (
    HASHED_BYTES,
    bids_events_path,
    recording_name,
)


def test_where_bids_has_the_events():
    path = Path("sub-01/eeg/sub-01_task-imagery_run-2_eeg.vhdr")
    assert bids_events_path(path).as_posix() == "sub-01/eeg/sub-01_task-imagery_run-2_events.tsv"


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a" / "x.vhdr"
    path.parent.mkdir()
    path.write_text("header")
    path.with_suffix(".eeg").write_bytes(bytes(4 * HASHED_BYTES))
    path.with_suffix(".vmrk").write_text("markers")
    return path


def test_a_name_starts_with_the_file_and_ends_with_a_hash(recording):
    assert recording_name(recording).startswith("x.vhdr-")
    assert len(recording_name(recording)) == len("x.vhdr-") + 12


def test_the_spelling_of_the_path_does_not_matter(recording, monkeypatch):
    name = recording_name(recording)
    assert recording_name(recording.parent / ".." / "a" / "x.vhdr") == name
    monkeypatch.chdir(recording.parent)
    assert recording_name(Path("x.vhdr")) == name
    link = recording.parent.parent / "link.vhdr"
    link.symlink_to(recording)
    assert recording_name(link) == name


def test_a_copy_has_the_same_name_at_any_time(recording, tmp_path):
    copy = shutil.copytree(recording.parent, tmp_path / "b") / "x.vhdr"
    os.utime(copy, (0, 0))
    assert recording_name(copy) == recording_name(recording)


@pytest.mark.parametrize("suffix", [".vhdr", ".eeg", ".vmrk"])
def test_another_content_of_any_file_is_another_name(recording, suffix):
    before = recording_name(recording)
    file = recording.with_suffix(suffix)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert recording_name(recording) != before


def test_another_length_is_another_name(recording):
    before = recording_name(recording)
    recording.with_suffix(".eeg").write_bytes(bytes(5 * HASHED_BYTES))
    assert recording_name(recording) != before


def test_files_that_the_header_names_count(recording):
    recording.write_text("DataFile=old.eeg\nMarkerFile=old.vmrk")
    names = set()
    for content in (None, b"1", b"2"):
        if content is not None:
            recording.with_name("old.vmrk").write_bytes(content)
        names.add(recording_name(recording))
    assert len(names) == 3


def test_links_that_lie_beside_each_other_are_one_recording(recording, tmp_path):
    """As in datasets of git-annex, where each file is a link to a place of its own."""
    names = set()
    for folder in "xy":
        (tmp_path / folder).mkdir()
        for number, suffix in enumerate((".vhdr", ".eeg", ".vmrk")):
            target = tmp_path / folder / f"object{number}"
            content = recording.with_suffix(suffix).read_bytes()
            target.write_bytes(content + folder.encode() if suffix == ".vmrk" else content)
            (tmp_path / folder / f"r{suffix}").symlink_to(target)
        names.add(recording_name(tmp_path / folder / "r.vhdr"))
    assert len(names) == 2


def test_other_recordings_in_the_folder_do_not_matter(recording):
    before = recording_name(recording)
    recording.with_name("y.eeg").write_text("another")
    assert recording_name(recording) == before


def test_a_recording_may_be_a_folder(tmp_path):
    folder = tmp_path / "x.ds"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "samples").write_bytes(b"12")
    before = recording_name(folder)
    assert before.startswith("x.ds-")
    (folder / "inner" / "samples").write_bytes(b"13")
    assert recording_name(folder) != before


def test_files_shorter_than_what_is_hashed_are_told_apart(tmp_path):
    names = set()
    for content in (b"", b"1", b"2", b"12"):
        (tmp_path / "x.edf").write_bytes(content)
        names.add(recording_name(tmp_path / "x.edf"))
    assert len(names) == 4
