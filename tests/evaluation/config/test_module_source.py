"""Sources are found and followed without importing the modules."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bci_dann.evaluation.config.module_source import (
    bound_names,
    definition_of,
    literal_of,
    module_file,
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Write a package whose modules raise when they are imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, **modules):
        folder = tmp_path / name
        folder.mkdir()
        modules = {"__init__": "", **modules}
        for module, text in modules.items():
            path = folder / f"{module}.py"
            path.write_text(f"raise RuntimeError('imported')\n{text}\n")
        return name

    return write


def test_a_module_is_found_below_packages_that_cannot_be_imported(package, tmp_path):
    name = package("locked_package", inner="class A: ...")
    assert module_file(f"{name}.inner") == tmp_path / name / "inner.py"
    assert module_file(name) == tmp_path / name / "__init__.py"
    assert name not in sys.modules


@pytest.mark.parametrize(
    "module", ["no_such_package", "sklearn.no_such_module", "sys", "json.decoder.deeper", "math"]
)
def test_what_is_no_python_file_has_no_source(module):
    assert module_file(module) is None
    assert definition_of(module, "A") is None


def test_installed_libraries_are_not_imported():
    code = (
        "import sys\n"
        "from bci_dann.evaluation.config.module_source import definition_of\n"
        "found = definition_of('sklearn.linear_model', 'LogisticRegression')\n"
        "assert found[0] == 'sklearn.linear_model._logistic', found\n"
        "module, node = definition_of('bci_dann.estimators', 'DANNClassifier')\n"
        "assert node.name == 'DANNClassifier'\n"
        "assert not {'sklearn', 'torch', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_imports_are_followed_to_the_definition(package):
    name = package(
        "chained_package",
        __init__="from .middle import Renamed",
        middle="from chained_package.end import Original as Renamed",
        end="class Original: ...",
    )
    module, node = definition_of(name, "Renamed")
    assert (module, node.name) == ("chained_package.end", "Original")


def test_relative_imports_start_from_the_module_or_its_package(package):
    name = package(
        "relative_package", __init__="from .a import A", a="from .b import A", b="class A: ..."
    )
    assert definition_of(name, "A")[0] == "relative_package.b"
    assert definition_of(f"{name}.a", "A")[0] == "relative_package.b"


def test_names_that_only_type_checkers_import_are_those_of_a_lazy_package(package):
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .parts import Part"
    name = package("lazy_package", __init__=text, parts="def Part(): ...")
    assert definition_of(name, "Part")[0] == "lazy_package.parts"


@pytest.mark.parametrize(
    "text",
    [
        "A = make()",
        "try:\n    from .fast import A\nexcept ImportError:\n    A = None",
        "class A: ...\nA = wrapped(A)",
        "from .fast import *",
        "import A",
        "class A(",
    ],
)
def test_a_name_that_the_source_does_not_tell_for_certain_is_left_to_python(package, text):
    name = package(f"uncertain_{abs(hash(text))}", __init__=text, fast="class A: ...")
    assert definition_of(name, "A") is None


def test_circular_imports_come_to_an_end(package):
    name = package("circular_package", a="from .b import A", b="from .a import A")
    assert definition_of(f"{name}.a", "A") is None


def test_a_changed_file_is_read_again(tmp_path, monkeypatch):
    import os

    monkeypatch.syspath_prepend(tmp_path)
    path = Path(tmp_path / "changing_module.py")
    path.write_text("class A: ...")
    assert isinstance(definition_of("changing_module", "A")[1], ast.ClassDef)
    path.write_text("def A(): ...")
    os.utime(path, ns=(1, 1))
    assert isinstance(definition_of("changing_module", "A")[1], ast.FunctionDef)


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("import a, b as c", {"a", "c"}),
        ("from a import b, c as d", {"b", "d"}),
        ("a = b = 1", {"a", "b"}),
        ("a: int = 1", {"a"}),
        ("class A: b = 1", {"A"}),
        ("async def f(): ...", {"f"}),
        ("a.b = 1", set()),
        ("print(a)", set()),
    ],
)
def test_bound_names(statement, names):
    (node,) = ast.parse(statement).body
    assert bound_names(node) == names


def test_a_constant_is_followed_to_the_module_that_gives_its_value(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "constants_here.py").write_text("NAMES = ('a', 'b')\nCOMPUTED = tuple('ab')\n")
    (tmp_path / "constants_there.py").write_text("from constants_here import NAMES, COMPUTED\n")
    assert literal_of("constants_there", "NAMES") == ("a", "b")
    assert literal_of("constants_there", "COMPUTED") is None
    assert literal_of("constants_there", "NOTHING") is None
