"""The input of the terms of the objective: a batch with features, logits and domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["OF_TERM", "UNLABELLED", "BatchView", "entropy"]

# The label of trials whose class is unknown.
UNLABELLED = -1
# Separates the names of a term and of its measure in the history; names of summands lack it.
OF_TERM = "."


@dataclass(frozen=True)
class BatchView:
    """One batch: labels, domains and weights of its trials, and the outputs of the network.

    Parameters
    ----------
    features : Tensor, shape (batch, n_features)
        Output of the backbone.
    logits : Tensor, shape (batch, n_classes)
        Output of the classification head.
    labels : Tensor, shape (batch,)
        Class indices; :data:`UNLABELLED` where the class is unknown.
    domains : Tensor, shape (batch,)
        Domain indices.
    weights : Tensor, shape (batch,)
        Importance weights of the label loss, of mean 1 over the sources.
    is_target : Tensor of bool, shape (batch,)
        Which trials belong to the target, with or without label.
    progress : float or Tensor, shape ()
        Completed share of the training, from 0 to 1; a tensor where training steps are captured as
        a CUDA graph.
    prior : Tensor, shape (n_classes,), or None
        Estimated class shares of the target; ``None`` for equal shares.

    See Also
    --------
    Term : Maps a batch to a scalar.
    bci_dann.objectives.UNLABELLED : The label of trials of unknown class.

    Examples
    --------
    Three source trials, the third one of another domain, and one target trial without label:

    >>> import torch
    >>> from bci_dann.objectives import UNLABELLED, BatchView
    >>> batch = BatchView(
    ...     features=torch.ones(4, 8),
    ...     logits=torch.zeros(4, 2),
    ...     labels=torch.tensor([0, 1, 1, UNLABELLED]),
    ...     domains=torch.tensor([0, 0, 1, 2]),
    ...     weights=torch.ones(4),
    ...     is_target=torch.tensor([False, False, False, True]),
    ...     progress=0.5,
    ... )
    >>> batch.source_share, batch.target_share
    (tensor([0.3333, 0.3333, 0.3333, 0.0000]), tensor([0., 0., 0., 1.]))
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
