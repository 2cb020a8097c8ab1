from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.run_config import pipeline_specs, with_replaced
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


def test_variants_stand_in_the_place_of_their_pipeline(config, second):
    config = {
        **config,
        "pipelines": [*config["pipelines"], second],
        "pipeline_parameters": {"logistic": {"C": 9.0, "tol": 0.5}},
        "variants": {"logistic": {"C": [1, 2.5], "class_weight": [None, "balanced"]}},
    }
    specs = {spec.name: spec.definition for spec in pipeline_specs(load_config(config))}
    assert list(specs) == [
        "logistic[C=1,class_weight=none]",
        "logistic[C=1,class_weight=balanced]",
        "logistic[C=2.5,class_weight=none]",
        "logistic[C=2.5,class_weight=balanced]",
        "second",
    ]
    parameters = [definition[-1]["parameters"] for definition in specs.values()]
    assert [p["C"] for p in parameters[:4]] == [1, 1, 2.5, 2.5]
    assert [p["class_weight"] for p in parameters[:4]] == [None, "balanced"] * 2
    assert {p["tol"] for p in parameters[:4]} == {0.5}


def test_values_are_written_as_in_yaml(config):
    values = [True, None, "l2", 0.1, [1, 2]]
    assert names_of({**config, "variants": {"logistic": {"C": values}}}) == [
        f"logistic[C={value}]" for value in ("true", "none", "l2", "0.1", "[1, 2]")
    ]


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ({"logistc": {"C": [1]}}, "variants.* must be one of 'logistic'.*Did you mean 'logistic'"),
        ({"logistic": {"c": [1]}}, "pipeline logistic has no parameter 'c'"),
        ({"logistic": {}}, r"variants\.logistic: .*at least 1"),
        ({"logistic": {"C": []}}, r"variants\.logistic\.C: .*at least 1"),
        ({"logistic": {"C": 1}}, r"variants\.logistic\.C: .*valid list; got 1"),
        ({"logistic": {"C": [1, 2, 1]}}, r"variants: logistic\[C=1\] comes 2 times"),
    ],
)
def test_mistaken_variants_are_named(config, variants, message):
    with pytest.raises(ConfigError, match=message):
        load_config({**config, "variants": variants})


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
