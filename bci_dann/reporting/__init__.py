"""Results for people: tables in the terminal.

Public names load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bci_dann.reporting.table import closing_tables

_HOME = {"closing_tables": "table"}

__all__ = ["closing_tables"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bci_dann.reporting' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bci_dann.reporting.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
