"""Properties of the package as a whole: layers, sizes, names, documentation, lazy imports."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import bci_dann
from bci_dann._compat import braindecode_models

PACKAGE = Path(bci_dann.__file__).parent
MOST_MODULES = 15  # in a folder, without its __init__
MOST_LINES = 399  # of a module

# A module may import from its own layer and from layers to its left.
LAYERS = [
    {"_version", "exceptions"},
    {"_arrays", "_class_paths", "_compat", "_config", "_files", "_lazy", "_random"}
    | {"_resources", "_threads", "_validation"},
    {"components"},
    {"data"},
    {"alignment"},
    {"features"},
    {"reweighting"},
    {"models"},
    {"objectives"},
    {"training"},
    {"adaptation"},
    {"persistence"},
    {"estimators"},
    {"evaluation"},
    {"serving"},
    {"reporting"},
    {"installation"},
    {"examples"},
    {"cli"},
    {"__main__"},
]


def layer_of(part: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if part in layer)


def imported_parts(tree: ast.AST) -> set[str]:
    """Top-level parts of bci_dann that a module imports, wherever in the file."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "bci_dann":
            names.update(f"bci_dann.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    parts = {name.split(".")[1] for name in names if name.startswith("bci_dann.")}
    return parts - set(bci_dann.__all__)


def module_paths() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = (part.removesuffix(".py") for part in path.relative_to(PACKAGE).parts)
    return ".".join(["bci_dann", *(part for part in parts if part != "__init__")])


each_module = pytest.mark.parametrize("path", module_paths(), ids=module_name)


@each_module
def test_a_module_imports_only_from_layers_above(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert not {part for part in imported_parts(parsed(path)) if layer_of(part) > layer_of(own)}


def test_every_part_of_the_package_has_a_layer():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in module_paths()}
    assert parts <= set().union(*LAYERS)
    assert sum(map(len, LAYERS)) == len(set().union(*LAYERS))


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("from bci_dann.data import EEGTrials", {"data"}),
        ("import bci_dann.models.fast.body", {"models"}),
        ("def f():\n    from bci_dann import training", {"training"}),
        ("from bci_dann import DANNClassifier", set()),
        ("import numpy, bci_dann_else", set()),
    ],
)
def test_imports_are_recognised_in_every_form(source, parts):
    assert imported_parts(ast.parse(source)) == parts


@each_module
def test_imports_are_absolute(path):
    relative = [n for n in ast.walk(parsed(path)) if isinstance(n, ast.ImportFrom) and n.level]
    assert not relative


def test_no_folder_holds_too_many_modules():
    counts = Counter(path.parent for path in module_paths() if path.name != "__init__.py")
    assert {module_name(folder): n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_no_two_modules_have_the_same_name():
    places = defaultdict(list)
    for path in module_paths():
        if path.name != "__init__.py":
            places[path.stem].append(module_name(path))
    assert {stem: names for stem, names in places.items() if len(names) > 1} == {}


def test_no_module_is_too_long():
    lines = {module_name(p): len(p.read_text("utf-8").splitlines()) for p in module_paths()}
    assert {name: n for name, n in lines.items() if n > MOST_LINES} == {}


def is_public(node: ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether users see it; overloads are documented where the function is."""
    names = [d.id for d in node.decorator_list if isinstance(d, ast.Name)]
    return not node.name.startswith("_") and "overload" not in names


def public_definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Public classes and functions of a module, and public methods of its public classes."""
    for child in getattr(node, "body", []):
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and is_public(child):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child, f"{child.name}.")


@each_module
def test_everything_public_has_a_docstring(path):
    tree = parsed(path)
    nodes = [("module", tree), *public_definitions(tree)]
    assert [name for name, node in nodes if not ast.get_docstring(node)] == []


@each_module
def test_the_summary_of_a_module_is_one_sentence(path):
    summary = (ast.get_docstring(parsed(path)) or "").split("\n\n")[0]
    assert "\n" not in summary
    assert summary.endswith(".")


@pytest.mark.parametrize("name", [n for n in bci_dann.__all__ if n != "__version__"])
def test_a_public_name_resolves_and_is_documented(name):
    assert len(inspect.getdoc(getattr(bci_dann, name)) or "") > 40


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = bci_dann.NoSuchThing


@each_module
def test_everything_in_all_exists(path):
    module = importlib.import_module(module_name(path)) if path.stem != "__main__" else bci_dann
    assert [n for n in getattr(module, "__all__", []) if not hasattr(module, n)] == []


@each_module
def test_every_documented_parameter_exists(path):
    """`numpydoc lint` cannot see the fields of a dataclass, so that this check is made here."""
    from numpydoc.docscrape import NumpyDocString

    if path.stem == "__main__":
        return
    module = importlib.import_module(module_name(path))
    unknown = []
    for name, _ in public_definitions(parsed(path)):
        thing = module
        for part in name.split("."):
            thing = inspect.getattr_static(thing, part)
        thing = getattr(thing, "__func__", getattr(thing, "fget", thing))
        documented = NumpyDocString(inspect.cleandoc(thing.__doc__))["Parameters"]
        listed = [p.strip().lstrip("*") for entry in documented for p in entry.name.split(",")]
        unknown += [f"{name}: {p}" for p in listed if p not in inspect.signature(thing).parameters]
    assert unknown == []


def test_importing_the_package_loads_no_heavy_library_and_no_test():
    code = (
        "import sys, bci_dann; heavy = {'torch', 'moabb', 'braindecode', 'mne', 'sklearn', 'scipy',"
        "'pandas', 'numpy', 'tests', 'pytest'}; print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_type_checkers_find_the_annotations():
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize(
    "path", [p for p in module_paths() if ">>>" in p.read_text("utf-8")], ids=module_name
)
def test_examples_in_docstrings_give_what_they_say(path):
    braindecode_models()  # warns of other libraries when it is loaded first, in an example or here
    failed, attempted = doctest.testmod(importlib.import_module(module_name(path)))
    assert attempted > 0
    assert failed == 0
