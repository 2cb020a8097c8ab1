"""Conditional domain adversary: the domain cannot be told from features and class together.

Long, Cao, Wang and Jordan (2018), "Conditional adversarial domain adaptation", NeurIPS,
arXiv:1705.10667, eq. 4 (multilinear map) and eq. 8 (entropy conditioning).
"""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann.models import domain_head, reverse_gradient
from bci_dann.objectives.batch_view import BatchView, entropy
from bci_dann.objectives.schedules import ganin_schedule
from bci_dann.objectives.term import Sizes, Term

__all__ = ["ConditionalAdversary", "EntropyWeightedAdversary"]


class ConditionalAdversary(Term):
    """CDAN: cross-entropy of a domain head on the outer product of features and class.

    The predicted class conditions, and is not itself changed by this term.

    Parameters
    ----------
    sizes : Sizes
        Widths of the head.
    hidden : int
        Width of its hidden layer.
    gamma : float
        Steepness of Ganin's schedule.
    """

    needs_target = False  # the sources may be hidden from each other
    replayable = True
    entropy_weights: ClassVar[bool] = False

    def __init__(self, sizes: Sizes, hidden: int = 64, gamma: float = 10.0) -> None:
        super().__init__()
        self.head = domain_head(sizes.n_features * sizes.n_classes, sizes.n_domains, hidden)
        self.gamma = gamma

    @classmethod
    def build(cls, sizes: Sizes) -> Self:
        """Return the term with a head as wide as features times classes."""
        return cls(sizes)

    def forward(self, batch: BatchView) -> Tensor:
        """Return the domain loss of a batch, a scalar."""
        p = torch.softmax(batch.logits, dim=1).detach()
        features = reverse_gradient(batch.features, ganin_schedule(batch.progress, self.gamma))
        joint = (p[:, :, None] * features[:, None, :]).flatten(1)
        losses = cross_entropy(self.head(joint), batch.domains, reduction="none")
        if not self.entropy_weights:
            return losses.mean()
        weights = 1.0 + torch.exp(-entropy(p))
        return (weights * losses).sum() / weights.sum()


class EntropyWeightedAdversary(ConditionalAdversary):
    """CDAN-E: trials whose class is sure count up to twice as much as others."""

    entropy_weights = True
