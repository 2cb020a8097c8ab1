"""Values of a configuration that the command line replaces."""

from __future__ import annotations

import pytest

from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.settings import with_settings
from bci_dann.exceptions import ConfigError


def test_values_are_yaml_and_reach_nested_keys():
    content = {"name": "mine", "data": {"dataset": "SimulatedMI"}}
    settings = ["data.params.n_subjects=3", "seeds=[0, 1]", "data.params.shift={gain: 1.5}"]
    changed = with_settings(content, [*settings, "preprocessing.reference=null", "name=a=b"])
    assert changed == {
        "name": "a=b",
        "data": {"dataset": "SimulatedMI", "params": {"n_subjects": 3, "shift": {"gain": 1.5}}},
        "seeds": [0, 1],
        "preprocessing": {"reference": None},
    }
    assert content == {"name": "mine", "data": {"dataset": "SimulatedMI"}}


@pytest.mark.parametrize("text", ["seeds", "=3", "a..b=3", ".a=3", ""])
def test_another_form_is_refused(text):
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        with_settings({}, [text])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["seeds=[0"], "--set seeds="),
        (["seeds=[0]", "seeds=[1]"], "seeds twice"),
        (["seeds.0=3"], "'seeds' is \\[0\\], which has no keys"),
        (["preprocessing.bnad=[8,30]"], "Did you mean 'band'"),
        (["sedes=[1]"], "Did you mean 'seeds'"),
        (["extends=other.yaml"], "unknown key 'extends'"),
        (["pipeline_parameters.csp_ldaa.n_components=4"], "Did you mean 'csp_lda'"),
        (["pipeline_parameters.csp_lda.n_component=4"], "n_components"),
        (["data.params.n_subject=4"], "Did you mean 'n_subjects'"),
        (["preprocessing.band=[30,8]"], "band"),
        (["data.params.shift=no"], "--set data.params.shift=no"),
    ],
)
def test_what_is_wrong_is_named(settings, message):
    content = {
        "name": "mine",
        "data": {"dataset": "SimulatedMI"},
        "pipelines": ["csp_lda"],
        "protocols": ["train"],
        "seeds": [0],
    }
    with pytest.raises(ConfigError, match=message):
        load_config(content, settings)


def test_a_file_says_that_it_was_changed():
    changed = load_config("quickstart", ["preprocessing.band=[8, 24]", "threads=2"])
    assert changed.preprocessing.band == (8.0, 24.0)
    assert changed.threads == 2
    with pytest.raises(ConfigError, match=r"quickstart\.yaml with --set: unknown key"):
        load_config("quickstart", ["bandd=1"])
