"""Several datasets in a configuration: names, defaults, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from bci_dann._config import validate
from bci_dann.data import CombinedDataConfig, DataConfig
from bci_dann.data.combined.combined_config import (
    dataset_of_subject,
    each_dataset,
    one_dataset,
    without_folders,
)
from bci_dann.evaluation import load_config
from bci_dann.exceptions import ConfigError

FEW = {"dataset": "SimulatedMI", "params": {"n_subjects": 2}}
MORE = {"dataset": "SimulatedMI", "name": "More", "params": {"n_subjects": 3}, "folder": "more"}


def load(data):
    return load_config(
        {"name": "x", "data": data, "pipelines": ["csp_lda"], "protocols": ["train"]}
    )


def test_a_list_is_several_data_sets_on_common_channels():
    data = load([FEW, MORE]).data
    assert data == load({"datasets": [FEW, MORE], "channels": "common"}).data
    assert (data.names, data.target_dataset) == (["SimulatedMI", "More"], None)
    assert isinstance(load(FEW).data, DataConfig)


def test_what_was_stored_is_read_again():
    data = load({"datasets": [FEW, MORE], "target_dataset": "More"}).data
    assert load(data.model_dump(mode="json")).data == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], r"data.datasets: name at least two datasets, not 0"),
        ([FEW], "name at least two datasets, not 1"),
        ([FEW, FEW], "the dataset SimulatedMI is listed twice"),
        ([FEW, {**FEW, "name": "Same", "subjects": [1]}], "SimulatedMI, as Same, is listed twice"),
        ([FEW, {**MORE, "name": "SimulatedMI"}], "two datasets have the name SimulatedMI; give"),
        ([FEW, {**MORE, "clases": []}], "'data.datasets.1.clases'. Did you mean 'classes'"),
        ([FEW, {**MORE, "name": "a:b"}], r"data.datasets.1.name: .*; got 'a:b'"),
        ([FEW, {**MORE, "regime": {"n_subjects": 2}}], "a regime changes all datasets"),
        ([FEW, {**MORE, "dataset": "Cho2071"}], "Did you mean 'Cho2017'"),
        ([FEW, {**MORE, "params": {"n_subject": 1}}], "Did you mean 'n_subjects'"),
        ({"datasets": [FEW, MORE], "target_dataset": "Mor"}, "Did you mean 'More'"),
        ({"datasets": [FEW, MORE], "chanels": "all"}, "'data.chanels'. Did you mean 'channels'"),
        ({"datset": "SimulatedMI"}, "'data.datset'. Did you mean 'dataset'"),
    ],
)
def test_mistakes_are_named(data, message):
    with pytest.raises(ConfigError, match=message):
        load(data)


def test_a_regime_is_of_all_data_sets_of_a_list():
    content = {"name": "x", "pipelines": ["csp_lda"], "protocols": ["train"]}
    regime = {"n_trials": 8}
    data = {"datasets": [FEW, MORE], "regime": regime}
    stored = load_config({**content, "data": data}).data.model_dump(mode="json")
    assert stored["regime"] == regime
    assert "regime" not in load_config({**content, "data": [FEW, MORE]}).data.model_dump()


def test_words_in_parameters_are_refused_as_for_one_data_set(tmp_path):
    path = tmp_path / "mine.yaml"
    entry = "{dataset: SimulatedMI, params: {shift: no}}"
    for data in (f"[{entry}]", f"{{datasets: [{entry}]}}"):
        path.write_text(f"data: {data}")
        with pytest.raises(ConfigError, match="may be read as text, or as false"):
            load_config(path)


def test_folders_lie_in_that_of_all_recordings():
    config = validate(CombinedDataConfig, {"datasets": [FEW, MORE]}, "here")
    assert [folder for _, folder in each_dataset(config, "/d")] == [Path("/d"), Path("/d/more")]
    assert [folder for _, folder in each_dataset(config)] == [None, Path("more")]
    only = DataConfig(**FEW)
    assert each_dataset(only, "/d") == [(only, "/d")]
    assert without_folders(only) is only


def test_a_saved_configuration_names_no_folder_of_this_machine():
    recordings = {"pattern": "{subject}.edf", "events": {"1": "left", "2": "right"}}
    alike = {"dataset": "Recordings", "recordings": recordings}
    entries = [{**alike, "name": name, "folder": f"/home/me/{name}"} for name in ("old", "new")]
    kept = without_folders(validate(CombinedDataConfig, {"datasets": entries}, "here"))
    assert [entry.folder for entry in kept.datasets] == ["old", "new"]
    assert validate(CombinedDataConfig, kept.model_dump(), "a saved model") == kept


def test_a_subject_tells_its_data_set():
    stored = load({"datasets": [FEW, MORE], "target_dataset": "More"}).data
    assert dataset_of_subject(stored.model_dump(), "More:a:1") == "More"
    assert dataset_of_subject(FEW, "a:1") == "SimulatedMI"
    assert [stored.is_target(name) for name in ("More:1", "SimulatedMI:1")] == [True, False]


def test_what_takes_one_data_set_says_so():
    with pytest.raises(ConfigError, match=r"a check takes one dataset; `data` lists Sim.*, More"):
        one_dataset(load([FEW, MORE]).data, "a check")
