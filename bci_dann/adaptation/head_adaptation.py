"""A linear head that goes as far from where its sources left it as the target's guard allows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bci_dann import objectives, training
from bci_dann.adaptation.drift_guard import strongest_trusted

if TYPE_CHECKING:
    from torch import Tensor

    from bci_dann.objectives import Objective
    from bci_dann.training import Anchor, LinearHead, TrainingData

__all__ = [
    "STRENGTHS",
    "AdaptedHead",
    "adapt_head",
    "head_arrays",
    "head_from",
    "head_probabilities",
]

logger = logging.getLogger(__name__)

# How strongly to adapt, as shares of the terms' weights, from not at all.
STRENGTHS = (0.0, 0.125, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class AdaptedHead:
    """What adaptation has made of a head.

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
    anchor: Anchor,
    prior: NDArray[np.float64],
    terms: Mapping[str, float],
    guard: bool,
) -> AdaptedHead:
    """Fit a head to the target's structure, more and more strongly, while the guard trusts it.

    Parameters
    ----------
    data : TrainingData
        Features in double precision; of the target only where there are no sources any more.
    domains : ndarray of str, shape (n_trials,)
        ``subject/session`` of each trial.
    to_adapt_to : ndarray of bool, shape (n_trials,)
        Which trials are the target's, without label, in the order of recording.
    base : LinearHead
        Where to start from.
    anchor : Anchor
        What holds the head.
    prior : ndarray, shape (n_classes,)
        How often the target is thought to imagine each movement.
    terms : mapping of str to float
        Terms that look at the outputs, with their weights.
    guard : bool
        Whether to look at the drift of the outputs; otherwise the full strength is taken.

    Returns
    -------
    AdaptedHead
    """
    import torch

    seen = torch.from_numpy(to_adapt_to)
    data = replace(data, prior=torch.from_numpy(prior))
    adapts = bool(data.is_target.any()) and any(terms.values())
    guarded = guard and bool(seen.any())
    strengths = [0.0] if not adapts else list(STRENGTHS) if guarded else [0.0, 1.0]
    heads = [base]
    for strength in strengths[1:]:
        heads.append(
            training.fit_linear(data, _objective(terms, strength, len(prior)), anchor, base)
        )
    chosen = len(heads) - 1
    if guarded:
        scores = [(data.X[seen] @ w + b).numpy() for w, b in heads]
        chosen = strongest_trusted(scores, domains[to_adapt_to])
        logger.info("the guard trusts %d of %d strengths", chosen, len(heads) - 1)
    return AdaptedHead(heads[chosen], strengths[chosen])


def head_probabilities(X: Tensor, head: LinearHead) -> NDArray[np.float64]:
    """Return class probabilities of features, ``(n_trials, n_classes)``."""
    probabilities: NDArray[np.float64] = (X @ head.weights + head.biases).softmax(dim=1).numpy()
    return probabilities


def head_arrays(name: str, head: LinearHead) -> dict[str, NDArray[np.float64]]:
    """Return a head as arrays to be saved, under a name of its own."""
    return {f"{name}.weights": head.weights.numpy(), f"{name}.biases": head.biases.numpy()}


def head_from(arrays: Mapping[str, NDArray[np.float64]]) -> LinearHead:
    """Return the head that :func:`head_arrays` has written, of arrays without its name."""
    import torch

    names = training.LinearHead._fields
    return training.LinearHead(*(torch.from_numpy(arrays[name]) for name in names))


def _objective(terms: Mapping[str, float], strength: float, n_classes: int) -> Objective:
    sizes = objectives.Sizes(1, n_classes, 2, has_target=True)  # no term here has weights
    named = {
        name.rpartition(":")[2]: (objectives.find_term(name), w) for name, w in terms.items() if w
    }
    built = {label: kind.build(sizes) for label, (kind, _) in named.items()}
    return objectives.Objective(
        built, {label: strength * weight for label, (_, weight) in named.items()}
    )
