"""Features of trials: covariances, tangent vectors, spatial patterns, and drift in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bci_dann._lazy import lazy_names

if TYPE_CHECKING:
    from bci_dann.features.drift import drift_directions, without_directions
    from bci_dann.features.subspace import Subspace
    from bci_dann.features.tangent_views import TangentViews

_MODULES = {
    "Subspace": "subspace",
    "TangentViews": "tangent_views",
    "drift_directions": "drift",
    "without_directions": "drift",
}

__all__ = ["Subspace", "TangentViews", "drift_directions", "without_directions"]

__getattr__, __dir__ = lazy_names(__name__, _MODULES)
