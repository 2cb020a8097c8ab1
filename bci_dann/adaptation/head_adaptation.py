"""Adaptation of a linear head to the unlabelled target, as strongly as the drift guard allows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bci_dann.adaptation.drift_guard import strongest_trusted
from bci_dann.objectives import Sizes, WeightedTerm, build_objective
from bci_dann.training import HeadPenalty, LinearHead, TrainingData, fit_linear

__all__ = [
    "STRENGTHS",
    "AdaptedHead",
    "adapt_head",
    "head_arrays",
    "head_from_arrays",
    "head_probabilities",
]

logger = logging.getLogger(__name__)

# Shares of the terms' weights that are tried, from no adaptation to the full weights; empirical:
# each doubles the one before.
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
    """Adapt a head with increasing strength, and return the strongest that the guard trusts.

    Parameters
    ----------
    data : TrainingData
        Features in double precision; of the target only where there are no sources any more.
    domains : ndarray of str, shape (n_trials,)
        ``subject/session`` of each trial.
    to_adapt_to : ndarray of bool, shape (n_trials,)
        Which trials are unlabelled trials of the target, in the order of recording.
    base : LinearHead
        The head before adaptation, where the optimiser starts.
    penalty : HeadPenalty
        Quadratic penalty on deviation from the head before adaptation.
    prior : ndarray, shape (n_classes,)
        Estimated class shares of the target.
    terms : sequence of WeightedTerm
        Terms that are functions of the outputs.
    guard : bool
        Whether the drift of the outputs limits the strength; without it the full strength is taken.

    Returns
    -------
    AdaptedHead
        With the head before adaptation where no stronger one is trusted.

    Raises
    ------
    TrainingError
        When the loss of the head is not finite.
    """
    seen = torch.from_numpy(to_adapt_to)
    data = replace(data, prior=torch.from_numpy(prior))
    adapts = bool(data.is_target.any()) and any(one.weight for one in terms)
    guarded = guard and bool(seen.any())
    strengths = [0.0] if not adapts else list(STRENGTHS) if guarded else [0.0, 1.0]
    heads = [base]
    for strength in strengths[1:]:
        # the features are fixed, so that no term here has layers of its own
        sizes = Sizes(1, len(prior), n_domains=2, has_target=True)
        objective = build_objective([one.scaled(strength) for one in terms], sizes)
        heads.append(fit_linear(data, objective, penalty, base))
    chosen = len(heads) - 1
    if guarded:
        scores = [(data.X[seen] @ w + b).numpy() for w, b in heads]
        chosen = strongest_trusted(scores, domains[to_adapt_to])
        logger.info("the guard trusts %d of %d strengths", chosen, len(heads) - 1)
    return AdaptedHead(heads[chosen], strengths[chosen])


def head_probabilities(X: Tensor, head: LinearHead) -> NDArray[np.float64]:
    """Return the class probabilities of features.

    Parameters
    ----------
    X : Tensor, shape (n_trials, n_features)
        Features, in double precision.
    head : LinearHead
        Weights and biases.

    Returns
    -------
    ndarray, shape (n_trials, n_classes)
        Rows of sum 1.
    """
    probabilities: NDArray[np.float64] = (X @ head.weights + head.biases).softmax(dim=1).numpy()
    return probabilities


def head_arrays(name: str, head: LinearHead) -> dict[str, NDArray[np.float64]]:
    """Return the weights and biases of a head, to be saved.

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
    """
    return {f"{name}.weights": head.weights.numpy(), f"{name}.biases": head.biases.numpy()}


def head_from_arrays(arrays: Mapping[str, NDArray[np.float64]]) -> LinearHead:
    """Return the head that :func:`head_arrays` gave the arrays of.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``weights`` and ``biases``.

    Returns
    -------
    LinearHead
        In double precision.
    """
    return LinearHead(*(torch.from_numpy(arrays[part]) for part in LinearHead._fields))
