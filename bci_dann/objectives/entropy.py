"""Entropies of the predictions on the target: low for each trial, high for their mean.

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
    """``mean_i H(p_i)`` over the target trials (nats)."""

    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the mean entropy, a scalar; see :meth:`Term.forward`."""
        return (entropy(torch.softmax(batch.logits, dim=1)) * batch.target_share).sum()


class InformationMaximisation(Term):
    """``mean_i H(p_i) - H(mean_i p_i)``: minus the information that inputs give on classes.

    The second part keeps the first from putting all trials into one class. Where the class
    shares ``q`` of the target are known, the mean prediction is drawn to them instead of to
    equal shares: ``- sum_k mean_i p_ik log(K q_k)`` is added.
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
