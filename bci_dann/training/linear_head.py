"""Linear head on fixed features, fitted to convergence with the objective of networks."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from bci_dann._compat import without_compiler
from bci_dann.exceptions import TrainingError
from bci_dann.objectives import BatchView, Objective
from bci_dann.training.quadratic_penalty import HeadPenalty, LinearHead
from bci_dann.training.training_data import TrainingData

__all__ = ["fit_linear"]

# Settings of L-BFGS. Empirical: heads of 120 to 1,200 features take 15 to 30 iterations, with a
# history of 20 steps as with torch's default of 100.
MAX_ITERATIONS = 500
HISTORY_SIZE = 20


def fit_linear(
    data: TrainingData,
    objective: Objective,
    penalty: HeadPenalty,
    start: LinearHead | None = None,
    max_iter: int = MAX_ITERATIONS,
) -> LinearHead:
    """Return the head that minimises the objective plus a penalty.

    All trials are one batch, and L-BFGS runs to convergence, so the result is deterministic.

    Parameters
    ----------
    data : TrainingData
        ``X`` are features, ``(n_trials, n_features)``, in double precision.
    objective : Objective
        Label loss, and terms without trainable parameters.
    penalty : HeadPenalty
        Added to the objective; see :func:`ridge_penalty` and :func:`source_penalty`.
    start : LinearHead, optional
        Initial head, by default the reference head of the penalty. Unsupervised terms have several
        minima; one near the initial head is found.
    max_iter : int
        Largest number of iterations; the default is more than is needed in practice.

    Returns
    -------
    LinearHead
        In double precision.

    Raises
    ------
    TrainingError
        When the loss is not finite.

    See Also
    --------
    ridge_penalty : The penalty of a logistic regression.
    source_penalty : The penalty that replaces source trials.
    bci_dann.RiemannianClassifier : Fits its head with this function.

    Examples
    --------
    Logistic regression:

    >>> import torch
    >>> from bci_dann.objectives import Objective
    >>> from bci_dann.training import TrainingData, fit_linear, ridge_penalty
    >>> X = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]], dtype=torch.float64)
    >>> labels, domains = torch.tensor([0, 0, 1, 1]), torch.zeros(4, dtype=int)
    >>> data = TrainingData(X, labels, domains, torch.ones(4), torch.zeros(4, dtype=bool))
    >>> head = fit_linear(data, Objective(), ridge_penalty(1, 2, C=1.0, n_labelled=4))
    >>> (X @ head.weights + head.biases).argmax(dim=1)
    tensor([0, 0, 1, 1])
    """
    weights, biases = (part.clone().requires_grad_() for part in start or penalty.head)
    optimiser = without_compiler(torch.optim.LBFGS)(
        [weights, biases],
        max_iter=max_iter,
        history_size=HISTORY_SIZE,
        line_search_fn="strong_wolfe",
    )

    closure = partial(_loss_and_gradient, weights, biases, data, objective, penalty)
    optimiser.step(closure)  # returns the loss before the first step
    with torch.enable_grad():  # also for a caller inside `torch.no_grad()`
        loss = closure()
    if not bool(torch.isfinite(loss)):
        summands = objective(_view(weights.detach(), biases.detach(), data))
        raise TrainingError(
            "The loss of the linear head is not finite: "
            f"{ {name: float(value) for name, value in summands.items()} }. Look for trials of an "
            "extreme amplitude."
        )
    return LinearHead(weights.detach(), biases.detach())


def _loss_and_gradient(
    weights: Tensor, biases: Tensor, data: TrainingData, objective: Objective, penalty: HeadPenalty
) -> Tensor:
    """Return the loss of a head, and store its gradient in the tensors of the head."""
    weights.grad = biases.grad = None
    summands = torch.stack(list(objective(_view(weights, biases, data)).values()))
    loss = summands.sum() + penalty.value(weights, biases)
    loss.backward()  # type: ignore[no-untyped-call]
    return loss


def _view(weights: Tensor, biases: Tensor, data: TrainingData) -> BatchView:
    return BatchView(
        data.X,
        data.X @ weights + biases,
        labels=data.labels,
        domains=data.domains,
        weights=data.weights,
        is_target=data.is_target,
        progress=1.0,
        prior=data.prior,
    )
