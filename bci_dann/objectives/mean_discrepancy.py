"""Maximum mean discrepancy (MMD) of source and target, of features or jointly with classes.

Gretton et al. (2012), "A kernel two-sample test", JMLR 13, 723-773, eq. 5; Long, Cao, Wang and
Jordan (2015), "Learning transferable features with deep adaptation networks", ICML,
arXiv:1502.02791; Long, Zhu, Wang and Jordan (2017), "Deep transfer learning with joint
adaptation networks", ICML, arXiv:1605.06636, eq. 9.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.term import Term

__all__ = ["JointDiscrepancy", "MeanDiscrepancy"]

# Widths of the Gaussian kernels, in multiples of the mean squared distance.
WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


class MeanDiscrepancy(Term):
    """``w' K w`` with ``w = 1/n_source`` on sources and ``-1/n_target`` on the target.

    ``K`` is the mean of Gaussian kernels of several widths, as in [2]_; the statistic is that of
    [1]_, equation 5. Its name in ``terms`` is ``"mmd"``.

    See Also
    --------
    JointDiscrepancy : Of features and predicted classes together.
    bci_dann.reweighting.maximum_mean_discrepancy : The same for arrays, with a test.

    References
    ----------
    .. [1] Gretton, A. et al. (2012). A kernel two-sample test. Journal of Machine Learning Research
       13, 723-773.
    .. [2] Long, M., Cao, Y., Wang, J. and Jordan, M. I. (2015). Learning transferable features with
       deep adaptation networks. ICML. arXiv:1502.02791.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.objectives import BatchView
    >>> from bci_dann.objectives.mean_discrepancy import MeanDiscrepancy
    >>> target = torch.tensor([False, False, True, True])
    >>> labels, domains, weights = -torch.ones(4, dtype=int), target.long(), torch.ones(4)
    >>> features = torch.tensor([[0.0], [1.0], [0.0], [1.0]])  # the same on both sides
    >>> batch = BatchView(features, torch.zeros(4, 2), labels, domains, weights, target, 1.0)
    >>> abs(round(float(MeanDiscrepancy()(batch)), 3))
    0.0
    """

    features_only = True
    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the squared discrepancy (biased), a scalar; see :meth:`Term.forward`."""
        return _discrepancy(_kernel(batch.features), batch)


class JointDiscrepancy(Term):
    """The discrepancy with the product of a kernel on features and one on predicted classes.

    Equation 9 of [1]_. Its name in ``terms`` is ``"joint_mmd"``.

    See Also
    --------
    MeanDiscrepancy : Of features alone.

    References
    ----------
    .. [1] Long, M., Zhu, H., Wang, J. and Jordan, M. I. (2017). Deep transfer learning with joint
       adaptation networks. ICML. arXiv:1605.06636.

    Examples
    --------
    >>> from bci_dann import NetworkClassifier
    >>> NetworkClassifier("EEGNet", terms={"joint_mmd": 0.5}).terms
    {'joint_mmd': 0.5}
    """

    replayable = True

    def forward(self, batch: BatchView) -> Tensor:
        """Return the squared joint discrepancy, a scalar; see :meth:`Term.forward`."""
        classes = torch.softmax(batch.logits, dim=1)
        return _discrepancy(_kernel(batch.features) * _kernel(classes), batch)


def _discrepancy(kernel: Tensor, batch: BatchView) -> Tensor:
    """Return the discrepancy; zero where all trials are of the sources, or of the target."""
    weights = batch.source_share - batch.target_share
    return (weights @ kernel @ weights) * (batch.is_target.any() & ~batch.is_target.all())


def _kernel(X: Tensor) -> Tensor:
    """Return the mean over widths of ``exp(-|x - y|^2 / (width * mean squared distance))``."""
    products = X @ X.T
    squares = products.diagonal()
    distances = (squares[:, None] + squares - 2.0 * products).clamp(min=0.0)
    n = len(X)
    scale = distances.detach().sum() / max(n * n - n, 1)
    scale = scale.clamp(min=torch.finfo(X.dtype).tiny ** 0.5)
    return torch.stack([torch.exp(-distances / (width * scale)) for width in WIDTHS]).mean(0)
