"""Domain adversary: features from which the domain cannot be told.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
With several subjects the natural domains are the subjects, so D has one class per domain;
source against target is the case of two.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann.models import domain_head, reverse_gradient
from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.schedules import ganin_schedule
from bci_dann.objectives.term import Term

__all__ = ["DomainAdversary"]


class DomainAdversary(Term):
    """Cross-entropy of a domain head behind a gradient reversal.

    ``min over D, max over G of CE(D(G(x)), domain)``: D descends at full strength, G ascends
    scaled by Ganin's lambda.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_domains : int
        Number of domains to tell apart.
    hidden : int
        Width of the domain head's hidden layer.
    gamma : float
        Steepness of Ganin's schedule.
    smoothing : float
        Share of each domain label that is spread over all domains, from 0 to 1. A head that may not
        be sure goes on giving gradients (Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016,
        "Rethinking the Inception architecture for computer vision", CVPR, section 7).
    """

    needs_target = False  # the sources may be hidden from each other
    replayable = True

    def __init__(
        self,
        n_features: int,
        n_domains: int,
        hidden: int = 64,
        gamma: float = 10.0,
        smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.head = domain_head(n_features, n_domains, hidden)
        self.gamma, self.smoothing = gamma, smoothing

    def forward(self, batch: BatchView) -> Tensor:
        """Return the domain loss of a batch, a scalar."""
        strength = ganin_schedule(batch.progress, self.gamma)
        domain_logits = self.head(reverse_gradient(batch.features, strength))
        return cross_entropy(domain_logits, batch.domains, label_smoothing=self.smoothing)
