"""Third-party libraries: loaded in part, and where torchaudio is broken."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest
import torch

from bci_dann import _compat
from bci_dann._compat import without_compiler

BREAK = """
import importlib.abc, sys
class Breaks(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise OSError('libc10_cuda.so: cannot open shared object file')
sys.meta_path.insert(0, Breaks())
"""
BREAK_TORCHAUDIO = BREAK.format(name="torchaudio._extension")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def printed(code: str) -> str:
    done = run(code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_braindecode_loads_and_filters_where_torchaudio_cannot_load_its_library():
    code = (
        BREAK_TORCHAUDIO
        + "from bci_dann._compat import braindecode_models, import_torchaudio\n"
        + "assert import_torchaudio() is False\n"
        + "print(braindecode_models().EEGNet.__name__)\n"
        + "import torch, torchaudio\n"
        + "x = torch.ones(4)\n"
        + "y = torchaudio.functional.lfilter(x, torch.tensor([1., -.5]), torch.tensor([1., 0.]),"
        + " clamp=False)\n"
        + "print(y.tolist())"
    )
    assert printed(code).splitlines() == ["EEGNet", "[1.0, 1.5, 1.75, 1.875]"]


def test_missing_torchaudio_says_what_to_do():
    code = (
        BREAK.format(name="torchaudio") + "from bci_dann._compat import import_torchaudio\n"
        "from bci_dann.exceptions import InstallationError\n"
        "try:\n    import_torchaudio()\n"
        "except InstallationError as error:\n    print(error)"
    )
    assert "bci-dann doctor" in printed(code)


def test_braindecode_is_loaded_in_part_and_the_rest_when_it_is_asked_for():
    code = (
        "import pickle, sys, warnings\n"
        "from bci_dann._compat import *\n"
        "models = braindecode_models()\n"
        "braindecode_modules().MaxNormParametrize, braindecode_augmentation().FTSurrogate\n"
        "print({'moabb', 'skorch', 'braindecode.datasets'} & set(sys.modules))\n"
        "assert pickle.loads(pickle.dumps(models.EEGNet)) is models.EEGNet\n"
        "warnings.simplefilter('ignore')\n"
        "import braindecode.datautil\n"
        "from braindecode import EEGClassifier\n"
        "from braindecode.datasets import BaseConcatDataset\n"
        "assert braindecode.models is models and braindecode.__version__ > '1'\n"
        "print(EEGClassifier.__name__, callable(braindecode.datautil.infer_signal_properties))"
    )
    assert printed(code).splitlines() == ["set()", "EEGClassifier True"]


def test_pyriemann_loads_without_matplotlib_and_is_complete_afterwards():
    code = (
        "import sys\n"
        "from bci_dann._compat import pyriemann_module\n"
        "mean = pyriemann_module('geometry.mean')\n"
        "alone = 'matplotlib' in sys.modules\n"
        "import pyriemann\n"
        "from pyriemann.classification import MDM\n"
        "print(alone, pyriemann.stats.__name__, pyriemann.geometry.mean is mean, MDM.__name__)"
    )
    assert printed(code) == "False pyriemann.stats True MDM"


@pytest.mark.parametrize(
    "name", ["classification", "geometry.mean", "spatialfilters", "tangentspace", "transfer"]
)
def test_any_module_of_pyriemann_may_be_the_first_that_a_process_loads(name):
    code = f"from bci_dann._compat import pyriemann_module as load\nprint(load({name!r}).__name__)"
    assert printed(code) == f"pyriemann.{name}"


@pytest.mark.parametrize("call", ["pyriemann_module('nothing')", "braindecode_models()"])
def test_a_library_that_is_missing_is_named(call):
    library = call.partition("_")[0]
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from bci_dann._compat import *\n"
        "from bci_dann.exceptions import InstallationError\n"
        f"try:\n    {call}\n"
        "except InstallationError as error:\n    print(error)"
    )
    message = printed(code)
    assert message.startswith(f"{library} cannot be imported")
    assert "bci-dann doctor" in message


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package on the path whose ``__init__`` can be told to fail, deferred."""
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "__init__.py").write_text(
        "import os\n"
        "if os.environ.get('LATE_FAILS'): raise ImportError('no such library')\n"
        "ready = 1"
    )
    (tmp_path / "late" / "part.py").write_text("from late import ready\nvalue = ready + 1")
    (tmp_path / "late" / "leaf.py").write_text("value = 3")
    monkeypatch.syspath_prepend(tmp_path)
    _compat._defer("late")
    yield sys.modules["late"]
    for name in [name for name in sys.modules if name.split(".")[0] == "late"]:
        del sys.modules[name]


def test_a_deferred_package_runs_when_a_name_of_it_is_asked_for(package):
    import late.leaf

    assert late.leaf.value == 3
    assert "ready" not in vars(package)
    from late import part  # whose own import needs the package

    assert part.value == 2
    assert type(package) is types.ModuleType


def test_a_package_that_is_loaded_already_stays_as_it_is(package):
    assert package.ready == 1
    _compat._defer("late")
    assert sys.modules["late"] is package
    assert type(package) is types.ModuleType


def test_a_package_that_is_not_installed_is_left_to_the_import_that_follows():
    _compat._defer("no_such_library")
    _compat._defer("no_such_library.part")
    assert "no_such_library" not in sys.modules


def test_probes_of_a_deferred_package_do_not_run_it(package):
    assert not hasattr(package, "__wrapped__")
    assert "ready" not in vars(package)
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


def test_a_deferred_package_that_fails_can_be_tried_again(package, monkeypatch):
    monkeypatch.setenv("LATE_FAILS", "1")
    with pytest.raises(ImportError, match="no such library"):
        _ = package.ready
    monkeypatch.delenv("LATE_FAILS")
    assert package.ready == 1


def minimum(optimiser):
    x = torch.tensor([3.0, -2.0], dtype=torch.float64, requires_grad=True)
    steps = optimiser([x], max_iter=30, line_search_fn="strong_wolfe")

    def loss():
        steps.zero_grad()
        value = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2  # Rosenbrock's function
        value.backward()
        return value

    steps.step(loss)
    return x.detach()


def test_an_optimiser_without_the_compiler_computes_the_same_bits():
    plain, without = minimum(torch.optim.LBFGS), minimum(without_compiler(torch.optim.LBFGS))
    assert torch.equal(plain, without)
    assert issubclass(without_compiler(torch.optim.LBFGS), torch.optim.LBFGS)


def test_an_optimiser_without_the_compiler_does_not_import_it():
    code = (
        "import sys, torch\n"
        "from bci_dann._compat import without_compiler\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "steps = without_compiler(torch.optim.LBFGS)([x])\n"
        "def loss():\n"
        "    steps.zero_grad(); value = (x ** 2).sum(); value.backward(); return value\n"
        "steps.step(loss)\n"
        "print('torch._dynamo' in sys.modules, float(x.abs().max()) < 1e-3)"
    )
    assert printed(code) == "False True"
