"""Cross-subject motor-imagery BCI for a person who has never been recorded before.

Public names load on first use, so that ``import bci_dann`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bci_dann._version import __version__

if TYPE_CHECKING:
    from bci_dann.alignment import EuclideanAlignment
    from bci_dann.data import EEGTrials, load_dataset
    from bci_dann.estimators import (
        DANNClassifier,
        EnsembleClassifier,
        ReweightedClassifier,
        RiemannianClassifier,
        ShallowClassifier,
        SourceOnlyClassifier,
        load_model,
    )
    from bci_dann.evaluation import run_benchmark

_HOME = {
    "DANNClassifier": "bci_dann.estimators",
    "EEGTrials": "bci_dann.data",
    "EnsembleClassifier": "bci_dann.estimators",
    "EuclideanAlignment": "bci_dann.alignment",
    "ReweightedClassifier": "bci_dann.estimators",
    "RiemannianClassifier": "bci_dann.estimators",
    "ShallowClassifier": "bci_dann.estimators",
    "SourceOnlyClassifier": "bci_dann.estimators",
    "load_dataset": "bci_dann.data",
    "load_model": "bci_dann.estimators",
    "run_benchmark": "bci_dann.evaluation",
}

__all__ = [
    "DANNClassifier",
    "EEGTrials",
    "EnsembleClassifier",
    "EuclideanAlignment",
    "ReweightedClassifier",
    "RiemannianClassifier",
    "ShallowClassifier",
    "SourceOnlyClassifier",
    "__version__",
    "load_dataset",
    "load_model",
    "run_benchmark",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bci_dann' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
