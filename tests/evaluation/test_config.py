from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config import pipeline_specs
from bci_dann.exceptions import ConfigError


def test_defaults(config):
    run = load_config(config)
    assert (run.seeds, run.threads, run.pipeline_parameters) == ([0], 1, {})


def test_a_file_finds_pipelines_beside_its_folder(config, logistic, tmp_path, monkeypatch):
    (tmp_path / "configs").mkdir()
    path = tmp_path / "configs" / "mine.yaml"
    path.write_text(yaml.safe_dump({**config, "pipelines": ["logistic"]}))
    monkeypatch.chdir("/")
    assert [Path(name) for name in load_config(path).pipelines] == [logistic.resolve()]


def test_pipelines_folder_of_the_working_folder(config, logistic, monkeypatch):
    monkeypatch.chdir(logistic.parent.parent)
    assert load_config({**config, "pipelines": ["logistic"]}).pipelines == [str(logistic.resolve())]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": ["train"]}, "Did you mean 'protocols'"),
        ({"data": {"dataset": "SimulatedMI", "subject": [1]}}, "Did you mean 'subjects'"),
        ({"protocols": ["trian"]}, "Did you mean 'train'"),
        ({"protocols": []}, "protocols"),
        ({"pipelines": []}, "pipelines"),
        ({"seeds": [0, 1, 0]}, "0 is listed more than once"),
        ({"seeds": [-1]}, "greater than or equal to 0"),
        ({"protocols": ["train", "train"]}, "train is listed more than once"),
        ({"threads": 0}, "threads"),
        ({"name": "a/b"}, "name"),
        ({"pipelines": ["logistik"]}, "there is no pipeline 'logistik'"),
        ({"pipeline_parameters": {"logistc": {}}}, "Did you mean 'logistic'"),
        ({"pipeline_parameters": {"logistic": {"c": 1}}}, "has no parameter 'c'"),
        ({"pipeline_parameters": {"*": {"max_epochs": 1}}}, "no pipeline has a parameter"),
    ],
)
def test_mistakes_are_named(config, change, message):
    with pytest.raises(ConfigError, match=message):
        load_config({**config, **change})


def test_unknown_file_names_its_neighbour(tmp_path):
    (tmp_path / "quickstart.yaml").touch()
    with pytest.raises(ConfigError, match=r"Did you mean 'quickstart\.yaml'"):
        load_config(tmp_path / "quikstart.yaml")


def test_broken_yaml(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("name: [")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)


def test_two_files_with_one_name(config, logistic):
    other = logistic.with_name("other.yml")
    other.write_text(logistic.read_text())
    with pytest.raises(ConfigError, match="two files bear the name 'logistic'"):
        load_config({**config, "pipelines": [str(logistic), str(other)]})


def test_parameters_of_every_pipeline_yield_to_those_of_one(config):
    given = {"*": {"C": 1.0, "max_iter": 50}, "logistic": {"C": 2.0}}
    (spec,) = pipeline_specs(load_config({**config, "pipeline_parameters": given}))
    assert spec.definition[1]["parameters"].items() >= {"C": 2.0, "max_iter": 50}.items()
