"""Quadratic penalty on deviation from a reference head, such as the source-trained head.

A ridge alone gives regularised logistic regression. With the curvature of the source loss added,
the penalty replaces the source trials in source-free adaptation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from bci_dann.features import Subspace

__all__ = [
    "HeadPenalty",
    "LinearHead",
    "penalty_without_directions",
    "ridge_penalty",
    "source_penalty",
]

# Number of directions of the feature space in which the penalty of a source-trained head has
# curvature. Empirical: with all 1,430 directions on MI-OpenBCI, adaptation is no better.
RANK = 64
# Avoids a division by zero.
TINY = float(np.finfo(np.float64).tiny)


class LinearHead(NamedTuple):
    """A linear map of features to logits.

    Attributes
    ----------
    weights : Tensor, shape (n_features, n_classes)
        Weights.
    biases : Tensor, shape (n_classes,)
        Biases.

    See Also
    --------
    fit_linear : Fits a head.
    HeadPenalty : A penalty on deviation from a head.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.training import LinearHead
    >>> head = LinearHead(weights=torch.eye(2), biases=torch.zeros(2))
    >>> torch.tensor([[1.0, 3.0]]) @ head.weights + head.biases
    tensor([[1., 3.]])
    """

    weights: Tensor
    biases: Tensor

    def in_feature_space(self, subspace: Subspace) -> LinearHead:
        """Map the head from coordinates in a subspace to the feature space.

        Parameters
        ----------
        subspace : bci_dann.features.Subspace
            The subspace.

        Returns
        -------
        LinearHead
            With one row of weights for each feature.
        """
        weights = subspace.vectors(self.weights.numpy().T).T
        return self._replace(weights=torch.from_numpy(np.ascontiguousarray(weights)))


class HeadPenalty(NamedTuple):
    """Quadratic penalty on deviation from a reference head.

    It is ``ridge ||W - W_0||^2 + ||F (M - M_0) C||^2``, where ``M`` contains the weights ``W`` and,
    in the last row, the biases. ``C`` subtracts the mean over classes, on which probabilities do
    not depend.

    Attributes
    ----------
    head : LinearHead
        The reference ``M_0``, at which the penalty is zero.
    ridge : float
        Weight of the squared deviation of all weights.
    factor : Tensor, shape (n_directions, n_features + 1)
        The matrix ``F``: curvature in some directions of the feature space.

    See Also
    --------
    ridge_penalty : A ridge alone.
    source_penalty : A ridge, and the curvature of the source loss.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.training import LinearHead, ridge_penalty
    >>> penalty = ridge_penalty(2, 2, C=0.5, n_labelled=4)
    >>> float(penalty.value(torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)))
    1.0
    """

    head: LinearHead
    ridge: float
    factor: Tensor

    def value(self, weights: Tensor, biases: Tensor) -> Tensor:
        """Return the penalty of a head.

        Parameters
        ----------
        weights : Tensor, shape (n_features, n_classes)
            Its weights.
        biases : Tensor, shape (n_classes,)
            Its biases.

        Returns
        -------
        Tensor, shape ()
            Non-negative.
        """
        moved = weights - self.head.weights
        rows = torch.cat([moved, (biases - self.head.biases)[None]])
        rows = rows - rows.mean(dim=1, keepdim=True)
        return self.ridge * moved.square().sum() + (self.factor @ rows).square().sum()

    def in_feature_space(self, subspace: Subspace) -> HeadPenalty:
        """Map the penalty from coordinates in a subspace to the feature space.

        Parameters
        ----------
        subspace : bci_dann.features.Subspace
            The subspace.

        Returns
        -------
        HeadPenalty
            For heads with one row of weights for each feature.
        """
        directions, biases = np.split(self.factor.numpy(), [-1], axis=1)
        factor = torch.from_numpy(np.hstack([subspace.vectors(directions), biases]))
        return self._replace(head=self.head.in_feature_space(subspace), factor=factor)


def ridge_penalty(n_features: int, n_classes: int, C: float, n_labelled: int) -> HeadPenalty:
    """Return the penalty with which :func:`fit_linear` is a logistic regression.

    Parameters
    ----------
    n_features, n_classes : int
        Shape of the head.
    C : float
        Inverse strength. The penalty ``||W||^2 / (C n)`` for two classes is equivalent to
        scikit-learn's ``LogisticRegression(C)``.
    n_labelled : int
        The number of labelled trials, ``n``.

    Returns
    -------
    HeadPenalty
        Penalty on weights; biases are not penalised.

    See Also
    --------
    fit_linear : Fits a head with the penalty.
    source_penalty : A penalty that replaces source trials.

    Examples
    --------
    >>> from bci_dann.training import ridge_penalty
    >>> ridge_penalty(n_features=10, n_classes=2, C=1.0, n_labelled=100).ridge
    0.01
    """
    weights = torch.zeros(n_features, n_classes, dtype=torch.float64)
    biases = torch.zeros(n_classes, dtype=torch.float64)
    factor = torch.zeros(0, n_features + 1, dtype=torch.float64)
    return HeadPenalty(LinearHead(weights, biases), 1.0 / (C * n_labelled), factor)


def source_penalty(head: LinearHead, X: Tensor, ridge: float) -> HeadPenalty:
    """Return the penalty that replaces the source trials on which a head was trained.

    Near the trained head the loss is approximately quadratic (Laplace approximation). Its curvature
    for trial ``i`` is ``d_i = (1 - sum_k p_ik^2) / (2 (K - 1))``, which is exact for two classes,
    and for more classes where they are equally probable. The factor of the penalty has the
    strongest directions of the rows ``sqrt(d_i / n) [x_i, 1]``. A diagonal approximation [1]_ would
    ignore that correlated features change together [2]_.

    Parameters
    ----------
    head : LinearHead
        Trained to convergence.
    X : Tensor of float64, shape (n_trials, n_features)
        Features of the trials on which it was trained.
    ridge : float
        The ridge of that training.

    Returns
    -------
    HeadPenalty
        Penalty on deviation from ``head``.

    See Also
    --------
    ridge_penalty : The penalty of plain logistic regression.
    bci_dann.RiemannianClassifier : Adapts with it, without source data.

    References
    ----------
    .. [1] Kirkpatrick, J. et al. (2017). Overcoming catastrophic forgetting in neural networks.
       PNAS 114(13), 3521-3526. doi:10.1073/pnas.1611835114.
    .. [2] Ritter, H., Botev, A. and Barber, D. (2018). Online structured Laplace approximations for
       overcoming catastrophic forgetting. NeurIPS. arXiv:1805.07810.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.training import LinearHead, source_penalty
    >>> X = torch.randn(20, 3, dtype=torch.float64)
    >>> weights, biases = torch.zeros(3, 2).double(), torch.zeros(2).double()
    >>> penalty = source_penalty(LinearHead(weights, biases), X, ridge=0.1)
    >>> penalty.factor.shape, float(penalty.value(weights, biases))
    (torch.Size([4, 4]), 0.0)
    """
    from sklearn.utils.extmath import randomized_svd  # imported here: it takes a second

    p = torch.softmax(X @ head.weights + head.biases, dim=1)
    curvature = (1.0 - p.square().sum(1)) / (2 * (p.shape[1] - 1))
    rows = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], dim=1)
    rows *= (curvature / len(X)).sqrt()[:, None]  # in place, to save memory
    _, values, directions = randomized_svd(rows.numpy(), min(RANK, *rows.shape), random_state=0)
    factor = np.ascontiguousarray(values[:, None] * directions)  # the layout of a loaded factor
    return HeadPenalty(head, ridge, torch.from_numpy(factor))


def penalty_without_directions(
    penalty: HeadPenalty, directions: NDArray[np.float64]
) -> HeadPenalty:
    """Return the penalty with a reference head that ignores some directions.

    Among all heads that do not depend on these directions, the new reference is the one with the
    smallest penalty: features that are correlated with the directions compensate for them. With ``A
    = ridge I + F' F``, in which ``F`` is the factor without the part that a change of the biases
    makes up for, and orthonormal ``U``, its weights are ``M_0 - A^-1 U (U' A^-1 U)^-1 U' M_0``, the
    minimum of a quadratic form under linear constraints.

    Parameters
    ----------
    penalty : HeadPenalty
        Its ridge must not be zero.
    directions : ndarray, shape (n_features, n_directions)
        Orthonormal columns ``U``.

    Returns
    -------
    HeadPenalty
        Without curvature in these directions.

    See Also
    --------
    bci_dann.features.drift_directions : Computes such directions.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from bci_dann.training import LinearHead, penalty_without_directions, source_penalty
    >>> weights, biases = torch.eye(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    >>> X = torch.randn(20, 2, dtype=torch.float64)
    >>> penalty = source_penalty(LinearHead(weights, biases), X, ridge=0.1)
    >>> reduced = penalty_without_directions(penalty, np.array([[1.0], [0.0]]))
    >>> bool(reduced.head.weights[0].abs().max() < 1e-9)
    True
    """
    unused = torch.from_numpy(directions)
    of_weights, of_biases = penalty.factor[:, :-1], penalty.factor[:, -1]
    # the biases, which have no ridge, follow the weights; what is left of the factor once they do:
    following = (of_biases @ of_weights) / of_biases.square().sum().clamp(min=TINY)
    factor = of_weights - of_biases[:, None] * following
    gram = factor @ factor.T
    gram.diagonal().add_(penalty.ridge)
    # A^-1 U by Woodbury's identity, times the ridge, which cancels
    spread = unused - factor.T @ torch.linalg.solve(gram, factor @ unused)
    old = penalty.head.weights
    of_all_classes = old.mean(dim=1, keepdim=True)  # has no curvature, which is that of differences
    change = -spread @ torch.linalg.solve(unused.T @ spread, unused.T @ (old - of_all_classes))
    change -= unused @ (unused.T @ of_all_classes)
    head = LinearHead((old + change).contiguous(), penalty.head.biases - following @ change)
    kept = penalty.factor.clone()
    kept[:, :-1] -= (of_weights @ unused) @ unused.T
    return HeadPenalty(head, penalty.ridge, kept)
