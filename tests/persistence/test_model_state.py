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


def test_a_folder_that_is_missing_and_a_file_are_told_from_a_folder_without_a_model(tmp_path):
    file = tmp_path / "model.json"
    file.write_text("{}")
    with pytest.raises(DataError, match=r"model\.safetensors is missing"):
        read_state(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        read_state(tmp_path / "nothing")
    with pytest.raises(DataError, match="is a file, and a saved model is a folder"):
        read_state(file)


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


def test_arrays_in_a_description_become_lists(tmp_path):
    folder = write_state(ModelState({"weights": np.array([1.0, 0.5])}), tmp_path / "model")
    assert read_state(folder).description["weights"] == [1.0, 0.5]


def test_what_cannot_be_described_leaves_the_old_model_whole(saved):
    folder, state = saved
    with pytest.raises(TypeError, match="type object cannot be saved"):
        write_state(ModelState({"odd": object()}, {"w": np.zeros(3)}), folder)
    np.testing.assert_array_equal(read_state(folder).arrays["w"], state.arrays["w"])


def test_numbers_of_numpy_are_numbers(tmp_path):
    folder = write_state(ModelState({"n": np.int64(3), "x": np.float32(0.5)}), tmp_path)
    assert read_state(folder).description["n"] == 3


# --- parts, kinds and versions ------------------------------------------------------------------


def test_a_part_is_named_by_what_stands_before_the_dot():
    names = ("net.0.w", "net.0.b", "net.10.w", "network.w", "net")
    state = ModelState({}, {name: np.array(i) for i, name in enumerate(names)})
    assert state.part("net.0") == {"w": 0, "b": 1}
    assert set(state.part("net")) == {"0.w", "0.b", "10.w"}
    assert state.part("nothing") == {}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(4, dtype=np.int64),
        np.float32([1.5, -0.0, np.nan, np.inf]),
        np.array([True, False]),
        np.array(3.25),
        np.zeros((0, 3)),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(10.0)[::3],
    ],
    ids=str,
)
def test_arrays_keep_kind_shape_and_every_bit(tmp_path, array):
    back = read_state(write_state(ModelState({}, {"a": array}), tmp_path)).arrays["a"]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()


def test_a_model_is_replaced_as_a_whole(saved):
    folder, _ = saved
    write_state(ModelState({"class": "Y"}, {"v": np.ones(2)}), folder)
    back = read_state(folder)
    assert back.description["class"] == "Y"
    assert set(back.arrays) == {"v"}
    assert "n" not in back.description


def test_a_model_of_the_version_before_is_read(saved):
    folder, state = saved
    description = json.loads((folder / "model.json").read_text())
    for missing in ("arrays", None):  # format 4 may lack the digest
        description.pop(missing, None)
        (folder / "model.json").write_text(json.dumps({**description, "format": 4}))
        np.testing.assert_array_equal(read_state(folder).arrays["w"], state.arrays["w"])


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(saved, name):
    folder, _ = saved
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"holds no saved model: {name} is missing"):
        read_state(folder)


@pytest.mark.parametrize("number", [None, 0, 3, "6", 7])
def test_formats_that_are_not_read_are_told_with_their_writer(saved, number):
    folder, _ = saved
    description = json.loads((folder / "model.json").read_text())
    description |= {"format": number, "bci_dann": "9.9"}
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(DataError, match=rf"format {number!r}; .* formats 4, 5, 6.*by 9\.9"):
        read_state(folder)


def test_text_of_every_language_survives(tmp_path):
    names = ["Barthélemy", "左手", "µV"]
    folder = write_state(ModelState({"classes": names}), tmp_path)
    assert read_state(folder).description["classes"] == names


def test_the_same_model_is_written_to_the_same_bytes(tmp_path):
    state = ModelState({"class": "X"}, {"b": np.ones(2), "a": np.zeros(3)})
    one, two = (write_state(state, tmp_path / name) for name in "ab")
    for name in ("model.json", "model.safetensors"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
