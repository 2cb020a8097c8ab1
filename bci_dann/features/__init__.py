"""Features of trials: covariances, tangent vectors, spatial patterns, and drift in them."""

from bci_dann.features.drift import drift_directions, without_directions
from bci_dann.features.subspace import Subspace
from bci_dann.features.tangent_views import AlignedViews, TangentViews

__all__ = ["AlignedViews", "Subspace", "TangentViews", "drift_directions", "without_directions"]
