from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.run_config import (
    RunConfig,
    pipeline_folders,
    pipeline_specs,
    with_replaced,
)
from bci_dann.evaluation.config.run_pipelines import ConfigOrigin
from bci_dann.exceptions import BCIDannWarning, ConfigError


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
    with pytest.raises(ConfigError, match=r"broken.yaml, line 1: "):
        load_config(path)


def test_two_files_with_one_name(config, logistic):
    other = logistic.with_name("other.yml")
    other.write_text(logistic.read_text())
    with pytest.raises(ConfigError, match="two files have the name 'logistic'"):
        load_config({**config, "pipelines": [str(logistic), str(other)]})


def test_parameters_of_every_pipeline_yield_to_those_of_one(config):
    given = {"*": {"C": 1.0, "max_iter": 50}, "logistic": {"C": 2.0}}
    (spec,) = pipeline_specs(load_config({**config, "pipeline_parameters": given}))
    assert spec.definition[1]["parameters"].items() >= {"C": 2.0, "max_iter": 50}.items()


def names_of(config):
    return [spec.name for spec in pipeline_specs(load_config(config))]


@pytest.fixture
def second(write_pipeline):
    return str(write_pipeline("second", {"name": "SVC", "from": "sklearn.svm"}))


def test_settings_of_pipelines_that_are_not_asked_for_are_dropped(config, logistic, second):
    settings = {
        "pipeline_parameters": {"logistic": {"tol": 0.5}},
        "variants": {"logistic": {"C": [1, 2]}},
    }
    run = load_config({**config, **settings})
    assert names_of(with_replaced(run, {"pipelines": [second]})) == ["second"]
    kept = with_replaced(run, {"pipelines": [second, str(logistic)], "seeds": [1]})
    assert names_of(kept) == ["second", "logistic[C=1]", "logistic[C=2]"]
    assert kept.seeds == [1]
    assert len(names_of(run)) == 2


def test_parameters_of_every_pipeline_are_dropped_where_none_left_has_them(
    config, logistic, write_pipeline
):
    step = {"name": "DANNClassifier", "from": "bci_dann.estimators"}
    network = str(write_pipeline("network", step))
    settings = {"pipeline_parameters": {"*": {"max_epochs": 3, "tol": 0.5}}}
    run = load_config({**config, "pipelines": [str(logistic), network], **settings})
    alone = with_replaced(run, {"pipelines": [str(logistic)]})
    assert alone.pipeline_parameters["*"] == {"tol": 0.5}
    assert (
        with_replaced(run, {"seeds": [1]}).pipeline_parameters["*"]
        == settings["pipeline_parameters"]["*"]
    )


def test_replaced_lists_are_checked_like_those_of_a_file(config):
    run = load_config(config)
    with pytest.raises(ConfigError, match="Did you mean 'train'"):
        with_replaced(run, {"protocols": ["trian"]})
    with pytest.raises(ConfigError, match="there is no pipeline 'logistik'"):
        with_replaced(run, {"pipelines": ["logistik"]})
    assert with_replaced(run, {"seeds": [5]}).seeds == [5]
    assert run.seeds == [0]


def test_replaced_names_are_looked_up_beside_the_configuration(config, logistic, tmp_path):
    path = tmp_path / "configs" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({**config, "pipelines": ["ea_dann"]}))
    assert names_of(with_replaced(load_config(path), {"pipelines": ["logistic"]})) == ["logistic"]


def test_a_loaded_configuration_does_not_follow_its_files(config, logistic):
    """A run is what its files said when it was read, even where they change meanwhile."""
    run = load_config(config)
    logistic.unlink()
    assert names_of(run) == ["logistic"]
    assert names_of(with_replaced(run, {"seeds": [1]})) == ["logistic"]


def test_equal_content_is_an_equal_run_wherever_it_was_read(config, tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(config))
    assert load_config(path) == load_config(config)
    assert load_config(path) != load_config({**config, "seeds": [1]})


def test_a_configuration_in_python_needs_no_file(config):
    run = RunConfig(**config)
    assert names_of(run) == ["logistic"]
    assert load_config(run) == load_config(config)


def test_a_pipeline_with_a_built_in_name_is_told_once(config, write_pipeline):
    path = write_pipeline("ea_dann", {"name": "SVC", "from": "sklearn.svm"})
    with pytest.warns(BCIDannWarning, match="'ea_dann' is taken from") as caught:
        run = load_config({**config, "pipelines": [str(path)]})
    assert len(caught) == 1
    load_config(with_replaced(run, {"seeds": [3]}))  # where a second warning would be an error


def test_parameters_remember_what_has_set_them(config, tmp_path):
    path = tmp_path / "one.yaml"
    settings = {
        "pipeline_parameters": {"logistic": {"tol": 0.5}},
        "variants": {"logistic": {"C": [1, 2]}},
    }
    path.write_text(yaml.safe_dump({**config, **settings}))
    for spec in pipeline_specs(load_config(path)):
        assert spec.set_by == {"tol": f"{path}: pipeline_parameters", "C": f"{path}: variants"}


def test_an_unknown_parameter_of_the_simulator_is_named(config):
    data = {"dataset": "SimulatedMI", "params": {"n_subject": 3}}
    with pytest.raises(ConfigError, match=r"no parameter 'n_subject'\. Did you mean 'n_subjects'"):
        load_config({**config, "data": data})


@pytest.mark.parametrize("content", ["- a\n", "text", ""])
def test_a_file_without_keys(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match="expected a mapping with the keys name, data"):
        load_config(path)


def test_the_packages_own_pipelines_are_looked_up_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = pipeline_folders(tmp_path / "configs")
    assert folders[0] == tmp_path / "pipelines"
    assert (folders[-1] / "ea_dann.yml").is_file()
    assert len(set(folders)) == len(folders)


def test_members_of_an_ensemble_follow_their_files(config, write_pipeline):
    """The record's key has to change with the file of a member that is named only."""
    member = {"name": "ShallowClassifier", "from": "bci_dann.estimators"}
    ensemble = {"name": "EnsembleClassifier", "from": "bci_dann.estimators"}
    write_pipeline("member", {**member, "parameters": {"n_components": 4}})
    path = write_pipeline("both", {**ensemble, "parameters": {"members": [["member", 1.0]]}})
    run = RunConfig(**{**config, "pipelines": [str(path)]})
    run._origin = ConfigOrigin("mine.yaml", path.parent.parent / "configs")
    (spec,) = pipeline_specs(run)
    described = [{"name": "ShallowClassifier", "n_components": 4}, 1.0]
    assert spec.definition[0]["parameters"]["members"] == [described]


def test_load_config_has_two_addresses():
    from bci_dann.evaluation import config

    assert config.load_config is load_config
