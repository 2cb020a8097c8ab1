"""Reading suites: which datasets, and what is refused."""

from __future__ import annotations

import hashlib
import json

import pytest

from bci_dann._resources import configs_folder
from bci_dann.evaluation import RunConfig, load_config, load_suite
from bci_dann.evaluation.suites.suite_config import Suite, load_run_or_suite
from bci_dann.exceptions import ConfigError

CONTENT = {
    "name": "mine-v1",
    "datasets": {
        "few": {"dataset": "SimulatedMI", "params": {"n_subjects": 3}},
        "more": {"dataset": "SimulatedMI", "params": {"n_subjects": 4}},
    },
    "pipelines": ["csp_lda", "ea_csp_lda"],
    "protocols": ["train"],
    "reference": "csp_lda",
}
SHIPPED = sorted(path.stem for path in (configs_folder() / "suites").glob("*.yaml"))

# What has the name of a version may not change; a suite with other contents is a new file.
DIGESTS = {
    "mi-4class-v1": "6868f09c7f3b",
    "mi-v1": "e4adac6442aa",
}


def definition(suite):
    first = next(iter(suite.runs.values()))
    return {
        "datasets": {name: run.data.model_dump(mode="json") for name, run in suite.runs.items()},
        "preprocessing": first.preprocessing.model_dump(mode="json"),
        "protocols": first.protocols,
        "seeds": first.seeds,
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_a_version_never_changes(name):
    suite = load_suite(f"suites/{name}")
    assert suite.name == name
    text = json.dumps(definition(suite), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:12] == DIGESTS[name]


def test_each_data_set_is_a_run_with_the_same_settings():
    suite = load_suite(CONTENT)
    assert list(suite.runs) == ["few", "more"]
    few, more = suite.runs.values()
    assert few.data != more.data
    assert (few.preprocessing, few.pipelines, few.seeds) == (
        more.preprocessing,
        more.pipelines,
        more.seeds,
    )


def test_lists_are_replaced_in_every_run():
    suite = load_suite(CONTENT).with_replaced({"seeds": [3], "pipelines": ["ea_csp_lda"]})
    assert [run.seeds for run in suite.runs.values()] == [[3], [3]]
    assert suite.reference is None  # csp_lda is not run any more
    assert list(suite.of_datasets(["more"]).runs) == ["more"]
    with pytest.raises(ConfigError, match="Did you mean 'more'"):
        suite.of_datasets(["mor"])


def test_values_are_set_in_a_suite():
    suite = load_suite(CONTENT, ["preprocessing.band=[9, 27]", "datasets.few.params.n_trials=6"])
    assert {run.preprocessing.band for run in suite.runs.values()} == {(9.0, 27.0)}
    assert suite.runs["few"].data.params == {"n_subjects": 3, "n_trials": 6}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": {}}, "datasets"),
        ({"datasets": ["BNCI2014_001"]}, "datasets"),
        ({"datasets": {"a/b": {"dataset": "SimulatedMI"}}}, "a/b"),
        ({"datasets": {"a": {"dataset": "BNCI2014_01"}}}, "Did you mean 'BNCI2014_001'"),
        ({"datasets": {"a": {"datset": "SimulatedMI"}}}, "Did you mean 'dataset'"),
        ({"data": {"dataset": "SimulatedMI"}}, "'data' and 'datasets' exclude each other"),
        ({"regimes": {"whole": {}}, "baselines": ["csp_lda"]}, "remove the key 'reference'"),
        ({"regimes": {"whole": {}}, "reference": None}, "baselines is missing"),
        ({"pseudo_online": {"step": 1.0}}, "'pseudo_online' and 'datasets' exclude"),
        (
            {"datasets": {"both": [{"dataset": "SimulatedMI"}, {"dataset": "BNCI2014_001"}]}},
            "both lists several datasets",
        ),
        ({"reference": "csp_ldaa"}, "Did you mean 'csp_lda'"),
        ({"protocls": ["train"]}, "Did you mean 'protocols'"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ConfigError, match=message):
        load_suite({**CONTENT, **change})


def test_a_run_and_a_suite_are_told_apart():
    assert isinstance(load_run_or_suite(CONTENT), Suite)
    assert isinstance(load_run_or_suite("quickstart"), RunConfig)
    with pytest.raises(ConfigError, match="is a suite of several datasets"):
        load_config(CONTENT)
    with pytest.raises(ConfigError, match="is not a suite"):
        load_suite("quickstart")
