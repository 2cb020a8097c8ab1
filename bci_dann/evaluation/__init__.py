"""Honest leave-one-subject-out comparison: protocols, records, metrics and the runner.

Public names load on first use; importing this package loads neither torch nor MOABB.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bci_dann.evaluation.building import build
    from bci_dann.evaluation.config import RunConfig, load_config
    from bci_dann.evaluation.diagnosis import Diagnosis, diagnose
    from bci_dann.evaluation.nested import nested_choice, nested_summary
    from bci_dann.evaluation.pipelines import PipelineSpec, load_pipeline
    from bci_dann.evaluation.protocols import PROTOCOLS, Fold, split
    from bci_dann.evaluation.runner import run_benchmark
    from bci_dann.evaluation.selection import selection_table
    from bci_dann.evaluation.summary import summarise, to_moabb

_HOME = {
    "PROTOCOLS": "protocols",
    "Diagnosis": "diagnosis",
    "Fold": "protocols",
    "PipelineSpec": "pipelines",
    "RunConfig": "config",
    "build": "building",
    "diagnose": "diagnosis",
    "load_config": "config",
    "load_pipeline": "pipelines",
    "nested_choice": "nested",
    "nested_summary": "nested",
    "run_benchmark": "runner",
    "selection_table": "selection",
    "split": "protocols",
    "summarise": "summary",
    "to_moabb": "summary",
}

__all__ = [
    "PROTOCOLS",
    "Diagnosis",
    "Fold",
    "PipelineSpec",
    "RunConfig",
    "build",
    "diagnose",
    "load_config",
    "load_pipeline",
    "nested_choice",
    "nested_summary",
    "run_benchmark",
    "selection_table",
    "split",
    "summarise",
    "to_moabb",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bci_dann.evaluation' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bci_dann.evaluation.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
