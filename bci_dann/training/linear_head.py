"""A linear head on fixed features, trained to the end on the same objective as a network."""

from __future__ import annotations

import torch
from torch import Tensor

from bci_dann._compat import without_compiler
from bci_dann.exceptions import TrainingError
from bci_dann.objectives import BatchView, Objective
from bci_dann.training.quadratic_penalty import Anchor, LinearHead
from bci_dann.training.training_data import TrainingData

__all__ = ["fit_linear"]

MAX_ITERATIONS = 500


def fit_linear(
    data: TrainingData, objective: Objective, anchor: Anchor, start: LinearHead | None = None
) -> LinearHead:
    """Return the head that minimises the objective and what it costs to leave an anchor.

    All trials are one batch, and L-BFGS runs until nothing improves, so there is no chance in
    the result.

    Parameters
    ----------
    data : TrainingData
        ``X`` are features, ``(n_trials, n_features)``, in double precision.
    objective : Objective
        Label loss and terms without weights of their own.
    anchor : Anchor
        What holds the head; see :func:`ridge`.
    start : LinearHead, optional
        Where to start from; at the anchor where it is not given. Terms of the target have
        several minima, and the nearest one is found.

    Returns
    -------
    LinearHead

    Raises
    ------
    TrainingError
        When the loss is not finite.
    """
    weights, biases = (part.clone().requires_grad_() for part in start or anchor.head)
    optimiser = without_compiler(torch.optim.LBFGS)(
        [weights, biases], max_iter=MAX_ITERATIONS, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        view = BatchView(
            data.X,
            data.X @ weights + biases,
            labels=data.labels,
            domains=data.domains,
            weights=data.weights,
            is_target=data.is_target,
            progress=1.0,
            prior=data.prior,
        )
        total = torch.stack(list(objective(view).values())).sum() + anchor.cost(weights, biases)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    final = optimiser.step(loss)
    if not bool(torch.isfinite(final)):
        raise TrainingError(
            "The loss of the linear head is not finite. Look for trials of an extreme amplitude."
        )
    return LinearHead(weights.detach(), biases.detach())
