"""Constructors read from the source are those that Python would show."""

from __future__ import annotations

import sys

import pytest
import yaml

from bci_dann.evaluation.config import constructor
from bci_dann.evaluation.config.constructor import constructor_of, defaults_of, imported_class
from bci_dann.evaluation.config.pipeline_file import load_pipeline
from bci_dann.exceptions import ConfigError

OTHERS = [
    ("sklearn.linear_model", "LogisticRegression"),
    ("sklearn.ensemble", "RandomForestClassifier"),
    ("sklearn.svm", "SVC"),
    ("sklearn.discriminant_analysis", "LinearDiscriminantAnalysis"),
    ("sklearn.pipeline", "make_pipeline"),
    ("sklearn.feature_selection", "SelectKBest"),
    ("pyriemann.classification", "MDM"),
    ("pyriemann.estimation", "Covariances"),
    ("mne.decoding", "CSP"),
    ("bci_dann.data", "SimulatedMI"),
]


def step(module, name):
    return {"from": module, "name": name, "parameters": {}}


def shipped_classes(project):
    specs = [load_pipeline(path) for path in sorted((project / "pipelines").glob("*.yml"))]
    return {(s["from"], s["name"]) for spec in specs for s in spec.definition}


def test_source_and_class_agree_for_all_shipped_pipelines_and_many_libraries(project):
    for module, name in [*shipped_classes(project), *OTHERS]:
        from_class = constructor._constructor_of_class(imported_class(step(module, name), "p"))
        found = constructor_of(step(module, name), "p")
        assert (found.names, found.takes_any) == (from_class.names, from_class.takes_any), name
        assert dict(defaults_of(step(module, name), "p")) == dict(from_class.defaults), name


def test_shipped_classes_are_read_from_their_source(project):
    for module, name in shipped_classes(project):
        assert constructor._constructor_from_source(module, name) is not None, name


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of one's own and return a step of its class ``A``."""
    monkeypatch.syspath_prepend(tmp_path)

    def to(text, name="A"):
        module = f"own_module_{len(list(tmp_path.glob('own_module_*.py')))}_{tmp_path.name[-6:]}"
        (tmp_path / f"{module}.py").write_text(text)
        return step(module.replace("-", "_"), name)

    return to


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    def __init__(self, a, b=1, *, c='x', d=None, e=(1, 2), f=[]): ...",
        "class A:\n    def __init__(self, a, /, b=2.5): ...",
        "class A:\n    def __init__(self, *args, b=-1, **kwargs): ...",
        "class B:\n    def __init__(self, a=1): ...\nclass A(B):\n    c = 1",
        "from abc import ABC\nclass A(ABC):\n    def __init__(self, a=True): ...",
        "from abc import ABCMeta\nclass A(metaclass=ABCMeta):\n    def __init__(self, a=1): ...",
        "def A(a, b=1, *, c=None): ...",
    ],
)
def test_what_the_source_tells_is_what_python_shows(write, text):
    given = write(text)
    from_source = constructor._constructor_from_source(given["from"], "A")
    assert given["from"] not in sys.modules
    assert from_source == constructor._constructor_of_class(imported_class(given, "p"))


@pytest.mark.parametrize(
    "text",
    [
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 1",
        "class M(type):\n    def __call__(cls, b=1): ...\nclass A(metaclass=M): ...",
        "class A:\n    def __new__(cls, a=1):\n        return super().__new__(cls)",
        "class B:\n    def __init__(self, a=1): ...\nclass C: ...\nclass A(B, C): ...",
        "def make():\n    class B:\n        def __init__(self, a=1): ...\n    return B\nA = make()",
        "import functools\n@functools.lru_cache\ndef A(a=1): ...",
        "class A:\n    ...",
    ],
)
def test_what_the_source_does_not_tell_is_asked_of_the_class(write, text):
    given = write(text)
    assert constructor._constructor_from_source(given["from"], "A") is None
    found = constructor_of(given, "p")
    assert found == constructor._constructor_of_class(imported_class(given, "p"))


def test_computed_defaults_leave_the_names_to_the_source_and_the_values_to_the_class(write):
    given = write("LIMIT = 2 + 3\nclass A:\n    def __init__(self, a=LIMIT, b='x'): ...")
    found = constructor_of(given, "p")
    assert (found.names, found.defaults) == (("a", "b"), None)
    assert given["from"] not in sys.modules
    assert defaults_of(given, "p") == {"a": 5, "b": "x"}


def test_defaults_are_those_that_yaml_can_hold(write):
    given = write("class A:\n    def __init__(self, a, b=1, c=(1,), d=None, e='x', f=True): ...")
    defaults = defaults_of(given, "p")
    assert defaults == {"b": 1, "d": None, "e": "x", "f": True}
    assert yaml.safe_load(yaml.safe_dump(defaults)) == defaults


def test_any_keyword_is_accepted_where_the_class_takes_any(write):
    open_class = constructor_of(write("class A:\n    def __init__(self, a, **more): ..."), "p")
    assert open_class.accepts("a")
    assert open_class.accepts("anything")
    closed = constructor_of(write("class A:\n    def __init__(self, a): ..."), "p")
    assert closed.accepts("a")
    assert not closed.accepts("self")
    assert not closed.accepts("anything")


DEPRECATED = """
class Base:
    pass

class A(Base):
    deprecated_parameters = ("old", "older")
    def __init__(self, a=1, **deprecated): ...
"""
INHERITED = (
    DEPRECATED
    + """
class B(A): ...

class C(A):
    def __init__(self, c=1, **deprecated): ...

class D(A):
    def __init__(self, d=1): ...
"""
)


def test_keywords_of_the_version_before_are_accepted_and_no_others(write):
    found = constructor_of(write(DEPRECATED), "p")
    assert (found.names, found.deprecated) == (("a",), ("old", "older"))
    assert found.accepts("old")
    assert not found.accepts("odl")
    assert found.defaults == {"a": 1}


@pytest.mark.parametrize("name", ["A", "B", "C", "D"])
def test_a_list_of_former_keywords_is_inherited_as_python_does(write, name):
    given = write(INHERITED, name)
    from_class = constructor._constructor_of_class(imported_class(given, "p"))
    assert constructor_of(given, "p") == from_class
    assert from_class.deprecated == (("old", "older") if name != "D" else ())


@pytest.mark.parametrize(
    ("module", "name", "message"),
    [
        ("sklearn.linear_model", "LogisticRegresion", "Did you mean 'LogisticRegression'"),
        ("sklearn.linear_modle", "A", "'sklearn.linear_modle' cannot be imported.*Correct `from`"),
        ("no_such_package_7", "A", "pipeline mine: the module 'no_such_package_7' cannot be"),
    ],
)
def test_what_does_not_exist_is_named(module, name, message):
    with pytest.raises(ConfigError, match=message):
        constructor_of(step(module, name), "mine")
