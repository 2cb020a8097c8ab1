"""FIF files with a circular chain of tags, which MNE would read endlessly."""

from __future__ import annotations

import struct

import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.companions import files_read
from bci_dann.data.recordings.headers.fif_tags import check_fif_file
from bci_dann.data.recordings.reading import open_recording
from bci_dann.exceptions import DataError


@pytest.fixture
def path(tmp_path, make_raw):
    make_raw().save(tmp_path / "s1_raw.fif", verbose="error")
    return tmp_path / "s1_raw.fif"


def lead_back(path, n_tags):
    """Let a tag lead to the second of the file, so that the chain is circular."""
    content = bytearray(path.read_bytes())
    places = [0]
    for _ in range(n_tags):
        size = struct.unpack(">i", content[places[-1] + 8 : places[-1] + 12])[0]
        places.append(places[-1] + 16 + size)
    last = places[-1]
    content[last + 12 : last + 16] = struct.pack(">i", places[1])
    path.write_bytes(content)


def test_whole_and_truncated_files_pass(path):
    check_fif_file(path)
    path.write_bytes(path.read_bytes()[:-1000])
    check_fif_file(path)
    path.write_bytes(b"")
    check_fif_file(path)


def test_compressed_files_and_other_formats(tmp_path, make_raw):
    make_raw().save(tmp_path / "s1_raw.fif.gz", verbose="error")
    check_fif_file(tmp_path / "s1_raw.fif.gz")
    check_fif_file(tmp_path / "there_is_no_such.edf")


@pytest.mark.parametrize("n_tags", [1, 2, 10])
def test_a_circle_is_refused_by_whatever_reads_the_file(path, n_tags):
    lead_back(path, n_tags)
    with pytest.raises(DataError, match=r"s1_raw.fif is damaged: its chain of tags is circular at"):
        check_fif_file(path)
    layout = RecordingsLayout(pattern="{subject}", events={"left": "left_hand"})
    with pytest.raises(DataError, match=r"s1_raw.fif is damaged"):
        open_recording(path, layout)
    assert files_read(path) == [path]
