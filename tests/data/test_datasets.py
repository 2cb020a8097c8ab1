"""Datasets by name: configuration and construction."""

from __future__ import annotations

import pytest

from bci_dann._config import validate
from bci_dann.data import DataConfig, Recordings, SimulatedMI, make_dataset
from bci_dann.data import dataset_names as names_module
from bci_dann.exceptions import ConfigError, DataError

LAYOUT = {"pattern": "{subject}.fif", "events": {"left": "left_hand", "right": "right_hand"}}


def made(name, **keys):
    data_dir = keys.pop("data_dir", None)
    return make_dataset(validate(DataConfig, {"dataset": name, **keys}, "data"), data_dir)


def test_the_simulator_gets_its_parameters():
    dataset = made("SimulatedMI", params={"n_subjects": 3, "erd": 0.7})
    assert isinstance(dataset, SimulatedMI)
    assert len(dataset.subject_list) == 3
    assert dataset.erd == 0.7


def test_the_simulator_makes_the_classes_of_the_configuration():
    dataset = made("SimulatedMI", classes=["feet", "rest"])
    assert dataset.classes == ("feet", "rest")
    explicit = made("SimulatedMI", classes=["feet", "rest"], params={"classes": ["rest", "feet"]})
    assert explicit.classes == ("rest", "feet")


def test_a_dataset_of_moabb_gets_its_parameters():
    dataset = made("FakeDataset", params={"n_subjects": 3, "event_list": ["feet", "rest"]})
    assert dataset.subject_list == [1, 2, 3]
    assert set(dataset.event_id) == {"feet", "rest"}


def test_building_a_dataset_of_moabb_loads_nothing():
    assert made("BNCI2014_001").subject_list == list(range(1, 10))


def test_a_folder_of_recordings_is_searched_and_no_file_is_opened(tmp_path):
    for subject in ("A", "B"):
        (tmp_path / f"{subject}.fif").touch()
    dataset = made("Recordings", recordings=LAYOUT, data_dir=tmp_path, params={"code": "Mine"})
    assert isinstance(dataset, Recordings)
    assert dataset.subject_list == ["A", "B"]
    assert dataset.code == "Mine"


def test_recordings_without_a_folder():
    with pytest.raises(ConfigError, match="--data-dir FOLDER"):
        made("Recordings", recordings=LAYOUT)


def test_recordings_in_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        made("Recordings", recordings=LAYOUT, data_dir=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("BNCI2014_01", {}, "unknown dataset 'BNCI2014_01'. Did you mean 'BNCI2014_001'"),
        ("BNCI2014_009", {}, "is a 'p300' dataset, and motor imagery is needed"),
        ("SimulatedMI", {"params": {"n_subject": 3}}, "no parameter 'n_subject'. Did you mean"),
        ("SimulatedMI", {"params": {"n_subjects": 0}}, "n_subjects must be a whole number"),
        ("BNCI2014_001", {"params": {"n_subjects": 3}}, "no parameter 'n_subjects'"),
        ("FakeDataset", {"params": {"n_subjects": "x"}}, "params does not fit FakeDataset"),
    ],
)
def test_what_cannot_be_built_is_explained(name, keys, message):
    with pytest.raises(ConfigError, match=message):
        made(name, **keys)


@pytest.mark.parametrize("parameter", ["folder", "layout", "codee"])
def test_parameters_that_recordings_do_not_take_from_a_configuration(tmp_path, parameter):
    with pytest.raises(
        ConfigError, match=f"Recordings has no parameter '{parameter}'.*It has code"
    ):
        made("Recordings", recordings=LAYOUT, data_dir=tmp_path, params={parameter: "x"})


def test_a_dataset_that_the_installed_moabb_lacks(monkeypatch):
    listed = (*names_module.MOABB_IMAGERY_DATASETS, "Tanaka2031")
    monkeypatch.setattr(names_module, "MOABB_IMAGERY_DATASETS", listed)
    with pytest.raises(
        ConfigError, match=r"the installed MOABB 1\.\S+ has no dataset 'Tanaka2031'"
    ):
        made("Tanaka2031")


def test_a_name_of_moabb_that_is_no_dataset(monkeypatch):
    listed = (*names_module.MOABB_IMAGERY_DATASETS, "dataset_dict")
    monkeypatch.setattr(names_module, "MOABB_IMAGERY_DATASETS", listed)
    with pytest.raises(ConfigError, match="has no dataset 'dataset_dict'"):
        made("dataset_dict")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "the key 'dataset' is missing"),
        ({"dataset": "Recordings"}, "needs the key 'recordings' with the layout.*bci-dann init"),
        (
            {"dataset": "BNCI2014_001", "recordings": LAYOUT},
            "the key 'recordings' is for dataset: Recordings, not BNCI2014_001",
        ),
        (
            {"dataset": "Recordings", "recordings": {**LAYOUT, "patern": "x"}},
            "unknown key 'recordings.patern'. Did you mean 'pattern'",
        ),
        ({"dataset": "SimulatedMI", "param": {}}, "unknown key 'param'. Did you mean 'params'"),
        ({"dataset": "SimulatedMI", "subjects": []}, "must not be empty"),
    ],
)
def test_wrong_configurations_are_explained(keys, message):
    with pytest.raises(ConfigError, match=message):
        validate(DataConfig, keys, "data")
