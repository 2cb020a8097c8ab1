"""The training objective: the label loss and a weighted sum of terms."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from bci_dann.objectives.batch_view import BatchView
from bci_dann.objectives.classification import classification_loss

__all__ = ["Objective"]


class Objective(nn.Module):
    """``CE(F(G(x_s)), y_s) w_s + sum_k weight_k term_k``.

    Parameters
    ----------
    terms : mapping of str to nn.Module
        Each maps a :class:`BatchView` to a scalar; its parameters are trained with the
        network's and thrown away afterwards.
    weights : mapping of str to float
        The weight of each term.
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module] | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.terms = nn.ModuleDict(dict(terms or {}))
        self.weights = dict(weights or {})

    def forward(self, batch: BatchView) -> dict[str, Tensor]:
        """Return the weighted summands by name; their sum is the loss."""
        summands = {"classification": classification_loss(batch)}
        for name, term in self.terms.items():
            summands[name] = self.weights.get(name, 1.0) * term(batch)
        return summands
