"""Methods inside methods that are named by a pipeline: their files are part of the definition."""

from __future__ import annotations

import pytest

from bci_dann.evaluation.config.ensemble_members import with_members
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.exceptions import ConfigError

OURS = "bci_dann.estimators"


def step(name, module=OURS, **parameters):
    return {"name": name, "from": module, "parameters": parameters}


FILES = {
    "rts_im": (step("RiemannianClassifier", guard=True),),
    "mine": (step("Own", "own_methods", terms={"mcc": 1.0}),),
    "two_steps": (step("Covariances", "pyriemann.estimation"), step("MDM", "pyriemann")),
    "pair": (step("EnsembleClassifier", members=[["rts_im", 1.0], ["mine", 0.5]]),),
}


@pytest.fixture
def loaded():
    """The names that were looked up, and how to look them up."""
    names = []

    def load(name):
        names.append(name)
        if name not in FILES:
            raise ConfigError(f"there is no pipeline {name!r}.")
        return PipelineSpec(name, FILES[name], source=f"pipelines/{name}.yml")

    load.names = names
    return load


def members_of(members, load):
    spec = PipelineSpec("ours", (step("EnsembleClassifier", members=members),))
    return with_members(spec, load).definition[0]["parameters"]["members"]


def test_names_of_pipelines_become_their_methods(loaded):
    assert members_of([["rts_im", 1.0], ["mine", 0.25]], loaded) == [
        [{"name": "RiemannianClassifier", "guard": True}, 1.0],
        [{"name": "own_methods:Own", "terms": {"mcc": 1.0}}, 0.25],
    ]
    assert loaded.names == ["rts_im", "mine"]


def test_members_without_weights_are_written_out_too(loaded):
    assert members_of(["rts_im"], loaded) == [{"name": "RiemannianClassifier", "guard": True}]


@pytest.mark.parametrize(
    "member",
    [
        "DANNClassifier",
        "own_methods:Own",
        {"name": "DANNClassifier", "max_epochs": 3},
        {"name": "own_methods:Own"},
    ],
)
def test_classes_and_descriptions_stay_as_they_are(loaded, member):
    assert members_of([[member, 1.0], member], loaded) == [[member, 1.0], member]
    assert loaded.names == []


def test_ensembles_of_ensembles(loaded):
    (outer,) = members_of(["pair"], loaded)
    assert outer["name"] == "EnsembleClassifier"
    assert [method["name"] for method, _ in outer["members"]] == [
        "RiemannianClassifier",
        "own_methods:Own",
    ]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("rts_im", {"name": "RiemannianClassifier", "guard": True}),
        ({"name": "DANNClassifier"}, {"name": "DANNClassifier"}),
        ("DANNClassifier", "DANNClassifier"),
    ],
)
def test_the_method_inside_another_is_written_out(loaded, method, expected):
    spec = PipelineSpec("ours", (step("CalibratedClassifier", method=method, n_folds=3),))
    found = with_members(spec, loaded).definition[0]["parameters"]
    assert found == {"method": expected, "n_folds": 3}


def test_other_pipelines_are_the_same_object(loaded):
    for parameters in ({}, {"members": None}, {"members": "rts_im"}):
        spec = PipelineSpec("ours", (step("EnsembleClassifier", **parameters),))
        assert with_members(spec, loaded) is spec
    foreign = PipelineSpec("vote", (step("Vote", "sklearn.ensemble", members=["rts_im"]),))
    assert with_members(foreign, loaded) is foreign


def test_the_original_is_left_as_it_is(loaded):
    spec = PipelineSpec("pair", FILES["pair"])
    with_members(spec, loaded)
    assert spec.definition[0]["parameters"]["members"] == [["rts_im", 1.0], ["mine", 0.5]]


def test_a_member_is_one_method(loaded):
    with pytest.raises(ConfigError, match=r"ours: the member 'two_steps' consists of 2 steps.*yml"):
        members_of(["two_steps"], loaded)


def test_a_member_that_does_not_exist_is_named(loaded):
    with pytest.raises(ConfigError, match="no pipeline 'rts_in'"):
        members_of([["rts_in", 1.0]], loaded)
