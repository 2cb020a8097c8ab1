"""The resolver of open parts: names, paths, mappings, instances, and their descriptions."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import types

import numpy as np
import pytest

from bci_dann.alignment import Alignment, EuclideanAlignment
from bci_dann.components import (
    KINDS,
    built_in_names,
    class_path,
    describe,
    import_class,
    resolve,
    split_spec,
)
from bci_dann.exceptions import ConfigError
from bci_dann.objectives import Term
from bci_dann.objectives.class_confusion import ClassConfusion

KIND_NAMES = ("alignment", "backbone", "term", "schedule", "weighting")


class Plain(Alignment):
    def __init__(self, gain=1.0, *, offset=0.0):
        self.gain, self.offset = gain, offset

    def __repr__(self):  # for the names of tests: the default holds an address in memory
        return f"Plain({self.gain})"

    def fit(self, X, domains=None):
        return self

    def extend(self, X, domains=None):
        return self

    def transform(self, X, domains=None):
        return self.gain * X + self.offset

    def to_arrays(self):
        return {}

    def from_arrays(self, domains, arrays):
        return self


class Outer:
    class Inner(Plain):
        pass


class Careful(Plain):
    """Refuses a parameter in words of its own."""

    def __init__(self, gain=1.0):
        if gain < 0:
            raise ConfigError("gain must not be negative.")
        if gain > 9:
            raise ValueError("gain is beyond 9")
        super().__init__(gain)


def ones(X_source, X_target, scale=1.0):
    return scale * np.ones(len(X_source))


def any_keyword(X_source, X_target, **more):
    return np.ones(len(X_source)), more


def of_this_file(part):
    return f"{__name__}:{part.__name__}"


# --- built-in parts -------------------------------------------------------------------------------


def test_there_are_five_kinds():
    assert tuple(KINDS) == KIND_NAMES


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KIND_NAMES if kind != "backbone" for name in built_in_names(kind)],
)
def test_every_built_in_part_is_of_its_kind(kind, name):
    part = resolve(kind, name)
    base = {"alignment": Alignment, "term": Term}.get(kind)
    assert isinstance(part, base) if base else callable(part)
    assert type(resolve(kind, {"name": name})) is type(part)
    assert resolve(kind, name) is not part or inspect.isfunction(part)


def test_backbones_are_those_of_braindecode_and_own_ones():
    names = built_in_names("backbone")
    assert names[:2] == ["MLP", "SPDNet"]
    assert {"EEGNet", "ShallowFBCSPNet", "Deep4Net"} < set(names)
    assert resolve("backbone", "MLP")(n_chans=5, n_times=1, sfreq=None).n_features == 32


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_no_part_is_no_part(kind):
    assert resolve(kind, None) is None


@pytest.mark.parametrize("call", [built_in_names, lambda kind: resolve(kind, "x")])
def test_a_kind_that_does_not_exist(call):
    with pytest.raises(ConfigError, match=r"kind of a component must be one of .* mean 'term'"):
        call("terms")


def test_names_are_listed_without_importing_the_parts():
    """Wrong names are refused before torch is loaded, which takes seconds."""
    code = (
        "import sys\n"
        "from bci_dann.components import KINDS, built_in_names\n"
        "names = [built_in_names(kind) for kind in KINDS if kind != 'backbone']\n"
        "print('torch' in sys.modules, sum(map(len, names)))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "24"]


# --- parts of one's own ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "gain", "offset"),
    [
        (of_this_file(Plain), 1.0, 0.0),
        ({"name": of_this_file(Plain)}, 1.0, 0.0),
        ({"name": of_this_file(Plain), "gain": 2.0, "offset": 1.0}, 2.0, 1.0),
        (Plain, 1.0, 0.0),
        (Plain(3.0), 3.0, 0.0),
        (types.MappingProxyType({"name": of_this_file(Plain), "gain": 2.0}), 2.0, 0.0),
    ],
    ids=str,
)
def test_a_class_by_its_path_with_parameters_or_as_an_instance(spec, gain, offset):
    part = resolve("alignment", spec)
    assert isinstance(part, Plain)
    assert (part.gain, part.offset) == (gain, offset)


def test_an_instance_is_copied_deeply():
    given = EuclideanAlignment().fit(np.random.default_rng(0).normal(size=(30, 2, 50)))
    part = resolve("alignment", given)
    assert part is not given
    assert part.references_ is not given.references_
    term = ClassConfusion(temperature=3.0)
    assert resolve("term", term).temperature == 3.0
    assert resolve("term", term) is not term


def test_a_function_is_the_part_itself_and_its_parameters_are_bound():
    assert resolve("weighting", of_this_file(ones)) is ones
    X = np.zeros((3, 2))
    np.testing.assert_array_equal(resolve("weighting", ones)(X, X), 1)
    bound = resolve("weighting", {"name": of_this_file(ones), "scale": 2.0})
    np.testing.assert_array_equal(bound(X, X), 2)
    _, more = resolve("weighting", {"name": of_this_file(any_keyword), "depth": 3})(X, X)
    assert more == {"depth": 3}


def test_a_parameter_that_a_function_does_not_have():
    with pytest.raises(ConfigError, match=r"each parameter of the weighting .* mean 'scale'"):
        resolve("weighting", {"name": of_this_file(ones), "scal": 2.0})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "euclidian",
            "there is no alignment 'euclidian'. Did you mean 'euclidean'? Expected one of "
            "euclidean, riemannian, covariance; the path of a class of your own, 'module:Class'",
        ),
        ("", "there is no alignment ''."),
        ("module:", "there is no alignment 'module:'."),
        (":Class", "there is no alignment ':Class'."),
        ("a module:Class", "there is no alignment 'a module:Class'."),
        ("module.Class", "there is no alignment 'module.Class'."),
        (f"{__name__}:Outer.Inner", "there is no alignment"),  # a path names one class of a module
        (
            "no_such_module:Class",
            "alignment: 'no_such_module:Class' cannot be imported: No module "
            "named 'no_such_module'. The folder of no_such_module.py must be on"
            " Python's path: install it, or set PYTHONPATH.",
        ),
        (f"{__name__}:Plane", f"alignment: {__name__} has no 'Plane'. Did you mean 'Plain'?"),
        (of_this_file(ones), "must be a subclass of bci_dann.alignment.Alignment"),
        (of_this_file(Outer), "must be a subclass of bci_dann.alignment.Alignment"),
        (
            "bci_dann.alignment:Alignment",
            "does not implement extend, fit, from_arrays, to_arrays, transform.",
        ),
        ({"name": of_this_file(Plain), "gian": 1}, "cannot be built with {'gian': 1}: "),
        ({"name": of_this_file(Careful), "gain": -1}, "gain must not be negative."),
        (
            {"name": of_this_file(Careful), "gain": 10},
            "cannot be built with {'gain': 10}: gain is beyond 9.",
        ),
        ({}, "alignment: a mapping needs the key 'name', as in {name: ..., parameter: value}"),
        ({"name": 3}, "alignment: a mapping needs the key 'name'"),
        ({"name": Plain}, "alignment: a mapping needs the key 'name'"),
        (3, "alignment: 'int' must be a subclass of bci_dann.alignment.Alignment"),
        ([Plain()], "alignment: 'list' must be a subclass of bci_dann.alignment.Alignment"),
        (ClassConfusion(), "alignment: 'ClassConfusion' must be a subclass of"),
    ],
    ids=str,
)
def test_what_is_no_alignment(spec, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        resolve("alignment", spec)


def test_a_module_that_cannot_be_imported_says_what_it_lacks(tmp_path, monkeypatch):
    (tmp_path / "needs_more.py").write_text("import a_library_that_is_missing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="No module named 'a_library_that_is_missing'") as caught:
        resolve("term", "needs_more:Mine")
    assert isinstance(caught.value.__cause__, ImportError)


def test_an_error_in_the_users_file_is_shown_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "is_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError):
        resolve("term", "is_broken:Mine")


@pytest.mark.parametrize("kind", ["schedule", "weighting"])
@pytest.mark.parametrize("spec", [3, "sys:path", {"name": "sys:maxsize"}, []])
def test_callables_must_be_callable(kind, spec):
    with pytest.raises(ConfigError, match=f"{kind}: .* must be called with"):
        resolve(kind, spec)


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("mcc", ("mcc", {})),
        ({"name": "mcc"}, ("mcc", {})),
        ({"temperature": 2.0, "name": "mcc"}, ("mcc", {"temperature": 2.0})),
        ({"name": "m:C", 1: 2}, ("m:C", {"1": 2})),  # keys of YAML may be numbers
    ],
)
def test_name_and_parameters(spec, expected):
    assert split_spec("term", spec) == expected


@pytest.mark.parametrize("spec", [None, 3, ["mcc"], ClassConfusion()])
def test_what_is_no_text(spec):
    with pytest.raises(ConfigError, match="term: expected one of domain_adversary, cdan"):
        split_spec("term", spec)


def test_a_class_and_its_path():
    assert class_path(Plain) == of_this_file(Plain)
    assert import_class("alignment", class_path(Plain)) is Plain
    assert import_class("anything", "math:pi") == np.pi


# --- descriptions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("alignment", None),
        ("alignment", "euclidean"),
        ("alignment", {"name": "m:C", "gain": 1.0}),
        ("term", 0.5),
        ("term", np.float32(0.5)),
    ],
)
def test_text_and_numbers_stay(kind, spec):
    assert describe(kind, spec) is spec


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (Plain, of_this_file(Plain)),
        (Plain(2.0), {"name": of_this_file(Plain), "gain": 2.0, "offset": 0.0}),
        (
            EuclideanAlignment(robust=True),
            {"name": "bci_dann.alignment.euclidean:EuclideanAlignment", "robust": True},
        ),
    ],
)
def test_objects_are_described_by_what_builds_them(spec, expected):
    assert describe("alignment", spec) == expected
    again = resolve("alignment", describe("alignment", spec))
    wanted = resolve("alignment", spec)
    assert type(again) is type(wanted)
    assert vars(again) == vars(wanted)


class Open(Plain):
    """Takes keywords of any name, and keeps them."""

    def __init__(self, gain=1.0, **options):
        super().__init__(gain)
        self.options = options


class Careless(Plain):
    """Takes keywords of any name, and keeps none."""

    def __init__(self, gain=1.0, **options):
        super().__init__(gain, offset=options.get("shift", 0.0))


def test_keywords_of_any_name_are_described_too():
    part = Open(2.0, window=3, name_of_band="mu")
    described = describe("alignment", part)
    expected = {"name": of_this_file(Open), "gain": 2.0, "window": 3, "name_of_band": "mu"}
    assert described == expected
    assert vars(resolve("alignment", described)) == vars(part)


def test_a_description_holds_what_an_instance_has_now():
    part = Plain()
    part.gain = 5.0
    assert describe("alignment", part)["gain"] == 5.0


def test_a_backbone_is_described_without_what_follows_from_the_trials():
    from torch import nn

    class Body(nn.Module):
        def __init__(self, n_chans, n_times, sfreq, depth=2):
            super().__init__()
            self.n_chans, self.n_times, self.sfreq, self.depth = n_chans, n_times, sfreq, depth

    class Narrow(nn.Module):
        def __init__(self, n_chans, **kwargs):
            super().__init__()

    class Wide(nn.Module):
        def __init__(self, **kwargs):
            super().__init__()
            self.kwargs = kwargs

    for kind in (Body, Narrow, Wide):
        kind.__qualname__ = kind.__name__
    sizes = {"n_chans": 4, "n_times": 128, "sfreq": None}
    for kind, given in ((Body, {"depth": 2}), (Narrow, {}), (Wide, {"depth": 2})):
        described = describe("backbone", kind(**sizes, **given))
        assert described == {"name": f"{__name__}:{kind.__name__}", **given}


class Forgetful(Plain):
    def __init__(self, gain=1.0):
        super().__init__()
        del self.gain


def local():
    class Local(Plain):
        pass

    return Local


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Forgetful(), "an instance of .*:Forgetful cannot be saved, since it does not keep gain"),
        (Careless(shift=3.0), r"an instance of .*:Careless .* does not keep \*\*options\. Give"),
        (local(), ".*:local.<locals>.Local cannot be saved, .* keep a name that can be imported"),
        (local()(), "an instance of .*Local cannot be saved, .* keep a name that can be imported"),
        (Outer.Inner(), "an instance of .*:Outer.Inner cannot be saved, .* a name that can be"),
        (lambda X, Z: X, ".*:<lambda> cannot be saved, .* keep a name that can be imported"),
    ],
)
def test_what_no_file_can_name(spec, message):
    with pytest.raises(ConfigError, match=f"alignment: {message}"):
        describe("alignment", spec)


def test_classes_of_a_script_cannot_be_named():
    """Another process runs another script."""
    kind = type("Mine", (Plain,), {"__module__": "__main__"})
    for spec in (kind, kind()):
        with pytest.raises(ConfigError, match=r"__main__:Mine cannot be saved"):
            describe("alignment", spec)
