"""The label loss: weighted cross-entropy of the labelled trials."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from bci_dann.objectives.batch_view import UNLABELLED, BatchView

__all__ = ["classification_loss"]


def classification_loss(batch: BatchView) -> Tensor:
    """Return ``sum_i w_i CE_i / n`` over the ``n`` labelled trials of a batch.

    The sum is divided by the number of trials, not by the sum of their weights: the
    importance-weighted estimate of the target's risk [1]_ is then unbiased in each batch.

    Parameters
    ----------
    batch : BatchView
        Unlabelled trials are ignored.

    Returns
    -------
    Tensor, shape ()
        The loss; zero, with zero gradient, when no trial is labelled.

    See Also
    --------
    Objective : Adds the terms to it.
    bci_dann.reweighting.weigh_sources : Computes the weights.

    References
    ----------
    .. [1] Shimodaira, H. (2000). Improving predictive inference under covariate shift by weighting
       the log-likelihood function. Journal of Statistical Planning and Inference 90(2), 227-244.
       doi:10.1016/S0378-3758(00)00115-4.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView, classification_loss
    >>> target = torch.tensor([False, False])
    >>> labels, domains, weights = torch.tensor([0, 1]), torch.tensor([0, 1]), torch.ones(2)
    >>> batch = BatchView(torch.ones(2, 8), torch.zeros(2, 2), labels, domains, weights, target, 1)
    >>> round(float(classification_loss(batch)), 3)  # the logarithm of 2
    0.693
    """
    labelled = batch.labels != UNLABELLED
    losses = cross_entropy(batch.logits, batch.labels, ignore_index=UNLABELLED, reduction="none")
    return (batch.weights * losses).sum() / labelled.sum().clamp(min=1)
