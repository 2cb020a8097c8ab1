"""Features of trials: covariances, tangent vectors, spatial patterns, and directions of drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.features.aligned_views import AlignedViews
    from bci_dann.features.covariance_alignment import CovarianceAlignment
    from bci_dann.features.drift import drift_directions, without_directions
    from bci_dann.features.local_centring import local_deviations
    from bci_dann.features.subspace import Subspace
    from bci_dann.features.tangent_views import TangentViews

_MODULES = {
    "AlignedViews": "aligned_views",
    "CovarianceAlignment": "covariance_alignment",
    "Subspace": "subspace",
    "TangentViews": "tangent_views",
    "drift_directions": "drift",
    "local_deviations": "local_centring",
    "without_directions": "drift",
}

__all__ = [
    "AlignedViews",
    "CovarianceAlignment",
    "Subspace",
    "TangentViews",
    "drift_directions",
    "local_deviations",
    "without_directions",
]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
