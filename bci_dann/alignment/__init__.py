"""Alignment: remove covariance differences between domains before anything is learned."""

from bci_dann.alignment.euclidean import EuclideanAlignment, euclidean_reference
from bci_dann.alignment.filter_bank import FilterBank
from bci_dann.alignment.interface import Alignment
from bci_dann.alignment.recentring import Recentring
from bci_dann.alignment.result_cache import ResultCache
from bci_dann.alignment.riemannian import RiemannianAlignment

__all__ = [
    "Alignment",
    "EuclideanAlignment",
    "FilterBank",
    "Recentring",
    "ResultCache",
    "RiemannianAlignment",
    "euclidean_reference",
]
