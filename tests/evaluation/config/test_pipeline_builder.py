from __future__ import annotations

import warnings

import pytest
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from bci_dann._resources import pipelines_folder
from bci_dann.estimators import TransferClassifier
from bci_dann.evaluation.config.pipeline_builder import (
    build,
    build_with_warnings,
    trains_network,
    wants_target,
)
from bci_dann.evaluation.config.pipeline_file import PipelineSpec, load_pipeline
from bci_dann.exceptions import BCIDannWarning, ConfigError

SCALER = {"name": "StandardScaler", "from": "sklearn.preprocessing"}
LOGISTIC = {"name": "LogisticRegression", "from": "sklearn.linear_model"}
OURS = "bci_dann.estimators"


class Transfer(ClassifierMixin, BaseEstimator):
    __metadata_request__fit = {"X_target_unlabeled": True}  # noqa: RUF012

    def fit(self, X, y, X_target_unlabeled=None):
        return self

    def predict_proba(self, X):
        return X


def spec(*steps, **more):
    return PipelineSpec("mine", tuple({"parameters": {}, **step} for step in steps), **more)


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


def test_without_a_seed_the_file_has_the_last_word():
    step = {**LOGISTIC, "parameters": {"random_state": 11}}
    assert build(spec(step)).random_state == 11
    assert build(spec(step), seed=2).random_state == 2


def test_overrides_replace_the_parameters_of_the_file():
    step = {**LOGISTIC, "parameters": {"C": 3.0, "tol": 0.5}}
    estimator = build(spec(SCALER, step), overrides={"C": 4.0})
    assert (estimator[-1].C, estimator[-1].tol) == (4.0, 0.5)


def test_a_pipeline_of_moabb_itself_builds():
    steps = [
        {"name": "Covariances", "from": "pyriemann.estimation"},
        {"name": "TangentSpace", "from": "pyriemann.tangentspace"},
        LOGISTIC,
    ]
    assert len(build(spec(*steps), seed=0).steps) == 3


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
    step = {"from": OURS, "name": "DANNClassifier", "parameters": parameters}
    with pytest.raises(ConfigError, match=message):
        build(PipelineSpec("wrong", (step,)), seed=0)


@pytest.fixture
def own_module(monkeypatch):
    """Make classes importable from a module of one's own."""

    def make(name, **members):
        import sys
        import types

        module = types.ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
        return name

    return make


def test_a_step_before_a_transfer_estimator_is_refused(own_module):
    step = {"name": "Transfer", "from": own_module("own_transfer", Transfer=Transfer)}
    assert isinstance(build(spec(step)), Transfer)
    with pytest.raises(ConfigError, match="Make it the only step"):
        build(spec(SCALER, step))


@pytest.mark.parametrize("name", sorted(path.stem for path in pipelines_folder().glob("*.yml")))
def test_every_pipeline_of_the_package_builds(name):
    assert hasattr(build(load_pipeline(pipelines_folder() / f"{name}.yml"), seed=0), "fit")


class WithoutAlignment(TransferClassifier):
    def __init__(self, sharp=1.0):
        self.sharp = sharp


class Renamed(TransferClassifier):
    def __init__(self, alignment=None, sharp=1.0):
        self.alignment = alignment
        self.s = sharp


class Unfinished(TransferClassifier):
    def __init__(self, alignment=None):
        self.alignment = alignment

    def predict_proba_aligned(self, X):
        return X


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (WithoutAlignment, "must have and store the parameter 'alignment'"),
        (Renamed, "must have and store the parameter 'sharp', as self.sharp"),
        (Unfinished, "does not implement fit_aligned"),
    ],
)
def test_a_method_that_is_not_complete_is_told_when_built(own_module, kind, message):
    step = {"name": kind.__name__, "from": own_module("own_method", **{kind.__name__: kind})}
    with pytest.raises(ConfigError, match=f"{kind.__name__}: .*{message}"):
        build(spec(step))


def test_transfer_estimators_are_told_apart_by_what_they_request():
    assert wants_target(Transfer())
    assert not wants_target(LogisticRegression())
    assert not wants_target(build(spec(SCALER, LOGISTIC)))


def test_only_networks_train_a_network():
    assert trains_network(build(spec({"name": "DANNClassifier", "from": OURS})))
    assert not trains_network(build(spec({"name": "ShallowClassifier", "from": OURS})))
    assert not trains_network(LogisticRegression())


class Renamed(UserWarning):
    """A warning that knows how the user should write from now on."""

    def __init__(self, message, new_form):
        super().__init__(message)
        self.new_form = new_form


NEW_FORM = {"terms": {"domain_adversary": {"weight": 0.1, "hidden": 64}}}


class Ageing(Transfer):
    """An estimator that warns of a parameter of the version before, twice."""

    def __init__(self, hidden=None, noise=None):
        self.hidden, self.noise = hidden, noise
        if hidden is not None:
            warnings.warn(Renamed("the parameter hidden has moved", NEW_FORM), stacklevel=2)
        if noise is not None:
            warnings.warn("noise is ignored", BCIDannWarning, stacklevel=2)

    def check_parameters(self):
        if self.hidden is not None:
            warnings.warn(Renamed("the parameter hidden has moved", NEW_FORM), stacklevel=2)


@pytest.fixture
def ageing(own_module):
    module = own_module("own_ageing", Ageing=Ageing)

    def make(source="pipelines/old.yml", set_by=None, **parameters):
        step = {"name": "Ageing", "from": module, "parameters": parameters}
        return spec(step, source=source, set_by=set_by or {})

    return make


def test_a_warning_names_the_file_and_shows_the_new_lines(ageing):
    with pytest.warns(BCIDannWarning) as caught:
        build(ageing(hidden=64))
    (warning,) = caught  # once, though the class warned twice
    text = str(warning.message)
    assert text.startswith("pipelines/old.yml: the parameter hidden has moved\n")
    lines = text.split("Write instead:\n")[1]
    assert all(line.startswith("  ") for line in lines.splitlines())
    assert yaml.safe_load(lines) == NEW_FORM


def test_a_parameter_that_the_configuration_sets_is_told_with_its_name(ageing):
    set_by = {"hidden": "configs/old.yaml: pipeline_parameters"}
    with pytest.warns(BCIDannWarning, match=r"^configs/old\.yaml: pipeline_parameters: the param"):
        build(ageing(set_by=set_by, hidden=64))
    with pytest.warns(BCIDannWarning, match=r"^pipelines/old\.yml: noise is ignored$"):
        build(ageing(set_by=set_by, noise=1))


def test_a_pipeline_that_comes_from_no_file_is_named(ageing):
    with pytest.warns(BCIDannWarning, match="^pipeline mine: noise is ignored$"):
        build(ageing(source="", noise=1))


def test_warnings_can_be_had_without_being_issued(ageing):
    estimator, found = build_with_warnings(ageing(hidden=64, noise=1), seed=0)
    assert isinstance(estimator, Ageing)
    assert [one.message for one in found] == ["the parameter hidden has moved", "noise is ignored"]
    assert build_with_warnings(ageing())[1] == ()


def test_deprecations_of_our_own_classes_are_shown_to_users(monkeypatch):
    """The command line shows no other DeprecationWarning than those which concern the user."""
    from bci_dann.estimators import ShallowClassifier

    def deprecated(self):
        warnings.warn("n_components is deprecated", DeprecationWarning, stacklevel=2)

    monkeypatch.setattr(ShallowClassifier, "check_parameters", deprecated)
    with pytest.warns(BCIDannWarning, match="n_components is deprecated"):
        build(spec({"name": "ShallowClassifier", "from": OURS}))


def test_warnings_of_other_libraries_keep_their_category(own_module):
    class Foreign(Transfer):
        def __init__(self):
            warnings.warn("soon gone", FutureWarning, stacklevel=2)

    step = {"name": "Foreign", "from": own_module("own_foreign", Foreign=Foreign)}
    with pytest.warns(FutureWarning, match="soon gone") as caught:
        build(spec(step))
    assert caught[0].category is FutureWarning
