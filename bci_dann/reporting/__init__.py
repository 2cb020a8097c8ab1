"""Results for people: tables in the terminal, pictures, pages.

Public names load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bci_dann.reporting.diagnosis_report import write_diagnosis
    from bci_dann.reporting.table import closing_tables

_HOME = {"closing_tables": "table", "write_diagnosis": "diagnosis_report"}

__all__ = ["closing_tables", "write_diagnosis"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bci_dann.reporting' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bci_dann.reporting.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
