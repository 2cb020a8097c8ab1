from __future__ import annotations

import json

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from bci_dann.estimators import DANNClassifier
from bci_dann.evaluation.config.pipeline_builder import (
    build,
    wants_target,
)
from bci_dann.evaluation.config.pipeline_file import (
    PipelineSpec,
    available_pipelines,
    find_pipeline,
    load_pipeline,
)
from bci_dann.evaluation.config.pipeline_parameters import (
    accepted_parameters,
    with_defaults,
    with_parameters,
)
from bci_dann.exceptions import ConfigError

SCALER = {"name": "StandardScaler", "from": "sklearn.preprocessing"}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}


class Transfer(ClassifierMixin, BaseEstimator):
    __metadata_request__fit = {"X_target_unlabeled": True}  # noqa: RUF012

    def fit(self, X, y, X_target_unlabeled=None):
        return self

    def predict_proba(self, X):
        return X


def spec(*steps):
    return PipelineSpec("mine", tuple({"parameters": {}, **step} for step in steps))


def test_one_step_is_the_estimator_itself(write_pipeline):
    path = write_pipeline("one", {**LOGISTIC, "parameters": {"C": 3.0}})
    estimator = build(load_pipeline(path), seed=7)
    assert type(estimator) is LogisticRegression
    assert (estimator.C, estimator.random_state) == (3.0, 7)


def test_several_steps_are_a_pipeline_and_all_are_seeded():
    forest = {"name": "RandomForestClassifier", "from": "sklearn.ensemble"}
    estimator = build(spec(SCALER, forest), seed=5)
    assert isinstance(estimator, Pipeline)
    assert estimator[-1].random_state == 5


def test_a_pipeline_file_of_moabb_itself_builds():
    from pathlib import Path

    import moabb.pipelines

    path = Path(moabb.pipelines.__file__).parent / "TSLR.yml"
    loaded = load_pipeline(path) if path.exists() else None
    steps = [
        {"name": "Covariances", "from": "pyriemann.estimation"},
        {"name": "TangentSpace", "from": "pyriemann.tangentspace"},
        LOGISTIC,
    ]
    assert len(build(loaded or spec(*steps), seed=0).steps) == 3


def test_definition_is_plain_data(write_pipeline):
    loaded = load_pipeline(write_pipeline("one", LOGISTIC))
    assert json.loads(json.dumps(loaded.definition)) == list(loaded.definition)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"name": "LogisticRegresion", "from": "sklearn.linear_model"}, "mean 'LogisticRegression"),
        ({"name": "X", "from": "sklearn.linear_modle"}, "cannot be imported"),
        ({**LOGISTIC, "parameters": {"max_itr": 3}}, "Did you mean 'max_iter'"),
        ({**LOGISTIC, "parameters": {"C": "big"}}, "'C' parameter"),
        ({"name": "RidgeClassifier", "from": "sklearn.linear_model"}, "no probabilities"),
    ],
)
def test_what_cannot_be_built_is_told_before_training(step, message):
    with pytest.raises(ConfigError, match=message):
        build(spec(step))


def test_a_step_before_a_transfer_estimator_is_refused():
    steps = [SCALER, {"name": "Transfer", "from": __name__}]
    with pytest.raises(ConfigError, match="Let it be the only step"):
        _build_with_this_module(steps)


def _build_with_this_module(steps):
    import sys

    return build(spec(*({**s, "from": _home(s["from"], sys.modules)} for s in steps)))


def _home(name, modules):
    """Make this module importable by its name, which importlib mode does not."""
    if name == __name__:
        modules.setdefault(name, __import__("types").SimpleNamespace(Transfer=Transfer))
    return name


def test_transfer_estimators_are_told_apart_by_what_they_request():
    assert wants_target(Transfer())
    assert not wants_target(LogisticRegression())
    assert not wants_target(build(spec(SCALER, LOGISTIC)))


def test_overrides_reach_the_steps_that_have_them_and_leave_the_original():
    original = spec(SCALER, LOGISTIC)
    changed = with_parameters(original, {"C": 9.0})
    assert changed.definition[1]["parameters"] == {"C": 9.0}
    assert original.definition[1]["parameters"] == {}


def test_override_that_no_step_has():
    with pytest.raises(ConfigError, match="Did you mean 'max_iter'"):
        with_parameters(spec(SCALER, LOGISTIC), {"max_itr": 3})
    assert accepted_parameters(spec(LOGISTIC), {"max_itr": 3, "C": 1}) == {"C": 1}


def test_lookup(write_pipeline, tmp_path):
    path = write_pipeline("ea_dann", LOGISTIC)
    folders = [path.parent]
    assert available_pipelines(folders) == {"ea_dann": path}
    assert find_pipeline("ea_dann", folders) == path
    assert find_pipeline(str(path), []) == path
    assert find_pipeline("ea_dann.yml", folders) == path
    with pytest.raises(ConfigError, match="Did you mean 'ea_dann'"):
        find_pipeline("ea_dan", folders)


def test_unknown_key_in_a_pipeline_file(write_pipeline):
    path = write_pipeline("one", {**LOGISTIC, "parameter": {"C": 1}})
    with pytest.raises(ConfigError, match="Did you mean 'parameters'"):
        load_pipeline(path)


def test_grid_search_is_refused_with_its_reason(write_pipeline):
    path = write_pipeline("one", LOGISTIC, param_grid={"C": [1, 2]})
    with pytest.raises(ConfigError, match="mixes the trials of one subject"):
        load_pipeline(path)


def test_code_in_yaml_is_not_run(tmp_path):
    path = tmp_path / "evil.yml"
    path.write_text("name: !!python/object/apply:os.getcwd []\npipeline: []\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_pipeline(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"backbone": "EEGNett"}, "Did you mean 'EEGNet'"),
        ({"alignment": "euclidian"}, "Did you mean 'euclidean'"),
        ({"max_epochs": -3}, "max_epochs must be a whole number above 0"),
        ({"domains": "subjects"}, "Did you mean 'subject'"),
    ],
)
def test_values_of_our_own_estimators_are_checked_when_built(parameters, message):
    step = {"from": "bci_dann.estimators", "name": "DANNClassifier", "parameters": parameters}
    with pytest.raises(ConfigError, match=message):
        build(PipelineSpec("wrong", (step,)), seed=0)


def test_defaults_are_written_out_and_yield_to_the_file():
    step = {
        "from": "bci_dann.estimators",
        "name": "DANNClassifier",
        "parameters": {"max_epochs": 3},
    }
    written = with_defaults(PipelineSpec("d", (step,))).definition[0]["parameters"]
    assert written["max_epochs"] == 3
    assert written["adversary_weight"] == DANNClassifier().adversary_weight
    assert step["parameters"] == {"max_epochs": 3}


def test_own_code_is_part_of_the_definition(tmp_path, monkeypatch):
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
    terms = {"own_terms_7:Small": 0.5, "mcc": 1.0}
    for step in (
        lambda: definition("DANNClassifier", "bci_dann.estimators", terms=terms),
        lambda: definition("Own", "own_kind_7"),
    ):
        before = step()
        assert step() == before
        for file in tmp_path.glob("own_*_7.py"):
            file.write_text(file.read_text() + "# changed\n")
        assert step()["code"] != before["code"]
    assert "code" not in definition("DANNClassifier", "bci_dann.estimators", terms={"mcc": 1.0})
    assert "code" not in definition("LogisticRegression", "sklearn.linear_model", tol=0.1)
