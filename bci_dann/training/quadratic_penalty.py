"""What holds a linear head in its place: a ridge, and what its sources know of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd
from torch import Tensor

from bci_dann.features import Subspace

__all__ = [
    "HeadPenalty",
    "LinearHead",
    "penalty_without_directions",
    "ridge_penalty",
    "source_penalty",
]

# Directions of features in which the sources hold a head. With all of them, 1,430 on MI-OpenBCI,
# it is held no better.
RANK = 64


class LinearHead(NamedTuple):
    """What maps features to logits.

    Parameters
    ----------
    weights : Tensor, shape (n_features, n_classes)
    biases : Tensor, shape (n_classes,)
    """

    weights: Tensor
    biases: Tensor

    def in_feature_space(self, subspace: Subspace) -> LinearHead:
        """Return the head for features, where this is one for their coordinates in a subspace."""
        weights = subspace.vectors(self.weights.numpy().T).T
        return self._replace(weights=torch.from_numpy(np.ascontiguousarray(weights)))


class HeadPenalty(NamedTuple):
    """What it costs a head to be elsewhere: ``ridge ||W - W_0||^2 + ||F (M - M_0)||^2``.

    ``M`` are the weights and, in the last row, the biases, without their mean over classes, of
    which probabilities know nothing.

    Parameters
    ----------
    head : LinearHead
        Where it costs nothing to be, ``M_0``.
    ridge : float
        How much every weight costs alike.
    factor : Tensor, shape (n_directions, n_features + 1)
        The directions ``F`` in which the head is held besides.
    """

    head: LinearHead
    ridge: float
    factor: Tensor

    def cost(self, weights: Tensor, biases: Tensor) -> Tensor:
        """Return the cost of a head, a scalar."""
        moved = weights - self.head.weights
        rows = torch.cat([moved, (biases - self.head.biases)[None]])
        rows = rows - rows.mean(dim=1, keepdim=True)
        return self.ridge * moved.square().sum() + (self.factor @ rows).square().sum()

    def in_feature_space(self, subspace: Subspace) -> HeadPenalty:
        """Return the anchor for features, where this is one for their coordinates in a subspace."""
        directions, biases = np.split(self.factor.numpy(), [-1], axis=1)
        factor = torch.from_numpy(np.hstack([subspace.vectors(directions), biases]))
        return self._replace(head=self.head.in_feature_space(subspace), factor=factor)


def ridge_penalty(n_features: int, n_classes: int, C: float, n_labelled: int) -> HeadPenalty:
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
    HeadPenalty
        At zero; biases are free.
    """
    weights = torch.zeros(n_features, n_classes, dtype=torch.float64)
    biases = torch.zeros(n_classes, dtype=torch.float64)
    factor = torch.zeros(0, n_features + 1, dtype=torch.float64)
    return HeadPenalty(LinearHead(weights, biases), 1.0 / (C * n_labelled), factor)


def source_penalty(head: LinearHead, X: Tensor, ridge: float) -> HeadPenalty:
    """Return what stands for the trials of a head's training once these are gone.

    Near the head the loss is a parabola. Its curvature in the features of trial ``i`` is ``d_i =
    (1 - sum_k p_ik^2) / (2 (K - 1))``, which is exact for two classes, and for more where they are
    equally likely. Of ``sqrt(d_i / n) [x_i, 1]`` the strongest directions are kept. A diagonal in
    their place (Kirkpatrick et al. 2017) leaves the head free to move along whatever features vary
    together: Ritter, Botev and Barber (2018), "Online structured Laplace approximations for
    overcoming catastrophic forgetting", NeurIPS.

    Parameters
    ----------
    head : LinearHead
        Trained to the end.
    X : Tensor, shape (n_trials, n_features)
        Features of the trials that it was trained on.
    ridge : float
        As it was trained with.

    Returns
    -------
    HeadPenalty
        At the head.
    """
    p = torch.softmax(X @ head.weights + head.biases, dim=1)
    curvature = (1.0 - p.square().sum(1)) / (2 * (p.shape[1] - 1))
    rows = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], dim=1)
    rows *= (curvature / len(X)).sqrt()[:, None]  # in place: they may be many
    _, values, directions = randomized_svd(rows.numpy(), min(RANK, *rows.shape), random_state=0)
    factor = np.ascontiguousarray(values[:, None] * directions)  # as a saved one is read again
    return HeadPenalty(head, ridge, torch.from_numpy(factor))


def penalty_without_directions(anchor: HeadPenalty, directions: NDArray[np.float64]) -> HeadPenalty:
    """Return an anchor whose head makes no use of some directions.

    Of all such heads it is the one that costs least: what the directions said is left to features
    that vary with them. With ``A = ridge I + F' F`` and orthonormal ``U`` it is ``M_0 - A^-1 U (U'
    A^-1 U)^-1 U' M_0``.

    Parameters
    ----------
    anchor : HeadPenalty
        Of a head; its ridge must not be zero.
    directions : ndarray, shape (n_features, n_directions)
        Orthonormal columns.

    Returns
    -------
    HeadPenalty
        It holds only what is left of the features.
    """
    factor = anchor.factor
    unused = torch.zeros(factor.shape[1], directions.shape[1], dtype=torch.float64)
    unused[:-1] = torch.from_numpy(directions)
    gram = factor @ factor.T
    gram.diagonal().add_(anchor.ridge)
    # A^-1 U by Woodbury's identity, times the ridge, which cancels
    spread = unused - factor.T @ torch.linalg.solve(gram, factor @ unused)
    old = torch.cat([anchor.head.weights, anchor.head.biases[None]])
    new = old - spread @ torch.linalg.solve(unused.T @ spread, unused.T @ old)
    head = LinearHead(new[:-1].contiguous(), new[-1].contiguous())
    return HeadPenalty(head, anchor.ridge, factor - (factor @ unused) @ unused.T)
