"""Adaptation of a linear head to the unlabelled target, as strongly as the drift guard allows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bci_dann.adaptation.drift_guard import strongest_without_drift
from bci_dann.objectives import UNLABELLED, Objective, Sizes, WeightedTerm, build_objective
from bci_dann.training import HeadPenalty, LinearHead, TrainingData, fit_linear

__all__ = [
    "STRENGTHS",
    "AdaptedHead",
    "adapt_head",
    "fit_to_labels",
    "head_arrays",
    "head_from_arrays",
    "head_probabilities",
]

logger = logging.getLogger(__name__)

# Strengths of adaptation that are tried, as shares of the terms' weights: each is twice the one
# before (empirical).
STRENGTHS = (0.0, 0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class AdaptedHead:
    """A linear head after adaptation.

    Parameters
    ----------
    head : LinearHead
        Weights and biases.
    strength : float
        The share of the terms' weights that was used; 0 where nothing was adapted.

    See Also
    --------
    adapt_head : Adapts a head.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.adaptation.head_adaptation import AdaptedHead
    >>> from bci_dann.training import LinearHead
    >>> AdaptedHead(LinearHead(torch.zeros(3, 2), torch.zeros(2)), strength=0.0).strength
    0.0
    """

    head: LinearHead
    strength: float


def adapt_head(
    data: TrainingData,
    domains: NDArray[np.str_],
    to_adapt_to: NDArray[np.bool_],
    base: LinearHead,
    penalty: HeadPenalty,
    prior: NDArray[np.float64],
    terms: Sequence[WeightedTerm],
    guard: bool,
) -> AdaptedHead:
    """Adapt a head with increasing strength, and return the strongest that the guard accepts.

    Parameters
    ----------
    data : TrainingData
        Features in double precision; only those of the target where source trials are not
        available.
    domains : ndarray of str, shape (n_trials,)
        ``subject/session`` of each trial.
    to_adapt_to : ndarray of bool, shape (n_trials,)
        Selects the unlabelled trials of the target, which are in the order of recording.
    base : LinearHead
        The head before adaptation, where the optimiser starts.
    penalty : HeadPenalty
        Quadratic penalty on deviation from the head before adaptation.
    prior : ndarray, shape (n_classes,)
        Estimated class shares of the target.
    terms : sequence of WeightedTerm
        Terms that are functions of the outputs.
    guard : bool
        Whether the drift guard limits the strength; otherwise the full strength is used.

    Returns
    -------
    AdaptedHead
        With the head before adaptation where the guard accepts no other.

    Raises
    ------
    TrainingError
        When the loss of the head is not finite.

    See Also
    --------
    bci_dann.RiemannianClassifier : Adapts its head with this function.
    bci_dann.adaptation.drift_guard.strongest_without_drift : Chooses the strength.

    Examples
    --------
    Through the classifier, with terms and guard:

    >>> import numpy as np
    >>> from bci_dann import RiemannianClassifier
    >>> X = np.random.default_rng(0).normal(0, 10, (80, 3, 128))
    >>> y = np.arange(80) % 2
    >>> X[y == 0, 0] *= 2
    >>> terms = {"information_maximisation": 0.5}
    >>> model = RiemannianClassifier(terms=terms, n_windows=1, n_delays=1)
    >>> 0 <= model.fit(X[:40], y[:40], X_target_unlabeled=X[40:]).strength_ <= 1
    True
    """
    is_unlabelled = torch.from_numpy(to_adapt_to)
    data = replace(data, prior=torch.from_numpy(prior))
    guarded = guard and bool(is_unlabelled.any())
    if not data.is_target.any() or not any(one.weight for one in terms):
        strengths = [0.0]  # no trials to adapt to, or no terms
    else:
        strengths = list(STRENGTHS) if guarded else [0.0, 1.0]
    heads = [base]
    for strength in strengths[1:]:
        # the features are fixed, so no term here has layers of its own
        sizes = Sizes(1, len(prior), n_domains=2, has_target=True)
        objective = build_objective([one.scaled(strength) for one in terms], sizes)
        heads.append(fit_linear(data, objective, penalty, base))
    chosen = len(heads) - 1
    if guarded:
        scores = [(data.X[is_unlabelled] @ w + b).numpy() for w, b in heads]
        chosen = strongest_without_drift(scores, domains[to_adapt_to])
        logger.info("the drift guard accepts %d of %d strengths", chosen, len(heads) - 1)
    return AdaptedHead(heads[chosen], strengths[chosen])


def fit_to_labels(
    data: TrainingData, penalty: HeadPenalty, n_sources: float
) -> tuple[TrainingData, LinearHead]:
    """Fit a head to labelled trials of the target, under the penalty that replaces source trials.

    The penalty approximates the mean label loss of ``n_sources`` source trials. The labelled trials
    of the target get the weight that they would have among these.

    Parameters
    ----------
    data : TrainingData
        Features of the target's trials in double precision; some may have labels.
    penalty : HeadPenalty
        Quadratic penalty on deviation from the source-trained head.
    n_sources : float
        Number of trials on which that head was trained.

    Returns
    -------
    data : TrainingData
        With rescaled weights of the labelled trials.
    head : LinearHead
        The source-trained head where no trial has a label.

    See Also
    --------
    adapt_head : Adapts the head to trials without labels.

    Examples
    --------
    Through the classifier:

    >>> import numpy as np
    >>> from bci_dann import RiemannianClassifier
    >>> X = np.random.default_rng(0).normal(0, 10, (80, 3, 128))
    >>> y = np.arange(80) % 2
    >>> X[y == 0, 0] *= 2
    >>> model = RiemannianClassifier(n_windows=1, n_delays=1).fit(X[:40], y[:40])
    >>> known = np.where(np.arange(40) < 8, y[40:], np.nan)
    >>> model.adapt(X[40:], known).predict(X[40:]).shape
    (40,)
    """
    n_labelled = int((data.labels != UNLABELLED).sum())
    if not n_labelled:
        return data, penalty.head
    data = replace(data, weights=data.weights * (n_labelled / n_sources))
    return data, fit_linear(data, Objective(), penalty)


def head_probabilities(
    X: Tensor, head: LinearHead, offsets: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the class probabilities of features.

    Parameters
    ----------
    X : Tensor, shape (n_trials, n_features)
        Features, in double precision.
    head : LinearHead
        Weights and biases.
    offsets : ndarray, shape (n_trials, n_classes), optional
        Subtracted from the logits.

    Returns
    -------
    ndarray, shape (n_trials, n_classes)
        Rows of sum 1.

    See Also
    --------
    bci_dann.training.LinearHead : The head.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.adaptation.head_adaptation import head_probabilities
    >>> from bci_dann.training import LinearHead
    >>> X = torch.zeros(1, 3, dtype=torch.float64)
    >>> weights, biases = torch.zeros(3, 2).double(), torch.zeros(2).double()
    >>> head_probabilities(X, LinearHead(weights, biases))
    array([[0.5, 0.5]])
    """
    logits = X @ head.weights + head.biases
    if offsets is not None:
        logits = logits - torch.from_numpy(offsets)
    probabilities: NDArray[np.float64] = logits.softmax(dim=1).numpy()
    return probabilities


def head_arrays(name: str, head: LinearHead) -> dict[str, NDArray[np.float64]]:
    """Return the weights and biases of a head as arrays, for saving.

    Parameters
    ----------
    name : str
        Prefix of the arrays' names.
    head : LinearHead
        Weights and biases.

    Returns
    -------
    dict of str to ndarray
        ``name.weights`` and ``name.biases``.

    See Also
    --------
    head_from_arrays : The inverse.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.adaptation.head_adaptation import head_arrays
    >>> from bci_dann.training import LinearHead
    >>> sorted(head_arrays("head", LinearHead(torch.zeros(3, 2), torch.zeros(2))))
    ['head.biases', 'head.weights']
    """
    return {f"{name}.weights": head.weights.numpy(), f"{name}.biases": head.biases.numpy()}


def head_from_arrays(arrays: Mapping[str, NDArray[np.float64]]) -> LinearHead:
    """Return the head from the arrays of :func:`head_arrays`.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``weights`` and ``biases``.

    Returns
    -------
    LinearHead
        In double precision.

    See Also
    --------
    head_arrays : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.head_adaptation import head_from_arrays
    >>> head_from_arrays({"weights": np.zeros((3, 2)), "biases": np.zeros(2)}).weights.shape
    torch.Size([3, 2])
    """
    return LinearHead(*(torch.from_numpy(arrays[part]) for part in LinearHead._fields))
