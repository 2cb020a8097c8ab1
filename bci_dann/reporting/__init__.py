"""Reports of results: tables in the terminal, figures, and HTML pages.

Public names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.reporting.diagnosis_report import write_diagnosis
    from bci_dann.reporting.published_table import (
        PublishedTable,
        publish,
        publish_own,
        read_published,
    )
    from bci_dann.reporting.table import closing_tables

_MODULES = {
    "PublishedTable": "published_table",
    "closing_tables": "table",
    "publish": "published_table",
    "publish_own": "published_table",
    "read_published": "published_table",
    "write_diagnosis": "diagnosis_report",
}

__all__ = [
    "PublishedTable",
    "closing_tables",
    "publish",
    "publish_own",
    "read_published",
    "write_diagnosis",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
