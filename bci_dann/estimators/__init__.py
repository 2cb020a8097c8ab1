"""Methods: scikit-learn classifiers with a common interface for transfer between subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.estimators.base import TransferClassifier
    from bci_dann.estimators.calibration.calibrated import CalibratedClassifier
    from bci_dann.estimators.dann import DANNClassifier
    from bci_dann.estimators.ensemble import EnsembleClassifier
    from bci_dann.estimators.joint_fit import fit_together
    from bci_dann.estimators.methods import build_method
    from bci_dann.estimators.network import NetworkClassifier
    from bci_dann.estimators.new_subject.transductive import TransductiveClassifier
    from bci_dann.estimators.new_subject.ttime import TTimeClassifier
    from bci_dann.estimators.procrustes import ProcrustesClassifier
    from bci_dann.estimators.reweighted import ReweightedClassifier
    from bci_dann.estimators.riemannian_decoder import RiemannianClassifier
    from bci_dann.estimators.saved_models import load_model
    from bci_dann.estimators.shallow import ShallowClassifier
    from bci_dann.estimators.source_only import SourceOnlyClassifier

_MODULES = {
    "CalibratedClassifier": "calibration.calibrated",
    "DANNClassifier": "dann",
    "EnsembleClassifier": "ensemble",
    "NetworkClassifier": "network",
    "ProcrustesClassifier": "procrustes",
    "ReweightedClassifier": "reweighted",
    "RiemannianClassifier": "riemannian_decoder",
    "ShallowClassifier": "shallow",
    "SourceOnlyClassifier": "source_only",
    "TTimeClassifier": "new_subject.ttime",
    "TransductiveClassifier": "new_subject.transductive",
    "TransferClassifier": "base",
    "build_method": "methods",
    "fit_together": "joint_fit",
    "load_model": "saved_models",
}

__all__ = [
    "CalibratedClassifier",
    "DANNClassifier",
    "EnsembleClassifier",
    "NetworkClassifier",
    "ProcrustesClassifier",
    "ReweightedClassifier",
    "RiemannianClassifier",
    "ShallowClassifier",
    "SourceOnlyClassifier",
    "TTimeClassifier",
    "TransductiveClassifier",
    "TransferClassifier",
    "build_method",
    "fit_together",
    "load_model",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
