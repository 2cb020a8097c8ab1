"""Deep CORAL: features with the same covariance in source and target.

Sun and Saenko (2016), "Deep CORAL: correlation alignment for deep domain adaptation", ECCV
workshops, arXiv:1607.01719, eq. 1 to 3.
"""

from __future__ import annotations

from torch import Tensor

from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.term import Term

__all__ = ["DeepCoral"]


class DeepCoral(Term):
    """``|C_source - C_target|^2 / (4 d^2)``, with covariances of ``d`` features."""

    features_only = True
    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the squared distance of the covariances, a scalar; see :meth:`Term.forward`."""
        d = batch.features.shape[1]
        source = _covariance(batch.features, batch.source_share)
        target = _covariance(batch.features, batch.target_share)
        return (source - target).square().sum() / (4 * d * d)


def _covariance(X: Tensor, share: Tensor) -> Tensor:
    """Unbiased covariance of the rows that have a share; zeros where there is one row only."""
    centred = X - (X * share[:, None]).sum(0)
    unbiased = 1.0 - share.square().sum()  # (n - 1) / n
    return (centred * share[:, None]).T @ centred / unbiased.clamp(min=1e-6)
