"""The view of a batch that terms of the objective are functions of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["UNLABELLED", "BatchView", "entropy"]

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
    is_target : Tensor of bool, shape (batch,)
        Which trials are the target's, with or without label.
    progress : float or Tensor, shape ()
        Share of the training that is done, from 0 to 1; a tensor where
        training steps are captured as a CUDA graph.
    prior : Tensor, shape (n_classes,), or None
        Estimated class shares of the target; ``None`` for equal shares.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    progress: float | Tensor
    prior: Tensor | None = None

    @property
    def source_share(self) -> Tensor:
        """``1 / n_source`` for sources, 0 for the target, (batch,); see :class:`BatchView`."""
        return _share(~self.is_target, self.features)

    @property
    def target_share(self) -> Tensor:
        """``1 / n_target`` for the target, 0 for sources, (batch,); see :class:`BatchView`."""
        return _share(self.is_target, self.features)


def _share(chosen: Tensor, like: Tensor) -> Tensor:
    return chosen.to(like.dtype) / chosen.sum().clamp(min=1)


def entropy(p: Tensor) -> Tensor:
    """Return the entropy of distributions (nats).

    Parameters
    ----------
    p : Tensor, shape (..., n_classes)
        Probabilities.

    Returns
    -------
    Tensor, shape (...)
        At least 0.
    """
    import torch

    return -(p * p.clamp(min=torch.finfo(p.dtype).tiny).log()).sum(-1)
