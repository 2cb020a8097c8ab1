"""Combinations of parameter values, each a pipeline of its own."""

from __future__ import annotations

import pytest

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import pipeline_specs
from bci_dann.evaluation.config.variants import expand_variants
from bci_dann.exceptions import ConfigError

LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model", "parameters": {"C": 5}}


def test_without_variants_pipelines_stay_as_they_are():
    specs = [PipelineSpec("a", (LOGISTIC,)), PipelineSpec("b", (LOGISTIC,))]
    assert expand_variants(specs, {}) == specs


def test_the_original_is_left_as_it_is():
    spec = PipelineSpec("a", (LOGISTIC,), source="a.yml")
    one, two = expand_variants([spec], {"a": {"C": [1, 2]}}, set_by="mine.yaml: variants")
    assert spec.definition[0]["parameters"] == {"C": 5}
    assert (one.name, two.name) == ("a[C=1]", "a[C=2]")
    assert one.source == "a.yml"
    assert two.set_by == {"C": "mine.yaml: variants"}


def test_a_list_gives_each_variant_by_itself():
    spec = PipelineSpec("a", (LOGISTIC,), source="a.yml")
    plain, other = expand_variants([spec], {"a": [{}, {"C": 2, "tol": 0.1}]}, set_by="mine.yaml")
    assert plain == spec
    assert other.name == "a[C=2,tol=0.1]"
    assert other.definition[-1]["parameters"] == {"C": 2, "tol": 0.1}


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
        ({"logistic": []}, r"variants\.logistic: .*at least 1"),
        ({"logistic": [1]}, r"variants\.logistic\.0: .*valid dictionary"),
        ({"logistic": [{"c": 1}]}, "pipeline logistic has no parameter 'c'"),
        ({"logistic": {"C": [1, 2, 1]}}, r"variants: logistic\[C=1\] comes 2 times"),
    ],
)
def test_mistaken_variants_are_named(config, variants, message):
    with pytest.raises(ConfigError, match=message):
        load_config({**config, "variants": variants})
