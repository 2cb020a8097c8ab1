"""Cross-subject motor-imagery BCI that works for a subject who was never recorded before.

Public names load on first use, so that ``import bci_dann`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names
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

_MODULES = {
    "DANNClassifier": "estimators",
    "EEGTrials": "data",
    "EnsembleClassifier": "estimators",
    "EuclideanAlignment": "alignment",
    "ReweightedClassifier": "estimators",
    "RiemannianClassifier": "estimators",
    "ShallowClassifier": "estimators",
    "SourceOnlyClassifier": "estimators",
    "load_dataset": "data",
    "load_model": "estimators",
    "run_benchmark": "evaluation",
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

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
