"""Cross-subject motor-imagery BCI that works for a subject who was never recorded before.

Public names load on first use, so that ``import bci_dann`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names
from bci_dann._version import __version__

if TYPE_CHECKING:
    from bci_dann.alignment import EuclideanAlignment
    from bci_dann.components import resolve
    from bci_dann.data import EEGTrials, load_dataset
    from bci_dann.estimators import (
        CalibratedClassifier,
        DANNClassifier,
        EnsembleClassifier,
        NetworkClassifier,
        ProcrustesClassifier,
        ReweightedClassifier,
        RiemannianClassifier,
        ShallowClassifier,
        SourceOnlyClassifier,
        TransductiveClassifier,
        TransferClassifier,
        TTimeClassifier,
        load_model,
    )
    from bci_dann.evaluation import run_benchmark

_MODULES = {
    "CalibratedClassifier": "estimators",
    "DANNClassifier": "estimators",
    "EEGTrials": "data",
    "EnsembleClassifier": "estimators",
    "EuclideanAlignment": "alignment",
    "NetworkClassifier": "estimators",
    "ProcrustesClassifier": "estimators",
    "ReweightedClassifier": "estimators",
    "RiemannianClassifier": "estimators",
    "ShallowClassifier": "estimators",
    "SourceOnlyClassifier": "estimators",
    "TTimeClassifier": "estimators",
    "TransductiveClassifier": "estimators",
    "TransferClassifier": "estimators",
    "load_dataset": "data",
    "load_model": "estimators",
    "resolve": "components",
    "run_benchmark": "evaluation",
}

__all__ = [
    "CalibratedClassifier",
    "DANNClassifier",
    "EEGTrials",
    "EnsembleClassifier",
    "EuclideanAlignment",
    "NetworkClassifier",
    "ProcrustesClassifier",
    "ReweightedClassifier",
    "RiemannianClassifier",
    "ShallowClassifier",
    "SourceOnlyClassifier",
    "TTimeClassifier",
    "TransductiveClassifier",
    "TransferClassifier",
    "__version__",
    "load_dataset",
    "load_model",
    "resolve",
    "run_benchmark",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
