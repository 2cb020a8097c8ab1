"""Methods by name, by path, from pipeline files and as estimators."""

from __future__ import annotations

import json

import pytest
import yaml

from bci_dann._resources import pipelines_folder
from bci_dann.alignment import EuclideanAlignment
from bci_dann.estimators import (
    DANNClassifier,
    EnsembleClassifier,
    RiemannianClassifier,
    ShallowClassifier,
    TransferClassifier,
    build_method,
)
from bci_dann.estimators import methods as module
from bci_dann.estimators.methods import METHODS, describe_method, find_method
from bci_dann.exceptions import ConfigError
from bci_dann.objectives.schedules import Linear

OURS = "bci_dann.estimators"


class Mine(TransferClassifier):
    def __init__(self, alignment="euclidean", depth=2):
        self.alignment = alignment
        self.depth = depth


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with pipelines of its own."""
    (tmp_path / "pipelines").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "pipelines"


def write(folder, name, *steps):
    path = folder / f"{name}.yml"
    path.write_text(yaml.safe_dump({"name": name, "pipeline": list(steps)}))
    return path


# --- classes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_every_class_of_the_package_has_a_name(name):
    kind = find_method(name)
    assert kind.__name__ == name
    assert kind.__module__ == METHODS[name]
    assert isinstance(build_method(name), kind)


def test_a_class_of_ones_own_by_its_path():
    assert find_method(f"{__name__}:Mine") is Mine
    assert build_method({"name": f"{__name__}:Mine", "depth": 3}).depth == 3


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DANClassifier", "there is no method 'DANClassifier'. Did you mean 'DANNClassifier'"),
        ("TransferClassifier", "there is no method 'TransferClassifier'"),
        ("nowhere:Mine", "method: 'nowhere:Mine' cannot be imported"),
        (f"{__name__}:Mein", "Did you mean 'Mine'"),
        (f"{__name__}:OURS", "must be a subclass of bci_dann.estimators.TransferClassifier; got"),
        ("sklearn.svm:SVC", "must be a subclass of bci_dann.estimators.TransferClassifier"),
    ],
)
def test_what_is_no_method(name, message):
    with pytest.raises(ConfigError, match=message):
        find_method(name)


# --- descriptions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(pipelines_folder().glob("*.yml")), ids=lambda p: p.stem)
def test_every_pipeline_of_the_package_is_a_method(path):
    (step,) = yaml.safe_load(path.read_text())["pipeline"]
    for spec in (path.stem, str(path)):
        model = build_method(spec)
        assert type(model).__name__ == step["name"]
        parameters = {k: v for k, v in step["parameters"].items() if k in model.get_params()}
        assert {name: getattr(model, name) for name in parameters} == parameters
        model.check_parameters()


def test_a_mapping_with_parameters():
    model = build_method({"name": "ShallowClassifier", "classifier": "logistic"})
    assert isinstance(model, ShallowClassifier)
    assert model.classifier == "logistic"


def test_an_estimator_is_copied_without_what_it_has_learned(toy_eeg):
    alignment = EuclideanAlignment()
    given = ShallowClassifier(alignment=alignment).fit(*toy_eeg.of(1))
    copied = build_method(given)
    assert copied is not given
    assert not hasattr(copied, "classes_")
    assert copied.alignment is not alignment
    assert isinstance(copied.alignment, EuclideanAlignment)


def test_a_pipeline_of_the_working_folder_comes_first(folder):
    assert isinstance(build_method("rts_im"), RiemannianClassifier)
    write(folder, "rts_im", {"name": "ShallowClassifier", "from": OURS})
    assert isinstance(build_method("rts_im"), ShallowClassifier)


def test_a_pipeline_of_a_class_of_ones_own(folder):
    step = {"name": "Mine", "from": __name__, "parameters": {"depth": 5}}
    path = write(folder, "mine", step)
    for spec in ("mine", str(path), "pipelines/mine.yml"):
        model = build_method(spec)
        assert (type(model), model.depth) == (Mine, 5)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "must consist of one method"),
        (2 * [{"name": "ShallowClassifier", "from": OURS}], "must consist of one method"),
        ([{"name": "ShallowClassifier"}], "must consist of one method. 'from'"),
        ([{"name": "SVC", "from": "sklearn.svm"}], "must be a subclass of"),
        ([{"name": "ShallowClassifier", "from": OURS, "parameters": {"depth": 3}}], "depth"),
        ([{"name": "ShallowClasifier", "from": OURS}], "Did you mean 'ShallowClassifier'"),
    ],
)
def test_pipelines_that_cannot_be_a_method(folder, steps, message):
    write(folder, "odd", *steps)
    with pytest.raises(ConfigError, match=f"pipeline 'odd' .*{message}"):
        build_method("odd")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rts_imm", "there is no pipeline or method 'rts_imm'. Did you mean 'rts_im'"),
        ("DANClassifier", "Did you mean 'DANNClassifier'"),
        ("nowhere.yml", r"pipeline 'nowhere.yml' .* cannot be a member"),
        ({"classifier": "lda"}, "method: a mapping needs the key 'name'"),
        ({"name": "ShallowClassifier", "classifer": "lda"}, "method 'ShallowClassifier' cannot be"),
        ({"name": "rts_im"}, "there is no method 'rts_im'"),
        (3, "method: expected"),
        (None, "method: expected"),
    ],
)
def test_descriptions_that_stand_for_no_method(spec, message):
    with pytest.raises(ConfigError, match=message):
        build_method(spec)


# --- descriptions for files -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        "rts_im",
        "ra_dann_reweight",
        "ShallowClassifier",
        {"name": "ShallowClassifier", "classifier": "logistic"},
        DANNClassifier(terms={"mcc": {"weight": 1.0, "schedule": "linear"}}, random_state=3),
        ShallowClassifier(alignment=EuclideanAlignment()),
        {"name": "ShallowClassifier", "alignment": EuclideanAlignment()},
        {"name": "DANNClassifier", "terms": [{"name": "mcc", "schedule": Linear(0.5)}]},
        Mine(depth=4),
        EnsembleClassifier([("rts_im", 1.0), (Mine(depth=4), 0.5)]),
    ],
    ids=str,
)
def test_a_description_builds_the_same_method_anywhere(spec, tmp_path, monkeypatch):
    described = json.loads(json.dumps(describe_method(spec)))
    expected = describe_method(build_method(spec))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "pipelines_folder", lambda: tmp_path)  # without pipeline files
    again = describe_method(build_method(described))
    assert json.dumps(again) == json.dumps(expected)


def test_the_pipeline_of_another_machine_is_not_named():
    described = describe_method("rts_im")
    assert described["name"] == "RiemannianClassifier"
    assert described["terms"] == {"information_maximisation": 0.4}
    assert describe_method(Mine())["name"] == f"{__name__}:Mine"


def test_a_mapping_stays_and_is_copied():
    spec = {"name": "ShallowClassifier"}
    described = describe_method(spec)
    assert described == spec
    assert described is not spec
