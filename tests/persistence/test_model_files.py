"""Files of a model folder that came from somebody else: links, devices, sizes, nesting."""

from __future__ import annotations

import json
import os
import struct

import numpy as np
import pytest

from bci_dann.exceptions import DataError
from bci_dann.persistence import ModelState, model_files, read_state, write_state


@pytest.fixture
def folder(tmp_path):
    return write_state(ModelState({"class": "X"}, {"w": np.ones(3)}), tmp_path / "model")


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path, name):
    secret = tmp_path / "secret"
    (folder / name).rename(secret)
    (folder / name).symlink_to(secret)
    with pytest.raises(DataError, match=rf"{name} is a link to .*secret, outside of the model's"):
        read_state(folder)


def test_links_to_a_folder_and_inside_of_it_are_as_good_as_files(folder, tmp_path):
    (folder / "model.safetensors").rename(folder / "weights")
    (folder / "model.safetensors").symlink_to("weights")
    (tmp_path / "latest").symlink_to(folder)
    np.testing.assert_array_equal(read_state(tmp_path / "latest").arrays["w"], np.ones(3))


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_file_that_never_ends_is_not_read(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match="is not a regular file"):
        read_state(folder)


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_file_of_a_terabyte_is_not_read(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(DataError, match=rf"{name} has 1099511627776 bytes, and no such file"):
        read_state(folder)


def test_limits_are_those_of_what_is_read(folder, monkeypatch):
    monkeypatch.setattr(model_files, "MOST_TEXT_BYTES", (folder / "model.json").stat().st_size)
    read_state(folder)
    monkeypatch.setattr(model_files, "MOST_TEXT_BYTES", 10)
    with pytest.raises(DataError, match="more than 10"):
        read_state(folder)


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]},
        {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": [2**62, 2**62], "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": [3], "data_offsets": [24, 0]},
        {"dtype": "F64", "shape": [-3], "data_offsets": [0, 24]},
        {"dtype": "OBJECT", "shape": [3], "data_offsets": [0, 24]},
    ],
    ids=str,
)
def test_tensors_that_promise_more_than_there_is_are_refused(folder, tensor):
    header = json.dumps({"w": tensor}).encode()
    content = struct.pack("<Q", len(header)) + header + bytes(24)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        read_state(folder)


@pytest.mark.parametrize("text", ["[" * 10**6, '{"n": ' + "9" * 10**5 + "}", "\xff", ""])
def test_text_that_is_no_description(folder, text):
    (folder / "model.json").write_bytes(text.encode("latin1"))
    with pytest.raises(DataError, match="is damaged"):
        read_state(folder)
