"""Reports of results: tables in the terminal, figures, and HTML pages.

Public names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.reporting.diagnosis_report import write_diagnosis
    from bci_dann.reporting.next_steps import after_quickstart, after_run
    from bci_dann.reporting.subject_figure import draw_subjects, write_subject_figure
    from bci_dann.reporting.table import closing_tables

_MODULES = {
    "after_quickstart": "next_steps",
    "after_run": "next_steps",
    "closing_tables": "table",
    "draw_subjects": "subject_figure",
    "write_diagnosis": "diagnosis_report",
    "write_subject_figure": "subject_figure",
}

__all__ = [
    "after_quickstart",
    "after_run",
    "closing_tables",
    "draw_subjects",
    "write_diagnosis",
    "write_subject_figure",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
