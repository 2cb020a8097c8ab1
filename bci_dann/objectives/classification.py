"""The label loss: cross-entropy of the labelled trials, weighted."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann.objectives.batch_view import UNLABELLED, BatchView

__all__ = ["classification_loss"]


def classification_loss(batch: BatchView) -> Tensor:
    """Return ``sum_i w_i CE_i / n`` over the ``n`` labelled trials of a batch.

    The sum is divided by the number of trials, not by the sum of weights: importance
    weighting (Shimodaira 2000, J. Stat. Plan. Inference 90(2), 227-244) estimates the
    target's risk without that bias from batch to batch.

    Parameters
    ----------
    batch : BatchView
        Trials without label do not count.

    Returns
    -------
    Tensor, shape ()
        Zero, with a gradient of zero, when no trial is labelled.
    """
    labelled = batch.labels != UNLABELLED
    losses = cross_entropy(batch.logits, batch.labels, ignore_index=UNLABELLED, reduction="none")
    return (batch.weights * losses).sum() / labelled.sum().clamp(min=1)
