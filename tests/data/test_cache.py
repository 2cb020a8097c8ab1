"""The cache: complete keys, complete folders or none, and no pickle."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from bci_dann.data import load_dataset, open_trials, prepare_trials
from bci_dann.data.cache import DATA_VERSION, cache_key, cache_root, store
from bci_dann.data.datasets import DataConfig
from bci_dann.data.preprocessing import Preprocessing
from bci_dann.exceptions import DataError

CONFIG = DataConfig(dataset="SimulatedMI", params={"n_subjects": 2, "n_trials": 3})
STEPS = Preprocessing()


def prepare(cache, config=CONFIG, steps=STEPS):
    return prepare_trials(config, steps, cache_dir=cache)


def changed(model, **values):
    return type(model).model_validate({**model.model_dump(), **values})


def test_root_is_the_environment_variable_or_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("BCI_DANN_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("BCI_DANN_CACHE")
    assert cache_root().name == "bci_dann"


def test_key_ignores_the_order_of_names_and_nothing_else():
    assert cache_key({"a": 1, "b": [1, 2]}) == cache_key({"b": [1, 2], "a": 1})
    assert cache_key({"a": [1, 2]}) != cache_key({"a": [2, 1]})


def test_keys_are_those_of_trials_that_were_prepared_before():
    """Where one of these has to change, all prepared trials are computed again."""
    assert DATA_VERSION == 2
    assert cache_key({"b": [1, "µ"], "a": None}) == (
        "7a59aacb9e62c2b6d9a4b041faba58ccd169fe1f9754ab24af8aa2b5d5b464b7"
    )


def test_the_parts_of_the_key_are_beside_the_trials(tmp_path):
    folder = prepare(tmp_path)
    parts = json.loads((folder / "key.json").read_text())
    assert folder.name == cache_key(parts)
    assert set(parts) == {"data_version", "dataset", "selection", "preprocessing", "versions"}
    assert parts["selection"] == {
        "subjects": [1, 2],
        "sessions": None,
        "classes": ["left_hand", "right_hand"],
    }
    assert set(parts["versions"]) == {"mne", "moabb", "numpy", "scipy"}


def test_what_is_opened_is_what_was_written(tmp_path):
    folder = prepare(tmp_path)
    trials = open_trials(folder)
    assert isinstance(trials.X, np.memmap)
    assert trials.X.dtype == np.float32
    assert not trials.X.flags.writeable
    assert trials.X.shape == (12, 15, 513)
    assert trials.X.flags.aligned
    np.testing.assert_array_equal(trials.X, load_dataset(CONFIG, cache_dir=tmp_path / "other").X)


def test_no_file_is_a_pickle(tmp_path):
    names = {path.name for path in prepare(tmp_path).iterdir()}
    assert names == {"X.npy", "trials.csv", "account.csv", "info.fif", "key.json"}


def test_the_second_time_nothing_is_computed(tmp_path, monkeypatch):
    folder = prepare(tmp_path)
    monkeypatch.setattr("bci_dann.data.loading.extract_trials", None)
    assert prepare(tmp_path) == folder


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": ["C3", "C4"]},
        {"bads": "use"},
        {"reference": "average"},
        {"notch": 50.0},
        {"band": (8.0, 30.0)},
        {"filter_method": "fir"},
        {"resample": 100.0},
        {"window": (0.5, 3.0)},
        {"reject_uv": 1000.0},
        {"rest_window": (-0.9, -0.1)},
    ],
)
def test_every_step_is_in_the_key(tmp_path, changes):
    assert prepare(tmp_path) != prepare(tmp_path, steps=changed(STEPS, **changes))


def test_every_step_is_tried_above():
    tried = test_every_step_is_in_the_key.pytestmark[0].args[1]
    assert {name for changes in tried for name in changes} == set(Preprocessing.model_fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"subjects": [1]},
        {"classes": ["right_hand", "left_hand"]},
        {"sessions": "first"},
        {"params": {"n_subjects": 2, "n_trials": 3, "random_state": 1}},
        {"params": {"n_subjects": 2, "n_trials": 3, "shift": 0.5}},
    ],
)
def test_every_choice_is_in_the_key(tmp_path, changes):
    assert prepare(tmp_path) != prepare(tmp_path, changed(CONFIG, **changes))


def test_a_changed_library_is_in_the_key(tmp_path, monkeypatch):
    folder = prepare(tmp_path)
    monkeypatch.setattr("bci_dann.data.preparation.keyed_selection.version", lambda name: "0")
    assert prepare(tmp_path) != folder


def fill_with(trials):
    return lambda writer: writer.add(trials)


@pytest.fixture
def trials(tmp_path_factory):
    return open_trials(prepare(tmp_path_factory.getbasetemp() / "ready"))


def test_many_additions_are_one_array(tmp_path, trials):
    def fill(writer):
        for index in range(len(trials)):
            writer.add(trials[index : index + 1])

    again = open_trials(store(tmp_path, {"a": 1}, fill))
    np.testing.assert_array_equal(again.X, trials.X)
    np.testing.assert_array_equal(again.y, trials.y)
    assert again.metadata.equals(trials.metadata)
    assert again.ch_names == trials.ch_names
    assert again.sfreq == trials.sfreq


def test_trials_of_another_shape_are_not_added(tmp_path, trials):
    def fill(writer):
        writer.add(trials[:2])
        other = {**vars(trials[:2]), "X": np.ones((2, 15, 100), dtype=np.float32)}
        writer.add(type(trials).trusted(**other))

    with pytest.raises(ValueError, match=r"shape \(15, 100\) after \(15, 513\)"):
        store(tmp_path, {"a": 1}, fill)
    assert leftovers(tmp_path) == []


def test_nothing_to_store(tmp_path):
    with pytest.raises(DataError, match="no trials to store"):
        store(tmp_path, {"a": 1}, lambda writer: None)
    assert leftovers(tmp_path) == []


def test_a_folder_that_exists_is_not_filled_again(tmp_path, trials):
    first = store(tmp_path, {"a": 1}, fill_with(trials))
    assert store(tmp_path, {"a": 1}, lambda writer: pytest.fail("filled again")) == first
    assert store(tmp_path, {"a": 2}, fill_with(trials)) != first


def test_names_that_look_like_numbers_stay_text(tmp_path, trials):
    named = {**vars(trials), "y": np.array(["01", "NA"] * 6)}
    metadata = trials.metadata.assign(subject="007", session="1.0", run="")
    named = type(trials).trusted(**{**named, "metadata": metadata})
    again = open_trials(store(tmp_path, {"a": 1}, fill_with(named)))
    assert again.y.tolist() == named.y.tolist()
    assert again.metadata.iloc[0].tolist() == ["007", "1.0", ""]


def leftovers(root):
    return list((root / "trials").iterdir())


def test_a_failure_leaves_nothing(tmp_path, trials):
    def fill(writer):
        writer.add(trials)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(tmp_path, {"a": 1}, fill)
    assert leftovers(tmp_path) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, trials, monkeypatch):
    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", no_space)
    with pytest.raises(DataError, match=r"disk is full.*BCI_DANN_CACHE"):
        store(tmp_path, {"a": 1}, fill_with(trials))
    assert leftovers(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path, trials):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        store(tmp_path / "file", {"a": 1}, fill_with(trials))


def test_writers_at_the_same_time_do_not_disturb_each_other(tmp_path, trials):
    barrier = threading.Barrier(4)
    folders = []

    def fill(writer):
        barrier.wait()  # all have found the cache empty
        writer.add(trials)

    def write():
        folders.append(store(tmp_path, {"a": 1}, fill))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert leftovers(tmp_path) == [folders[0]]
    np.testing.assert_array_equal(open_trials(folders[0]).X, trials.X)


def copy_of_ready(trials_folder, tmp_path):
    return Path(shutil.copytree(trials_folder, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["X.npy", "trials.csv", "info.fif"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_damaged_folder_says_how_to_clear_it(tmp_path, name, damage):
    folder = copy_of_ready(prepare(tmp_path / "cache"), tmp_path)
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(DataError, match=r"copy is damaged.*Delete this folder and run again"):
        open_trials(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        open_trials(tmp_path / "nowhere")


def test_rest_windows_are_stored_beside_trials_that_stay_the_same(tmp_path):
    folder = prepare(tmp_path, steps=changed(STEPS, rest_window=(-0.9, -0.1)))
    with_rest, without = open_trials(folder), open_trials(prepare(tmp_path))
    assert {path.name for path in folder.iterdir()} > {"rest.npy"}
    assert isinstance(with_rest.rest, np.memmap)
    assert with_rest.rest.shape == (12, 15, 103)
    assert with_rest.has_rest.all()
    assert with_rest.account["rest"].sum() == 12
    assert without.rest is None
    np.testing.assert_array_equal(with_rest.X, without.X)


def test_without_a_rest_window_keys_are_those_of_versions_that_had_none():
    written = Preprocessing().model_dump(mode="json")
    assert "rest_window" not in written
    assert "rest_window" not in json.loads(Preprocessing().model_dump_json())
    assert written.keys() == Preprocessing.model_fields.keys() - {"rest_window"}
    assert Preprocessing(rest_window=(-1, 0)).model_dump()["rest_window"] == (-1, 0)
