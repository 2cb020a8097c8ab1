"""What a results folder says of its results, and which other configurations it refuses."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bci_dann.data import SimulatedMI
from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.run_config import pipeline_specs
from bci_dann.evaluation.runs.manifest import (
    Manifest,
    differences,
    manifest_of,
    recordings_fingerprint,
)
from bci_dann.evaluation.runs.records import Task, versions

STEPS = [{"name": "A", "from": "b", "parameters": {"c": 1, "d": [1, 2]}}]
FIXED = {"data": {"dataset": "Set", "subjects": [1, 2]}, "threads": 1}


def manifest(**changes):
    given = {"fixed": FIXED, "pipelines": {"a": STEPS}, "protocols": ["train"], "seeds": [0]}
    return Manifest(**{**given, **changes})


def test_a_run_is_described_by_plain_data(config):
    run = load_config({**config, "seeds": [3, 4]})
    made = manifest_of(run, pipeline_specs(run), recordings="abc")
    assert Manifest(**json.loads(json.dumps(vars(made)))) == made
    assert set(made.fixed) == {"data", "preprocessing", "threads"}
    assert list(made.pipelines) == ["logistic"]
    assert (made.protocols, made.seeds, made.recordings) == (["train"], [3, 4], "abc")
    assert (made.data_key, made.versions) == (None, None)


def test_its_pipelines_can_be_built_again(config):
    run = load_config(config)
    specs = pipeline_specs(run)
    stored = Manifest(**json.loads(json.dumps(vars(manifest_of(run, specs)))))
    assert [spec.name for spec in stored.specs] == ["logistic"]
    assert list(stored.specs[0].definition) == json.loads(json.dumps(specs[0].definition))


def step_with(**parameters):
    return [{**STEPS[0], "parameters": {**STEPS[0]["parameters"], **parameters}}]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, []),
        ({"protocols": ["online"], "seeds": [7]}, []),
        ({"pipelines": {"a": STEPS, "b": STEPS}}, []),
        ({"fixed": {**FIXED, "data": {"dataset": "Set", "subjects": [3]}}}, []),
        ({"fixed": {**FIXED, "threads": 2}}, ["threads: 1 in the folder, 2 now"]),
        (
            {"fixed": {**FIXED, "data": {"dataset": "Other"}}},
            ["data.dataset: 'Set' in the folder, 'Other' now"],
        ),
        (
            {"fixed": {**FIXED, "preprocessing": {"band": [8, 30]}}},
            ["preprocessing: None in the folder, {'band': [8, 30]} now"],
        ),
        (
            {"pipelines": {"a": step_with(c=2)}},
            ["pipelines.a[0].parameters.c: 1 in the folder, 2 now"],
        ),
        (
            {"pipelines": {"a": step_with(d=[1, 3], e="x")}},
            [
                "pipelines.a[0].parameters.d: [1, 2] in the folder, [1, 3] now",
                "pipelines.a[0].parameters.e: None in the folder, 'x' now",
            ],
        ),
        (
            {"pipelines": {"a": [*STEPS, *STEPS]}},
            [f"pipelines.a: {STEPS!r} in the folder, {[*STEPS, *STEPS]!r} now"],
        ),
    ],
)
def test_differences_are_named_by_their_path(changes, named):
    assert list(differences(manifest(), manifest(**changes))) == named


def about(**changes):
    """Describe a record of the manifest's pipeline, as it is stored."""
    given = {
        "dataset": "Set",
        "pipeline": "a",
        "definition": STEPS,
        "protocol": "train",
        "subject": "1",
        "seed": 0,
        "without": None,
    }
    return {**given, **changes}


def test_without_a_data_key_records_are_known_by_their_pipeline():
    held = manifest()
    assert held.includes(about())
    assert held.includes(about(seed=99))
    assert not held.includes(about(pipeline="b"))
    assert not held.includes(about(definition=step_with(c=2)))
    assert not held.includes(about(without="2"))


def key_of(data_key, libraries):
    spec = PipelineSpec("a", tuple(STEPS))
    return Task("Set", data_key, spec, "train", "1", 0, versions=libraries).key


def test_records_of_other_trials_or_versions_are_not_included():
    libraries = {"bci_dann": "0.1.0+abc", "torch": "2"}
    held = manifest(data_key="trials", versions=libraries)
    assert held.includes(about(key=key_of("trials", libraries)))
    assert not held.includes(about(key=key_of("other trials", libraries)))
    assert not held.includes(about(key=key_of("trials", {**libraries, "torch": "3"})))
    assert not held.includes(about(key=key_of("trials", {**libraries, "bci_dann": "0.1.0+def"})))


def test_without_versions_todays_are_meant():
    held = manifest(data_key="trials")
    assert held.includes(about(key=key_of("trials", versions())))


def test_a_fingerprint_of_recordings_tells_datasets_apart():
    one, same, other = (SimulatedMI(n_subjects=2, random_state=seed) for seed in (0, 0, 1))
    assert recordings_fingerprint(one) == recordings_fingerprint(same)
    assert recordings_fingerprint(one) != recordings_fingerprint(other)
    assert len(recordings_fingerprint(one)) == 16


def test_a_manifest_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        manifest().seeds = [1]
