"""What a regime may say, and how it is stored."""

from __future__ import annotations

import json

import pytest

from bci_dann._config import validate
from bci_dann.data import DataConfig, Regime
from bci_dann.exceptions import ConfigError


def read(**keys):
    return validate(Regime, keys, "regimes.yaml")


def test_an_unknown_key_is_refused_with_what_was_meant():
    with pytest.raises(ConfigError, match=r"'n_subject'\. Did you mean 'n_subjects'"):
        read(n_subject=5)


def test_within_a_configuration_the_path_of_the_key_is_named():
    content = {"dataset": "SimulatedMI", "regime": {"artefact_shares": 0.1}}
    with pytest.raises(ConfigError, match=r"regime\.artefact_shares.*'artefact_share'"):
        validate(DataConfig, content, "mine.yaml")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"n_subjects": 1}, "greater than or equal to 2"),
        ({"channels": []}, "at least 1 item"),
        ({"channels": ["C3", "C3"]}, "once only"),
        ({"classes": ["rest"]}, "at least 2 items"),
        ({"duration": 0}, "greater than 0"),
        ({"artefact_share": 1.5}, "less than or equal to 1"),
        ({"session_shares": [1.0, 0.2]}, "low <= high"),
        ({"session_shares": [0.0, 1.0]}, "greater than 0"),
        ({"artefact_share": 0.1, "artefact_amplitude": [9, 1]}, "low <= high"),
        ({"cues_in_blocks": 5, "shuffled": True}, "give one"),
    ],
)
def test_what_makes_no_sense_is_refused(keys, message):
    with pytest.raises(ConfigError, match=message):
        read(**keys)


@pytest.mark.parametrize("keys", [{"artefact_amplitude": [10, 20]}, {"n_loud_subjects": 2}])
def test_what_would_have_no_effect_is_refused(keys):
    with pytest.raises(ConfigError, match="has no effect without"):
        read(**keys)


def test_only_what_is_set_is_stored_and_reads_back_equal():
    regime = read(channels=["C3", "C4"], session_shares=[0.2, 1.0], gain=15)
    stored = json.loads(regime.model_dump_json())
    assert stored == {"channels": ["C3", "C4"], "session_shares": [0.2, 1.0], "gain": 15.0}
    assert Regime(**stored) == regime


@pytest.mark.parametrize(
    ("keys", "changes"),
    [({}, False), ({"random_state": 5, "held_out": True}, False), ({"merge_sessions": True}, True)],
)
def test_whether_anything_changes(keys, changes):
    assert read(**keys).changes_trials is changes


def test_without_a_regime_a_data_configuration_is_stored_as_it_always_was():
    stored = DataConfig(dataset="SimulatedMI").model_dump(mode="json")
    assert stored == {
        "subjects": None,
        "sessions": None,
        "classes": None,
        "dataset": "SimulatedMI",
        "params": {},
        "recordings": None,
    }
    with_regime = DataConfig(dataset="SimulatedMI", regime=read(n_subjects=3))
    assert with_regime.model_dump()["regime"] == {"n_subjects": 3}
    assert DataConfig(**with_regime.model_dump()) == with_regime
