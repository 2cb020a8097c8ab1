"""Public names of a package that are imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a package (PEP 562).

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    modules : mapping of str to str
        For each public name, the module that defines it, relative to the package.

    Returns
    -------
    getattr, dir : callable
        To be bound to the package's ``__getattr__`` and ``__dir__``.

    Examples
    --------
    >>> get, names = lazy_names("bci_dann", {"ConfigError": "exceptions"})
    >>> get("ConfigError").__name__
    'ConfigError'
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{modules[name]}"), name)

    def names() -> list[str]:
        return sorted(modules)

    return get, names
