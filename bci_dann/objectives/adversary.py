"""Domain adversary: features from which the domain cannot be told.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
With several subjects the natural domains are the subjects, so D has one class per domain;
source against target is the case of two.
"""

from __future__ import annotations

import math
from typing import Self

from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann._validation import check_between, check_count
from bci_dann.models import domain_head, reverse_gradient
from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.schedules import GAMMA, ganin_schedule
from bci_dann.objectives.term import Sizes, Term

__all__ = ["DomainAdversary"]


class DomainAdversary(Term):
    """Cross-entropy of a domain head behind a gradient reversal.

    ``min over D, max over G of CE(D(G(x)), domain)``: D descends at full strength, G ascends
    scaled by Ganin's lambda [1]_. Its name in ``terms`` is ``"domain_adversary"``.

    Parameters
    ----------
    hidden : int
        Width of the domain head's hidden layer.
    gamma : float
        Steepness of Ganin's schedule of lambda.
    smoothing : float
        Share of each domain label that is spread over all domains, from 0 to below 1. With it
        the domain head cannot become certain, and goes on giving gradients [2]_.

    See Also
    --------
    bci_dann.DANNClassifier : The preset that trains with it.
    bci_dann.objectives.conditional_adversary.ConditionalAdversary : The same given the class.
    ganin_schedule : Lambda.

    References
    ----------
    .. [1] Ganin, Y. et al. (2016). Domain-adversarial training of neural networks. Journal of
       Machine Learning Research 17(59), 1-35. arXiv:1505.07818.
    .. [2] Szegedy, C. et al. (2016). Rethinking the Inception architecture for computer vision.
       CVPR, section 7. arXiv:1512.00567.

    Examples
    --------
    >>> from bci_dann import NetworkClassifier
    >>> settings = {"domain_adversary": {"weight": 0.3, "hidden": 32, "smoothing": 0.1}}
    >>> NetworkClassifier("EEGNet", terms=settings).terms["domain_adversary"]["hidden"]
    32
    """

    needs_target = False  # the sources may be hidden from each other
    replayable = True

    def __init__(self, hidden: int = 64, gamma: float = GAMMA, smoothing: float = 0.0) -> None:
        super().__init__()
        check_count("hidden", hidden)
        check_between("gamma", gamma, 0.0, math.inf, inclusive=True)
        check_between("smoothing", smoothing, 0.0, 1.0, inclusive=True)
        self.hidden, self.gamma, self.smoothing = hidden, gamma, smoothing

    def build(self, sizes: Sizes) -> Self:
        """Make the domain head; see :meth:`Term.build`."""
        self.head = domain_head(sizes.n_features, sizes.n_domains, self.hidden)
        return self

    def forward(self, batch: BatchView) -> Tensor:
        """Return the domain loss of a batch, a scalar; see :meth:`Term.forward`."""
        strength = ganin_schedule(batch.progress, self.gamma)
        domain_logits = self.head(reverse_gradient(batch.features, strength))
        return cross_entropy(domain_logits, batch.domains, label_smoothing=self.smoothing)
