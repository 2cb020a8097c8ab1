"""The API reference: every public name is on a page, documented in full, and exists."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import bci_dann

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "_ext"
sys.path.insert(0, str(EXTENSIONS))
import api_reference  # noqa: E402
import public_objects  # noqa: E402
from api_reference import pages  # noqa: E402
from api_rooms import ROOMS  # noqa: E402
from public_objects import find_target, is_documented, load, targets  # noqa: E402

# Not checked by numpydoc, at run time, for a public name:
# GL02: the closing quotes of a one-line docstring stand on that line
# ES01: not every function needs a second paragraph
# RT02: several values of one type may share a line
# PR01, PR02, PR03: dataclasses and presets say where their parameters are documented
NOT_CHECKED = {"GL02", "ES01", "RT02", "PR01", "PR02", "PR03"}
# The built-in weightings differ in their formula and paper; their base class shows the use.
BRIEF = "bci_dann.reweighting.builtin_weightings."
# Written by `bci_dann.cli` and `bci_dann.reporting` themselves.
WITHOUT_EXAMPLE = ("bci_dann.reporting.",)


def packages() -> list[str]:
    """All packages of bci_dann that have public names."""
    found = pkgutil.walk_packages(bci_dann.__path__, "bci_dann.")
    names = ["bci_dann", *(module.name for module in found if module.ispkg)]
    listed = [name for name in names if getattr(importlib.import_module(name), "__all__", [])]
    return [name for name in listed if name != "bci_dann.cli"]  # its reference is `--help`


def names_on(text: str) -> set[str]:
    """Return the full names that a page lists: in tables, as data, and by links."""
    module, in_table, names = "", False, set()
    for line in text.splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split(":: ")[1]
        elif line.startswith(".. autosummary::"):
            in_table = True
        elif line and not line.startswith(" "):
            in_table = False
        elif in_table and re.fullmatch(r"   \w+", line):
            names.add(f"{module}.{line.strip()}")
    names.update(re.findall(r"^\.\. py:data:: (\S+)", text, re.MULTILINE))
    return names | set(re.findall(r":py:obj:`~([\w.]+)`", text))


def described() -> list[str]:
    return sorted({name for name in targets().values() if is_documented(load(name))})


ON_PAGES = {room.module: names_on(pages()[room.page]) for room in ROOMS}


@pytest.mark.parametrize("package", packages())
def test_every_public_name_is_on_the_page_of_its_package(package):
    public = importlib.import_module(package)
    missing = {
        name
        for name in public.__all__
        if targets().get(f"{package}.{name}", f"{package}.{name}") not in ON_PAGES[package]
    }
    assert missing == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.module)
def test_no_page_lists_a_name_that_does_not_exist(room):
    unknown = [name for name in ON_PAGES[room.module] if not public_objects.exists(name)]
    assert unknown == []


def test_an_unknown_name_would_be_noticed():
    page = ".. currentmodule:: bci_dann\n\n.. autosummary::\n   :nosignatures:\n\n   NoSuchName\n"
    assert names_on(page) == {"bci_dann.NoSuchName"}
    assert not public_objects.exists("bci_dann.NoSuchName")


def test_the_index_links_to_every_page():
    linked = set(re.findall(r":doc:`[^<`]+ <(\w+(?:\.\w+)*)>`", pages()["index"]))
    assert linked == set(pages()) - {"index"}


def test_every_term_weighting_and_schedule_has_a_page():
    from bci_dann.components import KINDS

    parts = [path for kind in KINDS.values() for path in kind.built_in.values()]
    assert [path for path in parts if find_target(path.replace(":", ".")) is None] == []


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("bci_dann.estimators.DANNClassifier", "bci_dann.DANNClassifier"),
        ("bci_dann.estimators.dann.DANNClassifier", "bci_dann.DANNClassifier"),
        ("TangentViews", "bci_dann.features.TangentViews"),
        ("bci_dann.DANNClassifier.save", "bci_dann.TransferClassifier.save"),
        ("bci_dann.DANNClassifier.plan", "bci_dann.NetworkClassifier.plan"),
        ("bci_dann.DANNClassifier.get_params", None),
        ("NoSuchName", None),
    ],
)
def test_a_name_leads_to_the_place_where_it_is_described(reference, target):
    assert find_target(reference) == target


def test_methods_of_scikit_learn_are_not_repeated():
    members = public_objects.own_members(bci_dann.TransferClassifier)
    assert {"fit", "adapt", "partial_adapt", "save", "predict_proba"} <= set(members)
    assert not {"get_params", "set_params", "set_fit_request"} & set(members)
    assert list(public_objects.own_members(bci_dann.DANNClassifier)) == []


@pytest.mark.parametrize("name", described())
def test_a_public_name_is_documented_in_full(name):
    from numpydoc.validate import validate

    allowed = set(NOT_CHECKED)
    if name.startswith(BRIEF):
        allowed |= {"SA01", "EX01"}
    if name.startswith(WITHOUT_EXAMPLE):
        allowed |= {"SA01", "EX01"}
    found = {code: text for code, text in validate(name)["errors"] if code not in allowed}
    assert found == {}


@pytest.mark.parametrize("name", described())
def test_every_paper_in_the_references_is_cited(name):
    text = inspect.getdoc(load(name)) or ""
    listed = set(re.findall(r"^\.\. \[(\d+)\]", text, re.MULTILINE))
    assert listed == set(re.findall(r"\[(\d+)\]_", text))


CONSTANTS = [
    f"{listing.module}.{name}"
    for listing in public_objects.listings().values()
    for name in listing.constants
    if not name.startswith("__")
]


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_has_a_comment_that_its_page_shows(name):
    module, _, short = name.rpartition(".")
    assert len(api_reference.constant_comment(module, short)) > 20


def undefined_names(code: str) -> set[str]:
    """Return the names that a piece of code uses and does not define."""
    nodes = list(ast.walk(ast.parse(code)))
    defined = set(dir(builtins))
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.alias):
            defined.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    used = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return used - defined


@pytest.mark.parametrize("name", described())
def test_an_example_imports_what_it_uses(name):
    """`tests/test_package.py` executes examples, but with the names of their module at hand."""
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(load(name)) or "")
    assert undefined_names("".join(example.source for example in examples)) == set()


@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("66(8). doi:10.1109/TBME.2018.2889705.", "https://doi.org/10.1109/TBME.2018.2889705"),
        ("J. doi:10.1016/S0378-3758(00)00115-4.", "https://doi.org/10.1016/S0378-3758(00)00115-4"),
        ("ICML. arXiv:2002.08546.", "https://arxiv.org/abs/2002.08546"),
        ("no number", None),
    ],
)
def test_numbers_of_papers_become_links(line, target):
    assert re.findall(r"<(.*)>", api_reference.with_links(line)) == ([target] if target else [])
