"""A linear head on fixed features, trained to the end on the same objective as a network."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from bci_dann.exceptions import TrainingError
from bci_dann.objectives import BatchView, Objective
from bci_dann.training.data import TrainingData

__all__ = ["Anchor", "LinearHead", "curvature", "fit_linear", "ridge"]

MAX_ITERATIONS = 500


class LinearHead(NamedTuple):
    """What maps features to logits.

    Parameters
    ----------
    weights : Tensor, shape (n_features, n_classes)
    biases : Tensor, shape (n_classes,)
    """

    weights: Tensor
    biases: Tensor


class Anchor(NamedTuple):
    """What a head is held to: ``sum stiffness (W - W_0)^2``, and the same of the biases.

    Parameters
    ----------
    head : LinearHead
        Where it costs nothing to be.
    stiffness : LinearHead
        How much it costs to leave, for each weight and bias.
    """

    head: LinearHead
    stiffness: LinearHead


def ridge(n_features: int, n_classes: int, C: float, n_labelled: int) -> Anchor:
    """Return the anchor that makes :func:`fit_linear` a logistic regression.

    Parameters
    ----------
    n_features, n_classes : int
        Size of the head.
    C : float
        Inverse strength: with ``||W||^2 / (C n)`` a head for two classes is that of
        scikit-learn's ``LogisticRegression(C)``.
    n_labelled : int
        The ``n`` in it.

    Returns
    -------
    Anchor
        At zero; biases are free.
    """
    weights = torch.zeros(n_features, n_classes, dtype=torch.float64)
    biases = torch.zeros(n_classes, dtype=torch.float64)
    stiffness = LinearHead(torch.full_like(weights, 1.0 / (C * n_labelled)), biases)
    return Anchor(LinearHead(weights, biases), stiffness)


def curvature(X: Tensor, head: LinearHead) -> LinearHead:
    """Return the diagonal of the Hessian of the mean cross-entropy, which labels do not change.

    It tells how much each weight matters to the trials that a head was trained on, so that these
    can stay at home: Kirkpatrick et al. (2017), "Overcoming catastrophic forgetting in neural
    networks", PNAS 114(13), 3521-3526, eq. 3.

    Parameters
    ----------
    X : Tensor, shape (n_trials, n_features)
        Features of the trials.
    head : LinearHead
        Trained on them.

    Returns
    -------
    LinearHead
        ``mean_i x_ij^2 p_ik (1 - p_ik)`` for the weights, without ``x`` for the biases.
    """
    p = torch.softmax(X @ head.weights + head.biases, dim=1)
    spread = p * (1.0 - p)
    return LinearHead(X.square().T @ spread / len(X), spread.mean(0))


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
        cost = (anchor.stiffness.weights * (weights - anchor.head.weights).square()).sum()
        cost = cost + (anchor.stiffness.biases * (biases - anchor.head.biases).square()).sum()
        total = torch.stack(list(objective(view).values())).sum() + cost
        total.backward()  # type: ignore[no-untyped-call]
        return total

    final = optimiser.step(loss)  # type: ignore[no-untyped-call]
    if not bool(torch.isfinite(final)):
        raise TrainingError(
            "The loss of the linear head is not finite. Look for trials of an extreme amplitude."
        )
    return LinearHead(weights.detach(), biases.detach())
