"""Lazy public names of a package, imported when they are first used (PEP 562)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package with lazy names.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    modules : mapping of str to str
        For each public name, the module that defines it, relative to the package.

    Returns
    -------
    module_getattr : callable
        To be bound to the package's ``__getattr__``.
    module_dir : callable
        To be bound to its ``__dir__``.

    Examples
    --------
    >>> module_getattr, _ = lazy_names("bci_dann", {"ConfigError": "exceptions"})
    >>> module_getattr("ConfigError").__name__
    'ConfigError'
    """

    def module_getattr(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    def module_dir() -> list[str]:
        return sorted(modules)

    return module_getattr, module_dir
