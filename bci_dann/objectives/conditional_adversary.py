"""Conditional domain adversary (CDAN): hides the domain in features and predicted class jointly.

Long, Cao, Wang and Jordan (2018), "Conditional adversarial domain adaptation", NeurIPS,
arXiv:1705.10667, eq. 4 (multilinear map) and eq. 8 (entropy conditioning).
"""

from __future__ import annotations

import math
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann._validation import check_between, check_count
from bci_dann.models import domain_head, reverse_gradient
from bci_dann.objectives.adversary import DOMAIN_MEASURES, domain_measures
from bci_dann.objectives.batch_view import BatchView, entropy
from bci_dann.objectives.schedules import GAMMA, ganin_schedule
from bci_dann.objectives.term import Sizes, Term

__all__ = ["ConditionalAdversary", "EntropyWeightedAdversary"]


class ConditionalAdversary(Term):
    """CDAN: cross-entropy of a domain head on the outer product of features and class.

    The multilinear map of [1]_, equation 4. No gradient passes through the class probabilities:
    this term changes only the features. Its name in ``terms`` is ``"cdan"``.

    Parameters
    ----------
    hidden : int
        Width of the domain head's hidden layer.
    gamma : float
        Steepness of Ganin's schedule of lambda.

    See Also
    --------
    EntropyWeightedAdversary : The same with larger weights for certain predictions.
    bci_dann.objectives.DomainAdversary : Without conditioning on the class.

    References
    ----------
    .. [1] Long, M., Cao, Z., Wang, J. and Jordan, M. I. (2018). Conditional adversarial domain
       adaptation. NeurIPS. arXiv:1705.10667.

    Examples
    --------
    >>> from bci_dann.objectives import Sizes
    >>> from bci_dann.objectives.conditional_adversary import ConditionalAdversary
    >>> sizes = Sizes(n_features=16, n_classes=2, n_domains=4, has_target=True)
    >>> ConditionalAdversary(hidden=8).build(sizes).head[0].in_features
    32
    """

    needs_target = False  # source subjects are domains, too
    needs_domains = True
    replayable = True
    measured: ClassVar[tuple[str, ...]] = DOMAIN_MEASURES
    entropy_weights: ClassVar[bool] = False

    def __init__(self, hidden: int = 64, gamma: float = GAMMA) -> None:
        super().__init__()
        check_count("hidden", hidden)
        check_between("gamma", gamma, 0.0, math.inf, inclusive=True)
        self.hidden, self.gamma = hidden, gamma

    def build(self, sizes: Sizes) -> Self:
        """Create the domain head, with features times classes inputs; see :meth:`Term.build`."""
        width = sizes.n_features * sizes.n_classes
        self.head = domain_head(width, sizes.n_domains, self.hidden)
        return self

    def forward(self, batch: BatchView) -> Tensor:
        """Return the domain loss of a batch, a scalar; see :meth:`Term.forward`."""
        p = torch.softmax(batch.logits, dim=1).detach()
        features = reverse_gradient(batch.features, ganin_schedule(batch.progress, self.gamma))
        losses = cross_entropy(self.head(_joint(p, features)), batch.domains, reduction="none")
        if not self.entropy_weights:
            return losses.mean()
        weights = 1.0 + torch.exp(-entropy(p))
        return (weights * losses).sum() / weights.sum()

    def measures(self, batch: BatchView) -> dict[str, Tensor]:
        """Return the accuracy of the domain head, and chance; see :meth:`Term.measures`."""
        p = torch.softmax(batch.logits, dim=1).detach()
        return domain_measures(self.head, _joint(p, batch.features.detach()), batch.domains)


class EntropyWeightedAdversary(ConditionalAdversary):
    """CDAN-E: CDAN in which trials with certain predictions have up to twice the weight.

    The entropy conditioning of [1]_, equation 8. Its name in ``terms`` is ``"cdan_e"``.

    See Also
    --------
    ConditionalAdversary : The same with equal weights.

    References
    ----------
    .. [1] Long, M., Cao, Z., Wang, J. and Jordan, M. I. (2018). Conditional adversarial domain
       adaptation. NeurIPS. arXiv:1705.10667.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("term", {"name": "cdan_e", "hidden": 32}).hidden
    32
    """

    entropy_weights = True


def _joint(p: Tensor, features: Tensor) -> Tensor:
    """Return the outer product of class probabilities and features, (batch, classes * features)."""
    return (p[:, :, None] * features[:, None, :]).flatten(1)
