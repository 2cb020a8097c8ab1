"""Arrays come back as they were written, and damaged files are as if they were missing."""

from __future__ import annotations

import numpy as np

from bci_dann.evaluation.array_file import read_array_file, write_array_file

ARRAYS = {"points": np.arange(6.0).reshape(3, 2), "names": np.array(["a", "b"]), "key": "k"}


def test_arrays_come_back(tmp_path):
    path = tmp_path / "arrays.npz"
    assert read_array_file(path) is None
    write_array_file(path, ARRAYS)
    again = read_array_file(path)
    assert list(again) == list(ARRAYS)
    np.testing.assert_array_equal(again["points"], ARRAYS["points"])
    assert again["names"].tolist() == ["a", "b"]
    assert str(again["key"]) == "k"


def test_no_damaged_byte_raises(tmp_path):
    path = tmp_path / "arrays.npz"
    write_array_file(path, ARRAYS)
    whole = path.read_bytes()
    n_missing = 0
    for place in range(len(whole)):
        for value in (whole[place] ^ 0xFF, whole[place] ^ 0x01):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            n_missing += read_array_file(path) is None
    assert n_missing > len(whole)  # most of them are noticed


def test_a_file_that_was_cut_is_missing(tmp_path):
    path = tmp_path / "arrays.npz"
    write_array_file(path, ARRAYS)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_array_file(path) is None
