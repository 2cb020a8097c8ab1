"""Digests of code: a changed package or class of one's own is never taken for the former one."""

from __future__ import annotations

import importlib
import shutil
import sys
import time
from pathlib import Path

import pytest

import bci_dann
from bci_dann.evaluation import PipelineSpec, build
from bci_dann.evaluation.config import code_fingerprint
from bci_dann.evaluation.config.code_fingerprint import (
    check_code_is_current,
    package_fingerprint,
    user_code_fingerprint,
)
from bci_dann.exceptions import ConfigError

PACKAGE = Path(bci_dann.__file__).parent


def fingerprint(package):
    """Compute it anew, as another process would."""
    return package_fingerprint.__wrapped__(package)


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "bci_dann"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__", "_pipelines"))
    return folder


def test_it_is_that_of_the_files_wherever_they_are(copy):
    assert fingerprint(copy) == package_fingerprint() == fingerprint(PACKAGE)
    assert len(package_fingerprint()) == 16


@pytest.mark.parametrize(
    "name",
    [
        "estimators/dann.py",
        "alignment/euclidean.py",
        "data/loading.py",
        "evaluation/protocols.py",
        "evaluation/runs/execution.py",
        "__init__.py",
    ],
)
def test_a_changed_module_changes_it(copy, name):
    before = fingerprint(copy)
    with (copy / name).open("a") as file:
        file.write("\n# another comment\n")
    assert fingerprint(copy) != before


def test_new_removed_and_renamed_modules_change_it(copy):
    before = fingerprint(copy)
    (copy / "features" / "new_feature.py").write_text("x = 1\n")
    added = fingerprint(copy)
    (copy / "features" / "new_feature.py").rename(copy / "features" / "other_feature.py")
    renamed = fingerprint(copy)
    (copy / "features" / "other_feature.py").unlink()
    assert len({before, added, renamed}) == 3
    assert fingerprint(copy) == before


def test_a_line_that_moves_to_the_next_file_changes_it(copy):
    one, other = copy / "features" / "a.py", copy / "features" / "b.py"
    one.write_text("x = 1\ny = 2\n")
    other.write_text("z = 3\n")
    before = fingerprint(copy)
    one.write_text("x = 1\n")
    other.write_text("y = 2\nz = 3\n")
    assert fingerprint(copy) != before


@pytest.mark.parametrize(
    "name",
    [
        "cli/app.py",
        "reporting/table.py",
        "serving/model_training.py",
        "evaluation/diagnosis/interpretation.py",
        "evaluation/selection/nested.py",
        "evaluation/summary.py",
        "_version.py",
    ],
)
def test_modules_without_influence_on_records_leave_it(copy, name):
    before = fingerprint(copy)
    with (copy / name).open("a") as file:
        file.write("\n# another comment\n")
    assert fingerprint(copy) == before


def test_files_that_are_left_out_exist():
    for name in code_fingerprint.WITHOUT_INFLUENCE:
        assert (PACKAGE / name).exists(), name


def test_it_is_cheap():
    start = time.process_time()
    fingerprint(PACKAGE)
    assert time.process_time() - start < 0.25  # about 0.02 s on a quiet machine


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a module of one's own and return its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


def of_parameters(**parameters):
    step = {"from": "bci_dann.estimators", "name": "DANNClassifier", "parameters": parameters}
    return user_code_fingerprint(step)


def test_only_code_that_is_neither_ours_nor_installed_has_one(own):
    assert of_parameters(terms={"mcc": 1.0}) is None
    assert of_parameters(terms={"sklearn.svm:SVC": 1.0}) is None
    assert of_parameters(terms={"no_such_module_7:Term": 1.0}) is None
    assert user_code_fingerprint({"from": own("own_kind_a", "x"), "parameters": {}}) is not None


@pytest.mark.parametrize(
    "nest",
    [
        lambda path: path,
        lambda path: {path: 0.5},
        lambda path: {"name": path, "weight": 0.5},
        lambda path: [path, "mcc"],
        lambda path: {"mine": {"name": path, "weight": 0.5, "schedule": None}},
        lambda path: [["rts_im", 1.0], [{"name": "DANNClassifier", "terms": {path: 1}}, 0.25]],
    ],
)
def test_classes_are_found_however_deep_they_are_named(own, nest):
    path = f"{own('own_nested', 'class Part: ...')}:Part"
    before = of_parameters(part=nest(path))
    assert before is not None
    assert of_parameters(part=nest(path)) == before
    own("own_nested", "class Part: changed = True")
    assert of_parameters(part=nest(path)) != before


def test_text_that_only_looks_like_a_path_is_no_class(own):
    own("own_text", "")
    assert of_parameters(note="see own_text:Part for more") is None
    assert of_parameters(note="own_text") is None


def test_the_class_is_not_imported(own):
    name = own("own_locked", "raise RuntimeError('imported')")
    assert user_code_fingerprint({"from": name, "name": "A", "parameters": {}}) is not None


def test_a_file_that_is_edited_after_its_import_is_refused_until_it_is_loaded_again(own):
    name = own("own_edited", "class Part: ...")
    step = {"from": "bci_dann.estimators", "parameters": {"part": f"{name}:Part"}}
    check_code_is_current(step)  # it is not imported yet
    own(name, "class Part: first = True")
    importlib.import_module(name)
    check_code_is_current(step)
    own(name, "class Part: second_time = True")
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"own_edited\.py has changed since this process"):
            check_code_is_current(step)
    importlib.reload(sys.modules[name])
    check_code_is_current(step)


def test_a_pipeline_is_not_built_from_earlier_code(own):
    text = "from bci_dann import ShallowClassifier\n\nclass Mine(ShallowClassifier): ..."
    step = {"name": "Mine", "from": own("own_method", text), "parameters": {}}
    assert build(PipelineSpec("mine", (step,))).classifier == "lda"
    own("own_method", f"{text}\n    later = True")
    with pytest.raises(ConfigError, match="has changed since"):
        build(PipelineSpec("mine", (step,)))
