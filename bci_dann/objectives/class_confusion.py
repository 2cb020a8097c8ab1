"""Minimum class confusion (MCC): penalises target predictions divided between two classes.

Jin, Wang, Long and Wang (2020), "Minimum class confusion for versatile domain adaptation",
ECCV, arXiv:1912.03699, section 3.2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from bci_dann._validation import check_between, check_option
from bci_dann.objectives.batch_view import BatchView, entropy
from bci_dann.objectives.term import Term

__all__ = ["ClassConfusion"]

NORMALISATIONS = ("class", "batch")


class ClassConfusion(Term):
    """Mean confusion between pairs of classes in the target predictions.

    ``p_i = softmax(z_i / T)``, ``W_i`` proportional to ``1 + exp(-H(p_i))`` and of mean 1,
    ``C = sum_i W_i p_i p_i'``; each row of ``C`` is divided by its sum, and the sum of the
    off-diagonal entries is divided by the number of classes [1]_. Its name in ``terms`` is
    ``"mcc"``.

    Parameters
    ----------
    temperature : float
        T; larger values give less probable classes more influence. The paper uses 2.5.
    normalisation : {"class", "batch"}
        ``"class"`` divides by the row sums, as in the paper, so that rare and frequent classes have
        equal weight and a collapse onto one class is not rewarded. ``"batch"`` divides by the
        number of trials instead.

    See Also
    --------
    bci_dann.objectives.entropy.InformationMaximisation : Another term of the outputs.
    bci_dann.objectives.Term : The base class of terms.

    References
    ----------
    .. [1] Jin, Y., Wang, X., Long, M. and Wang, J. (2020). Minimum class confusion for versatile
       domain adaptation. ECCV, section 3.2. arXiv:1912.03699.

    Examples
    --------
    Certain predictions have no class confusion. In a network use ``terms={"mcc": 1.0}``:

    >>> import torch
    >>> from bci_dann.objectives import BatchView
    >>> from bci_dann.objectives.class_confusion import ClassConfusion
    >>> logits, target = 50 * torch.eye(2), torch.tensor([True, True])
    >>> labels, domains, weights = torch.tensor([-1, -1]), torch.zeros(2, dtype=int), torch.ones(2)
    >>> batch = BatchView(torch.ones(2, 8), logits, labels, domains, weights, target, 1.0)
    >>> round(float(ClassConfusion()(batch)), 3)
    0.0
    """

    replayable = True

    def __init__(self, temperature: float = 2.5, normalisation: str = "class") -> None:
        super().__init__()
        check_between("temperature", temperature, 0.0, math.inf)
        check_option("normalisation", normalisation, NORMALISATIONS)
        self.temperature, self.normalisation = temperature, normalisation

    def forward(self, batch: BatchView) -> Tensor:
        """Return the confusion of the target trials, a scalar; see :meth:`Term.forward`."""
        p = torch.softmax(batch.logits / self.temperature, dim=1)
        weights = (1.0 + torch.exp(-entropy(p.detach()))) * batch.is_target
        weights = weights / weights.mean().clamp(min=torch.finfo(p.dtype).tiny)
        confusion = (p * weights[:, None]).T @ p
        if self.normalisation == "class":
            confusion = confusion / confusion.sum(1, keepdim=True).clamp(min=1e-12)
        else:
            confusion = confusion / len(p)
        return (confusion.sum() - confusion.diagonal().sum()) / len(confusion)
