"""A linear head on fixed features, trained to the end on the same objective as a network."""

from __future__ import annotations

import torch
from torch import Tensor

from bci_dann.exceptions import TrainingError
from bci_dann.objectives import UNLABELLED, BatchView, Objective
from bci_dann.training.data import TrainingData

__all__ = ["LinearHead", "fit_linear"]

MAX_ITERATIONS = 500

LinearHead = tuple[Tensor, Tensor]


def fit_linear(
    data: TrainingData, objective: Objective, n_classes: int, C: float, start: LinearHead | None
) -> LinearHead:
    """Return weights and biases that minimise the objective plus a ridge.

    ``objective + ||W||^2 / (C n)`` over the ``n`` labelled trials: for two classes without
    terms this is scikit-learn's ``LogisticRegression(C)``. All trials are one batch, and
    L-BFGS runs until nothing improves, so there is no chance in the result.

    Parameters
    ----------
    data : TrainingData
        ``X`` are features, ``(n_trials, n_features)``, in double precision.
    objective : Objective
        Label loss and terms without weights of their own.
    n_classes : int
        Number of imagined movements.
    C : float
        Inverse strength of the ridge.
    start : tuple of Tensor, or None
        Where to start from; at zero where it is not given. Terms of the target have several
        minima, and the nearest one is found.

    Returns
    -------
    weights : Tensor, shape (n_features, n_classes)
    biases : Tensor, shape (n_classes,)

    Raises
    ------
    TrainingError
        When the loss is not finite.
    """
    zero = (data.X.new_zeros(data.X.shape[1], n_classes), data.X.new_zeros(n_classes))
    weights, biases = (part.clone().requires_grad_() for part in start or zero)
    n_labelled = int((data.labels != UNLABELLED).sum())
    optimiser = torch.optim.LBFGS(
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
        ridge = weights.square().sum() / (C * n_labelled)
        total = torch.stack(list(objective(view).values())).sum() + ridge
        total.backward()  # type: ignore[no-untyped-call]
        return total

    final = optimiser.step(loss)  # type: ignore[no-untyped-call]
    if not bool(torch.isfinite(final)):
        raise TrainingError(
            "The loss of the linear head is not finite. Look for trials of an extreme amplitude."
        )
    return weights.detach(), biases.detach()
