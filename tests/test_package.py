"""Promises of the package as a whole: names, laziness, layers, documentation."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import bci_dann

PACKAGE = Path(bci_dann.__file__).parent

# A module may import from its own layer and from layers to its left.
LAYERS = [
    {"_version", "exceptions"},
    {
        "_arrays",
        "_lazy",
        "_validation",
        "_compat",
        "_random",
        "_config",
        "_threads",
        "_files",
        "_resources",
    },
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
    {"cli"},
    {"__main__", "examples"},
]


def layer_of(part: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if part in layer)


def package_imports(path: Path) -> set[str]:
    """Top-level parts of bci_dann that a module imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bci_dann."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.startswith("bci_dann.")]
            found.update(name.split(".")[1] for name in names)
    return found


def modules() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_module_imports_only_from_layers_above(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    too_low = {part for part in package_imports(path) if layer_of(part) > layer_of(own)}
    assert not too_low


@pytest.mark.parametrize("name", [n for n in bci_dann.__all__ if n != "__version__"])
def test_public_name_resolves_and_is_documented(name):
    assert len(inspect.getdoc(getattr(bci_dann, name)) or "") > 40


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = bci_dann.NoSuchThing


@pytest.mark.parametrize(
    "path",
    [p for p in modules() if p.name == "__init__.py"],
    ids=lambda p: str(p.parent.relative_to(PACKAGE)),
)
def test_everything_in_all_exists(path):
    module = importlib.import_module(
        ".".join(["bci_dann", *path.parent.relative_to(PACKAGE).parts])
    )
    assert all(hasattr(module, name) for name in getattr(module, "__all__", []))


def test_importing_the_package_loads_no_heavy_library():
    code = (
        "import sys, bci_dann; heavy = {'torch', 'moabb', 'braindecode', 'mne', 'sklearn'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
