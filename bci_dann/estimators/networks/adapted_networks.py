"""Adaptation of networks to a new subject: batch normalisation, and heads fitted to labels.

The heads are fitted under a penalty that replaces the source trials, so that these are not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann.adaptation.drift_guard import MIN_TRIALS
from bci_dann.adaptation.head_adaptation import fit_to_labels, head_arrays, head_from_arrays
from bci_dann.estimators.networks.network_outputs import features_and_logits, trial_batches
from bci_dann.models import Decoder
from bci_dann.objectives import UNLABELLED
from bci_dann.persistence import ModelState
from bci_dann.training import (
    HeadPenalty,
    LinearHead,
    TrainingData,
    recompute_batch_norm,
    source_penalty,
)

__all__ = [
    "adapt_batch_norm",
    "fit_heads",
    "head_penalties",
    "penalties_from_state",
    "penalty_arrays",
]

# Weight of the penalty, as a number of labelled target trials. It does not depend on the number of
# source trials, which has no relation to how much the best heads differ between subjects.
# Empirical, with EEGNet: with a smaller number, 20 labels reduce the accuracy in simulated
# subjects, which differ little after re-centring; with a much larger one, subjects 4 to 7 of
# MI-OpenBCI gain less.
PENALTY_TRIALS = 80.0

# Maximum number of source trials from which the curvature is computed, evenly spaced over all:
# enough for 64 directions, and faster than an epoch of training.
MAX_CURVATURE_TRIALS = 2048


def adapt_batch_norm(networks: Sequence[Decoder], signals: NDArray[np.float32]) -> None:
    """Recompute the statistics of batch normalisation from the trials of a subject.

    Parameters
    ----------
    networks : sequence of Decoder
        Changed in place.
    signals : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features, 1)
        Standardised; with fewer than 20 trials nothing is changed.

    See Also
    --------
    bci_dann.training.recompute_batch_norm : The same for one network.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import adapt_batch_norm
    >>> from bci_dann.models import Decoder, make_backbone
    >>> network = Decoder(make_backbone("EEGNet", 3, 256, 128.0), n_classes=2).eval()
    >>> mean = next(m for name, m in network.named_buffers() if name.endswith("running_mean"))
    >>> before = mean.tolist()
    >>> adapt_batch_norm([network], np.ones((20, 3, 256), np.float32))
    >>> mean.tolist() == before
    False
    """
    if len(signals) >= MIN_TRIALS:
        for network in networks:
            recompute_batch_norm(network, trial_batches(signals))


def head_penalties(networks: Sequence[Decoder], signals: NDArray[np.float32]) -> list[HeadPenalty]:
    """Return penalties on the heads that replace the source trials in a later adaptation.

    The curvature of a penalty is that of the label loss at equal class probabilities, its upper
    bound [1]_. The curvature at the trained head would be close to zero where a network fits its
    training trials closely. A ridge of the mean curvature acts in directions in which the features
    of the sources hardly vary.

    Parameters
    ----------
    networks : sequence of Decoder
        Trained, on the CPU.
    signals : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features, 1)
        The labelled training trials, standardised.

    Returns
    -------
    list of HeadPenalty
        One penalty for each network, on deviation from its head; in double precision.

    See Also
    --------
    fit_heads : Fits heads with these penalties.
    bci_dann.training.source_penalty : Computes the curvature.

    References
    ----------
    .. [1] Böhning, D. (1992). Multinomial logistic regression algorithm. Annals of the Institute of
       Statistical Mathematics 44(1), 197-200. doi:10.1007/BF00048682.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import head_penalties
    >>> from bci_dann.models import Decoder, make_backbone
    >>> network = Decoder(make_backbone("MLP", 4, 1), n_classes=2).eval()
    >>> (penalty,) = head_penalties([network], np.ones((20, 4, 1), np.float32))
    >>> float(penalty.value(*penalty.head))
    0.0
    """
    count = len(signals)
    if count > MAX_CURVATURE_TRIALS:
        signals = signals[np.linspace(0, count - 1, MAX_CURVATURE_TRIALS).astype(int)]
    return [_penalty(network, signals) for network in networks]


def fit_heads(
    networks: Sequence[Decoder],
    penalties: Sequence[HeadPenalty],
    signals: NDArray[np.float32],
    labels: NDArray[np.int64],
) -> None:
    """Fit the heads of networks to labelled trials; the backbones do not change.

    Without any label the source-trained heads are restored.

    Parameters
    ----------
    networks : sequence of Decoder
        Changed in place.
    penalties : sequence of HeadPenalty
        From :func:`head_penalties`, one for each network; if empty, nothing is changed.
    signals : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features, 1)
        Trials of the new subject, standardised.
    labels : ndarray of int, shape (n_trials,)
        Class indices; ``UNLABELLED`` where they are unknown.

    Raises
    ------
    TrainingError
        When the loss of a head is not finite.

    See Also
    --------
    head_penalties : Computes the penalties.
    bci_dann.adaptation.head_adaptation.fit_to_labels : Fits one head.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import fit_heads, head_penalties
    >>> from bci_dann.models import Decoder, make_backbone
    >>> network = Decoder(make_backbone("MLP", 4, 1), n_classes=2).eval()
    >>> X, before = np.ones((20, 4, 1), np.float32), network.head.bias.tolist()
    >>> fit_heads([network], head_penalties([network], X), X[:3], np.array([1, 1, -1]))
    >>> network.head.bias.tolist() == before
    False
    """
    if not penalties:
        return
    known = labels != UNLABELLED
    chosen, count = torch.from_numpy(labels[known]), int(known.sum())
    for network, penalty in zip(networks, penalties, strict=True):
        head = penalty.head
        if count:
            data = TrainingData(
                X=_features(network, signals[known]),
                labels=chosen,
                domains=torch.ones(count, dtype=torch.int64),
                weights=torch.ones(count, dtype=torch.float64),
                is_target=torch.ones(count, dtype=torch.bool),
            )
            _, head = fit_to_labels(data, penalty, PENALTY_TRIALS)
        _set_head(network, head)


def penalty_arrays(penalties: Sequence[HeadPenalty]) -> dict[str, NDArray[Any]]:
    """Return penalties as arrays, for saving.

    Parameters
    ----------
    penalties : sequence of HeadPenalty
        One penalty for each network.

    Returns
    -------
    dict of str to ndarray
        Keys are ``penalty.<index>.<name>``.

    See Also
    --------
    penalties_from_state : The inverse.

    Examples
    --------
    >>> from bci_dann.estimators.networks import penalty_arrays
    >>> from bci_dann.training import ridge_penalty
    >>> sorted(penalty_arrays([ridge_penalty(3, 2, C=1.0, n_labelled=10)]))[:2]
    ['penalty.0.biases', 'penalty.0.factor']
    """
    arrays: dict[str, NDArray[Any]] = {}
    for index, penalty in enumerate(penalties):
        name = f"penalty.{index}"
        arrays.update(head_arrays(name, penalty.head))
        arrays[f"{name}.factor"] = penalty.factor.numpy()
        arrays[f"{name}.ridge"] = np.array(penalty.ridge)
    return arrays


def penalties_from_state(state: ModelState, count: int) -> list[HeadPenalty]:
    """Return the penalties from the arrays of :func:`penalty_arrays`.

    Parameters
    ----------
    state : ModelState
        The state of a network classifier.
    count : int
        Its number of networks.

    Returns
    -------
    list of HeadPenalty
        Empty where the state has none, as in models saved by version 0.1.

    See Also
    --------
    penalty_arrays : The inverse.

    Examples
    --------
    >>> from bci_dann.estimators.networks import penalties_from_state, penalty_arrays
    >>> from bci_dann.persistence import ModelState
    >>> from bci_dann.training import ridge_penalty
    >>> arrays = penalty_arrays([ridge_penalty(3, 2, C=1.0, n_labelled=10)])
    >>> penalties_from_state(ModelState({}, arrays), 1)[0].ridge
    0.1
    """
    parts = [state.part(f"penalty.{index}") for index in range(count)]
    if not all(parts):
        return []
    return [
        HeadPenalty(head_from_arrays(part), float(part["ridge"]), torch.from_numpy(part["factor"]))
        for part in parts
    ]


def _penalty(network: Decoder, signals: NDArray[np.float32]) -> HeadPenalty:
    weights, biases = (part.detach().double() for part in network.head.parameters())
    head = LinearHead(weights.T.contiguous(), biases)
    # with zero weights all classes are equally probable: see `head_penalties`
    undecided = LinearHead(*map(torch.zeros_like, head))
    features = _features(network, signals)
    factor = source_penalty(undecided, features, ridge=0.0).factor
    power = float(factor[:, :-1].square().sum())
    return HeadPenalty(head, power / features.shape[1], factor)


def _features(network: Decoder, signals: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(features_and_logits(network, signals)[0]).double()


def _set_head(network: Decoder, head: LinearHead) -> None:
    weights, biases = network.head.parameters()
    with torch.no_grad():
        weights.copy_(head.weights.T)
        biases.copy_(head.biases)
