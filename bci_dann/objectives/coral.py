"""Deep CORAL: penalises the difference of feature covariances of source and target.

Sun and Saenko (2016), "Deep CORAL: correlation alignment for deep domain adaptation", ECCV
workshops, arXiv:1607.01719, eq. 1 to 3.
"""

from __future__ import annotations

from torch import Tensor

from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.term import Term

__all__ = ["DeepCoral"]


class DeepCoral(Term):
    """``|C_source - C_target|^2 / (4 d^2)``, with covariances ``C`` of ``d`` features.

    Zero in batches with fewer than two trials of the sources or of the target.

    Equations 1 to 3 of [1]_. Its name in ``terms`` is ``"coral"``.

    See Also
    --------
    bci_dann.objectives.mean_discrepancy.MeanDiscrepancy : All moments, by a kernel.
    bci_dann.EuclideanAlignment : Equalises the covariances of the signals, not of features.

    References
    ----------
    .. [1] Sun, B. and Saenko, K. (2016). Deep CORAL: correlation alignment for deep domain
       adaptation. ECCV workshops. arXiv:1607.01719.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView
    >>> from bci_dann.objectives.coral import DeepCoral
    >>> features = torch.tensor([[1.0], [-1.0], [2.0], [-2.0]])
    >>> target = torch.tensor([False, False, True, True])
    >>> labels, domains, weights = -torch.ones(4, dtype=int), target.long(), torch.ones(4)
    >>> batch = BatchView(features, torch.zeros(4, 2), labels, domains, weights, target, 1.0)
    >>> float(DeepCoral()(batch))
    9.0
    """

    features_only = True
    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the squared distance of the covariances, a scalar; see :meth:`Term.forward`."""
        d = batch.features.shape[1]
        source = _covariance(batch.features, batch.source_share)
        target = _covariance(batch.features, batch.target_share)
        distance = (source - target).square().sum() / (4 * d * d)
        n_target, n_source = batch.is_target.sum(), (~batch.is_target).sum()
        return distance * ((n_target > 1) & (n_source > 1))  # else there is no covariance


def _covariance(X: Tensor, share: Tensor) -> Tensor:
    """Return the unbiased covariance of rows weighted by ``share``; zeros for a single row."""
    centred = X - (X * share[:, None]).sum(0)
    unbiased = 1.0 - share.square().sum()  # (n - 1) / n
    return (centred * share[:, None]).T @ centred / unbiased.clamp(min=1e-6)
