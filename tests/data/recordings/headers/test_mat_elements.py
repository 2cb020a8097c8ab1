"""EEGLAB files with damaged elements, some of which SciPy does not survive."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import scipy.io

from bci_dann.data.recordings.companions import files_read
from bci_dann.data.recordings.headers.mat_elements import check_mat_file
from bci_dann.exceptions import DataError

EEG = {"srate": 100.0, "data": "s1.fdt", "chanlocs": {"labels": "C3"}, "event": np.arange(3.0)}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def path(request, tmp_path):
    (tmp_path / "s1.fdt").write_bytes(b"")
    scipy.io.savemat(
        tmp_path / "s1.set", {"EEG": EEG}, do_compression=request.param, appendmat=False
    )
    return tmp_path / "s1.set"


def test_whole_files_pass(path):
    check_mat_file(path)


def test_other_formats_and_versions_pass(tmp_path):
    for name, content in {"a.edf": b"x", "a.set": b"", "b.set": b"\x89HDF" + bytes(200)}.items():
        (tmp_path / name).write_bytes(content)
        check_mat_file(tmp_path / name)


def test_a_shorter_file_is_refused(path):
    path.write_bytes(path.read_bytes()[:-16])
    with pytest.raises(DataError, match=r"s1.set is damaged: .*byte \d+"):
        check_mat_file(path)


def test_a_type_that_there_is_not_is_refused_and_never_given_to_scipy(path):
    content = bytearray(path.read_bytes())
    content[128:132] = struct.pack("<I", 99)
    path.write_bytes(content)
    with pytest.raises(DataError, match="the data element at byte 128 is not an array"):
        check_mat_file(path)
    assert len(files_read(path)) == 2  # in case of doubt every file of samples


def test_any_damaged_byte_is_refused_or_read(path):
    """No byte lets SciPy crash the process."""
    whole = path.read_bytes()
    for place in range(128, len(whole)):
        content = bytearray(whole)
        content[place] ^= 0xFF
        path.write_bytes(content)
        try:
            check_mat_file(path)
        except DataError:
            continue
        assert path in files_read(path)
