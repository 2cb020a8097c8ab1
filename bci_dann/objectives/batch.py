"""What a term of the objective may look at."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["UNLABELLED", "BatchView"]

UNLABELLED = -1


@dataclass(frozen=True)
class BatchView:
    """One batch as the network sees it.

    Parameters
    ----------
    features : Tensor, shape (batch, n_features)
        Output of the backbone.
    logits : Tensor, shape (batch, n_classes)
        Output of the motor-imagery head.
    labels : Tensor, shape (batch,)
        Class indices, :data:`UNLABELLED` where the label is not known.
    domains : Tensor, shape (batch,)
        Domain indices.
    weights : Tensor, shape (batch,)
        Importance weights of the label loss, of mean 1 over the sources.
    progress : float
        Share of the training that is done, from 0 to 1.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor
    domains: Tensor
    weights: Tensor
    progress: float
