from __future__ import annotations

import json

import numpy as np
import pytest

from bci_dann.exceptions import DataError, ResultsError
from bci_dann.persistence import ModelState, read_state, write_state


@pytest.fixture
def saved(tmp_path):
    state = ModelState({"class": "X", "n": 3}, {"w": np.arange(6.0).reshape(2, 3)[:, ::-1]})
    return write_state(state, tmp_path / "deep" / "model"), state


def test_what_is_written_is_read(saved):
    folder, state = saved
    back = read_state(folder)
    assert back.description.items() >= state.description.items()
    np.testing.assert_array_equal(back.arrays["w"], state.arrays["w"])


def test_nothing_is_pickled(saved):
    folder, _ = saved
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert not any(b"\x80\x04" in path.read_bytes()[:2] for path in folder.iterdir())


def test_missing_folder_says_what_to_give(tmp_path):
    with pytest.raises(DataError, match="holds no saved model"):
        read_state(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_truncated_file_is_reported(saved, name):
    folder, _ = saved
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="damaged"):
        read_state(folder)


def test_a_description_that_is_none_is_reported(saved):
    folder, _ = saved
    (folder / "model.json").write_text("[]")
    with pytest.raises(DataError, match="damaged"):
        read_state(folder)


def test_newer_format_is_refused(saved):
    folder, _ = saved
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**description, "format": 99}))
    with pytest.raises(DataError, match="format 99"):
        read_state(folder)


def test_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResultsError, match="cannot be written"):
        write_state(ModelState({}), tmp_path / "file" / "model")


def test_full_disk_leaves_the_old_model_whole(saved, monkeypatch):
    folder, state = saved

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bci_dann._files._replace", full)
    with pytest.raises(ResultsError, match="No space left"):
        write_state(ModelState({"class": "Y"}, {}), folder)
    monkeypatch.undo()
    assert read_state(folder).description["class"] == state.description["class"]


def test_weights_of_another_model_are_noticed(saved, tmp_path):
    """As a crash between the two files would leave them."""
    folder, state = saved
    other = write_state(ModelState(state.description, {"w": np.zeros((2, 3))}), tmp_path / "other")
    (folder / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(DataError, match="not the one"):
        read_state(folder)


def test_what_cannot_be_described_leaves_the_old_model_whole(saved):
    folder, state = saved
    with pytest.raises(TypeError, match="type object cannot be saved"):
        write_state(ModelState({"odd": object()}, {"w": np.zeros(3)}), folder)
    np.testing.assert_array_equal(read_state(folder).arrays["w"], state.arrays["w"])


def test_numbers_of_numpy_are_numbers(tmp_path):
    folder = write_state(ModelState({"n": np.int64(3), "x": np.float32(0.5)}), tmp_path)
    assert read_state(folder).description["n"] == 3
