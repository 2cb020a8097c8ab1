from __future__ import annotations

import copy

import pytest

from bci_dann.estimators import DANNClassifier
from bci_dann.evaluation.config.pipeline_file import PipelineSpec
from bci_dann.evaluation.config.pipeline_parameters import (
    accepted_parameters,
    check_parameter_names,
    with_defaults,
    with_parameters,
)
from bci_dann.exceptions import ConfigError

SCALER = {"name": "StandardScaler", "from": "sklearn.preprocessing", "parameters": {}}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model", "parameters": {}}
FOREST = {"name": "RandomForestClassifier", "from": "sklearn.ensemble", "parameters": {}}


def spec(*steps):
    return PipelineSpec("mine", copy.deepcopy(steps), source="pipelines/mine.yml")


def test_new_values_reach_the_steps_that_have_them_and_leave_the_original():
    original = spec(SCALER, LOGISTIC)
    changed = with_parameters(original, {"C": 9.0})
    assert changed.definition[1]["parameters"] == {"C": 9.0}
    assert original == spec(SCALER, LOGISTIC)


def test_a_value_reaches_every_step_that_has_the_parameter():
    changed = with_parameters(spec(LOGISTIC, FOREST), {"random_state": 3, "C": 2})
    assert [step["parameters"] for step in changed.definition] == [
        {"random_state": 3, "C": 2},
        {"random_state": 3},
    ]


def test_mutable_values_of_the_original_are_not_shared():
    nested = {**LOGISTIC, "parameters": {"class_weight": {"left": 1}}}
    original = PipelineSpec("mine", (nested,))
    with_parameters(original, {}).definition[0]["parameters"]["class_weight"]["left"] = 2
    assert original.definition[0]["parameters"]["class_weight"] == {"left": 1}


def test_a_value_that_no_step_has_names_the_nearest():
    with pytest.raises(ConfigError, match=r"pipeline mine has no .*'max_itr'.*'max_iter'.*Known"):
        with_parameters(spec(SCALER, LOGISTIC), {"max_itr": 3})


def test_what_has_set_a_parameter_is_remembered_for_messages():
    changed = with_parameters(spec(LOGISTIC), {"C": 1}, set_by="a.yaml: pipeline_parameters")
    changed = with_parameters(changed, {"tol": 1, "C": 2}, set_by="a.yaml: variants")
    assert changed.set_by == {"C": "a.yaml: variants", "tol": "a.yaml: variants"}
    assert changed.source == "pipelines/mine.yml"
    assert changed == with_parameters(spec(LOGISTIC), {"C": 2, "tol": 1})


def test_accepted_parameters_are_those_of_any_step():
    given = {"max_itr": 3, "C": 1, "with_mean": False}
    assert accepted_parameters(spec(SCALER, LOGISTIC), given) == {"C": 1, "with_mean": False}
    assert accepted_parameters(spec(SCALER), given) == {"with_mean": False}


def test_unknown_parameters_of_a_file_are_named_with_their_class():
    check_parameter_names(spec(SCALER, {**LOGISTIC, "parameters": {"C": 3}}))
    with pytest.raises(ConfigError, match=r"mine: LogisticRegression has no parameter 'c'"):
        check_parameter_names(spec(SCALER, {**LOGISTIC, "parameters": {"c": 3}}))


def test_defaults_are_written_out_and_yield_to_the_file():
    step = {
        "from": "bci_dann.estimators",
        "name": "DANNClassifier",
        "parameters": {"max_epochs": 3},
    }
    written = with_defaults(PipelineSpec("d", (step,))).definition[0]["parameters"]
    assert written["max_epochs"] == 3
    assert written["lr"] == DANNClassifier().lr
    assert step["parameters"] == {"max_epochs": 3}
    assert set(written) <= set(DANNClassifier().get_params())


def test_a_definition_with_defaults_does_not_change_when_it_is_completed_again():
    once = with_defaults(spec(SCALER, LOGISTIC))
    assert with_defaults(once) == once


def test_code_of_the_users_own_is_part_of_the_definition(tmp_path, monkeypatch):
    """Of a class, or a term, that is neither ours nor installed, the record's key has a digest."""

    def definition(name, module, **parameters):
        step = {"from": module, "name": name, "parameters": parameters}
        return with_defaults(PipelineSpec("own", (step,))).definition[0]

    monkeypatch.syspath_prepend(tmp_path)
    term = "from bci_dann.objectives import Term\n\nclass Small(Term):\n    pass\n"
    kind = (
        "from bci_dann.estimators import DANNClassifier\n\nclass Own(DANNClassifier):\n    pass\n"
    )
    (tmp_path / "own_terms_7.py").write_text(term)
    (tmp_path / "own_kind_7.py").write_text(kind)
    for step in (
        lambda: definition(
            "DANNClassifier",
            "bci_dann.estimators",
            terms={"own_terms_7:Small": 0.5, "mcc": 1.0},
        ),
        lambda: definition("Own", "own_kind_7"),
    ):
        before = step()
        assert step() == before
        for file in tmp_path.glob("own_*_7.py"):
            file.write_text(file.read_text() + "# changed\n")
        assert step()["code"] != before["code"]
    assert "code" not in definition("DANNClassifier", "bci_dann.estimators", terms={"mcc": 1.0})
    assert "code" not in definition("LogisticRegression", "sklearn.linear_model", tol=0.1)
