from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

MODULES = ("feature_norm", "log_euclidean", "log_power", "log_variance", "target_range")


@pytest.fixture(scope="session")
def module_names() -> tuple[str, ...]:
    """The files of one's own that stand beside the tests."""
    return MODULES


@pytest.fixture(scope="module")
def mine():
    """The classes and functions of the five files, imported as a user would."""
    sys.path.insert(0, str(Path(__file__).parent))
    content = {}
    for name in MODULES:
        module = importlib.import_module(name)
        content |= {k: v for k, v in vars(module).items() if getattr(v, "__module__", "") == name}
    yield SimpleNamespace(**content)
    sys.path.pop(0)
    for name in MODULES:
        del sys.modules[name]
