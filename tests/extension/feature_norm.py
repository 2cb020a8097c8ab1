"""Feature norms of source and target brought to one length, as a term of the objective.

Xu, Li, Yang and Lin (2019), "Larger norm more transferable: an adaptive feature norm approach for
unsupervised domain adaptation", ICCV, arXiv:1811.07456, eq. 5 (hard variant).
"""

from __future__ import annotations

from torch import Tensor

from bci_dann.objectives import BatchView, Term


class FeatureNorm(Term):
    """``(mean |f_source| - R)^2 + (mean |f_target| - R)^2``.

    Parameters
    ----------
    radius : float
        The length R that the mean norms are drawn to.
    """

    features_only = True

    def __init__(self, radius: float = 25.0) -> None:
        super().__init__()
        self.radius = radius

    def forward(self, batch: BatchView) -> Tensor:
        """Return the term's value for a batch.

        Parameters
        ----------
        batch : BatchView
            Features of source and target trials.

        Returns
        -------
        Tensor, shape ()
        """
        norms = batch.features.norm(dim=1)
        source = (norms * batch.source_share).sum()
        target = (norms * batch.target_share).sum()
        return (source - self.radius).square() + (target - self.radius).square()
