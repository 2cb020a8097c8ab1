"""Entropy minimisation and information maximisation on the predictions for the target.

Grandvalet and Bengio (2004), "Semi-supervised learning by entropy minimization", NeurIPS;
Liang, Hu and Feng (2020), "Do we really need to access the source data?", ICML,
arXiv:2002.08546, eq. 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bci_dann.objectives.batch_view import BatchView, entropy
from bci_dann.objectives.term import Term

__all__ = ["ConditionalEntropy", "InformationMaximisation"]


class ConditionalEntropy(Term):
    """Entropy minimisation [1]_: ``mean_i H(p_i)`` over the target trials (nats).

    Its name in ``terms`` is ``"entropy"``.

    See Also
    --------
    InformationMaximisation : With a term against collapse onto one class.

    References
    ----------
    .. [1] Grandvalet, Y. and Bengio, Y. (2004). Semi-supervised learning by entropy minimization.
       NeurIPS.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView
    >>> from bci_dann.objectives.entropy import ConditionalEntropy
    >>> labels, domains, weights = torch.tensor([-1, -1]), torch.zeros(2, dtype=int), torch.ones(2)
    >>> target = torch.tensor([True, True])
    >>> batch = BatchView(torch.ones(2, 8), torch.zeros(2, 2), labels, domains, weights, target, 1)
    >>> round(float(ConditionalEntropy()(batch)), 3)  # the logarithm of 2
    0.693
    """

    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the mean entropy, a scalar; see :meth:`Term.forward`."""
        return (entropy(torch.softmax(batch.logits, dim=1)) * batch.target_share).sum()


class InformationMaximisation(Term):
    """Information maximisation [1]_: ``mean_i H(p_i) - H(mean_i p_i)`` over target trials (nats).

    This is minus the mutual information of inputs and predicted classes (equation 3). The second
    entropy keeps the first from putting all trials into one class. Where the class shares ``q`` of
    the target are known, ``- sum_k mean_i p_ik log(K q_k)`` is added, so that the mean prediction
    tends to ``q`` instead of equal shares. Its name in ``terms``
    is ``"information_maximisation"``.

    See Also
    --------
    ConditionalEntropy : Only the first entropy.
    bci_dann.RiemannianClassifier : A linear head that trains with it.

    References
    ----------
    .. [1] Liang, J., Hu, D. and Feng, J. (2020). Do we really need to access the source data?
       Source hypothesis transfer for unsupervised domain adaptation. ICML. arXiv:2002.08546.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView
    >>> from bci_dann.objectives.entropy import InformationMaximisation
    >>> logits, target = 50 * torch.eye(2), torch.tensor([True, True])
    >>> labels, domains, weights = torch.tensor([-1, -1]), torch.zeros(2, dtype=int), torch.ones(2)
    >>> batch = BatchView(torch.ones(2, 8), logits, labels, domains, weights, target, 1.0)
    >>> round(float(InformationMaximisation()(batch)), 3)  # certain, and of both classes
    -0.693
    """

    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return minus the mutual information, a scalar; see :meth:`Term.forward`."""
        p = torch.softmax(batch.logits, dim=1)
        share = batch.target_share
        mean = (p * share[:, None]).sum(0)
        information = entropy(mean) - (entropy(p) * share).sum()
        if batch.prior is not None:
            information = information + (mean * (len(mean) * batch.prior).log()).sum()
        return -information
