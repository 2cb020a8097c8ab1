"""Domain adversary: makes features from which a classifier cannot recognise the domain.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
With several source subjects each subject is a domain, so D has one class per subject; source
against target is the two-class case.
"""

from __future__ import annotations

import math
from typing import ClassVar, Self

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from bci_dann._validation import check_between, check_count
from bci_dann.models import domain_head, reverse_gradient
from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.schedules import GAMMA, ganin_schedule
from bci_dann.objectives.term import Sizes, Term

__all__ = ["DOMAIN_MEASURES", "DomainAdversary", "domain_measures"]

# Names of the measures of a domain head: its accuracy, and the accuracy of guessing.
DOMAIN_MEASURES = ("domain_accuracy", "domain_chance")


class DomainAdversary(Term):
    """Cross-entropy of a domain head behind a gradient reversal.

    ``min over D, max over G of CE(D(G(x)), domain)``: D takes the full gradient, G the reversed
    gradient times Ganin's lambda [1]_. Its name in ``terms`` is ``"domain_adversary"``.

    Parameters
    ----------
    hidden : int
        Width of the domain head's hidden layer.
    gamma : float
        Steepness of Ganin's schedule of lambda.
    smoothing : float
        Label smoothing: share of each domain label that is spread over all domains, from 0 to below
        1. It keeps the domain head from becoming certain, when its gradient would vanish [2]_.

    See Also
    --------
    bci_dann.DANNClassifier : The preset that trains with it.
    bci_dann.objectives.conditional_adversary.ConditionalAdversary : Conditioned on the class.
    ganin_schedule : The schedule of lambda.

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

    needs_target = False  # source subjects are domains, too
    needs_domains = True
    replayable = True
    measured: ClassVar[tuple[str, ...]] = DOMAIN_MEASURES

    def __init__(self, hidden: int = 64, gamma: float = GAMMA, smoothing: float = 0.0) -> None:
        super().__init__()
        check_count("hidden", hidden)
        check_between("gamma", gamma, 0.0, math.inf, inclusive=True)
        check_between("smoothing", smoothing, 0.0, 1.0, inclusive=True)
        self.hidden, self.gamma, self.smoothing = hidden, gamma, smoothing

    def build(self, sizes: Sizes) -> Self:
        """Create the domain head; see :meth:`Term.build`."""
        self.head = domain_head(sizes.n_features, sizes.n_domains, self.hidden)
        return self

    def forward(self, batch: BatchView) -> Tensor:
        """Return the domain loss of a batch, a scalar; see :meth:`Term.forward`."""
        strength = ganin_schedule(batch.progress, self.gamma)
        domain_logits = self.head(reverse_gradient(batch.features, strength))
        return cross_entropy(domain_logits, batch.domains, label_smoothing=self.smoothing)

    def measures(self, batch: BatchView) -> dict[str, Tensor]:
        """Return the accuracy of the domain head, and chance; see :meth:`Term.measures`."""
        return domain_measures(self.head, batch.features, batch.domains)


def domain_measures(head: nn.Module, inputs: Tensor, domains: Tensor) -> dict[str, Tensor]:
    """Return the accuracy of a domain head on a batch, and the accuracy of guessing.

    Parameters
    ----------
    head : nn.Module
        The domain classifier.
    inputs : Tensor, shape (batch, width)
        Input of the domain classifier.
    domains : Tensor, shape (batch,)
        The domain of each trial.

    Returns
    -------
    dict of str to Tensor, shape ()
        ``domain_accuracy`` and ``domain_chance``, from 0 to 1. Chance is 1 / number of domains,
        since batches have equally many trials of each domain.
    """
    logits = head(inputs.detach()).detach()
    right = (logits.argmax(1) == domains).to(logits.dtype)
    chance = logits.new_full((), 1 / logits.shape[1])
    return {"domain_accuracy": right.mean(), "domain_chance": chance}
