"""Methods, each a scikit-learn classifier on one contract."""

from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.dann import DANNClassifier
from bci_dann.estimators.ensemble import EnsembleClassifier
from bci_dann.estimators.joint_fit import fit_together
from bci_dann.estimators.loading import load_model
from bci_dann.estimators.network import NetworkClassifier
from bci_dann.estimators.procrustes import ProcrustesClassifier
from bci_dann.estimators.reweighted import ReweightedClassifier
from bci_dann.estimators.riemannian_decoder import RiemannianClassifier
from bci_dann.estimators.shallow import ShallowClassifier
from bci_dann.estimators.source_only import SourceOnlyClassifier

__all__ = [
    "DANNClassifier",
    "EnsembleClassifier",
    "NetworkClassifier",
    "ProcrustesClassifier",
    "ReweightedClassifier",
    "RiemannianClassifier",
    "ShallowClassifier",
    "SourceOnlyClassifier",
    "TransferClassifier",
    "fit_together",
    "load_model",
]
