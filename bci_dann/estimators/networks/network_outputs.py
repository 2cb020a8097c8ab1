"""Outputs of trained networks, and averages over the members of an ensemble."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann.exceptions import BCIDannWarning, TrainingError
from bci_dann.models import Decoder
from bci_dann.models.precision import single_precision
from bci_dann.training import History, Member

__all__ = [
    "features_and_logits",
    "mean_losses",
    "mean_probabilities",
    "trained_networks",
    "trial_batches",
]

# Maximum number of trials that a network processes at a time, to bound memory.
PREDICTION_BATCH = 256


def features_and_logits(
    network: Decoder, signals: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return features and logits of standardised trials.

    Parameters
    ----------
    network : Decoder
        In evaluation mode, on the CPU.
    signals : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned and standardised.

    Returns
    -------
    features : ndarray, shape (n_trials, n_features)
        Output of the backbone.
    logits : ndarray, shape (n_trials, n_classes)
        Output of the classification head.

    See Also
    --------
    mean_probabilities : Mean probabilities of several networks.
    trial_batches : Divides trials into batches.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import features_and_logits
    >>> from bci_dann.models import Decoder, make_backbone
    >>> network = Decoder(make_backbone("EEGNet", 3, 256, 128.0), n_classes=2).eval()
    >>> features, logits = features_and_logits(network, np.zeros((5, 3, 256), np.float32))
    >>> features.shape, logits.shape
    ((5, 128), (5, 2))
    """
    with torch.inference_mode(), single_precision():
        outputs = [network(part) for part in trial_batches(signals)]
    features, logits = (torch.cat(parts).numpy() for parts in zip(*outputs, strict=True))
    return features, logits


def trial_batches(signals: NDArray[np.float32]) -> Sequence[torch.Tensor]:
    """Return standardised trials as input of a network, divided into batches.

    Parameters
    ----------
    signals : ndarray, shape (n_trials, n_chans, n_times) or (n_samples, n_features)
        Aligned and standardised.

    Returns
    -------
    sequence of Tensor, shape (batch, n_chans, n_times)
        Vectors get a time axis of length one.

    See Also
    --------
    features_and_logits : Computes the outputs for the batches.
    bci_dann.training.recompute_batch_norm : Computes batch-norm statistics from them.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import trial_batches
    >>> [tuple(batch.shape) for batch in trial_batches(np.zeros((5, 3), np.float32))]
    [(5, 3, 1)]
    """
    trials = torch.from_numpy(signals if signals.ndim == 3 else signals[:, :, None])
    # of nearly equal size: statistics of batch normalisation need several trials
    return torch.tensor_split(trials, max(1, -(-len(trials) // PREDICTION_BATCH)))


def mean_probabilities(
    networks: Sequence[Decoder], signals: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return class probabilities of standardised trials, averaged over networks.

    Parameters
    ----------
    networks : sequence of Decoder
        The members of an ensemble.
    signals : ndarray
        See :func:`features_and_logits`.

    Returns
    -------
    ndarray, shape (n_trials, n_classes)
        Rows of sum 1.

    Raises
    ------
    TrainingError
        When a probability is not finite.

    See Also
    --------
    features_and_logits : The outputs of one network.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import mean_probabilities
    >>> from bci_dann.models import Decoder, make_backbone
    >>> members = [Decoder(make_backbone("MLP", 4, 1), n_classes=2).eval() for _ in range(2)]
    >>> mean_probabilities(members, np.zeros((5, 4), np.float32)).shape
    (5, 2)
    """
    logits = [
        torch.from_numpy(features_and_logits(network, signals)[1]).double() for network in networks
    ]
    probabilities: NDArray[np.float64] = torch.stack(logits).softmax(dim=2).mean(0).numpy()
    if not np.isfinite(probabilities).all():
        raise TrainingError(
            "the outputs of the network are not finite: its weights are too large. Train it "
            "with a lower `lr`, and look for trials of an extreme amplitude."
        )
    return probabilities


def trained_networks(
    members: Sequence[Member], histories: Sequence[History | TrainingError]
) -> tuple[list[Decoder], list[History]]:
    """Return the networks that finished training; a warning names those that did not.

    Parameters
    ----------
    members : sequence of Member
        The members of an ensemble.
    histories : sequence
        The history of each member, or the error that stopped it.

    Returns
    -------
    networks : list of Decoder
        The networks, on the CPU.
    histories : list
        Their histories.

    Raises
    ------
    TrainingError
        When no network finished.
    """
    errors = [history for history in histories if isinstance(history, TrainingError)]
    if len(errors) == len(members):
        raise errors[0]
    for error in errors:
        warnings.warn(f"a member is left out: {error}", BCIDannWarning, stacklevel=2)
    pairs = [
        (member.network.cpu(), history)
        for member, history in zip(members, histories, strict=True)
        if not isinstance(history, TrainingError)
    ]
    networks, finished = zip(*pairs, strict=True)
    return list(networks), list(finished)


def mean_losses(epoch: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each summand of the loss over members.

    Parameters
    ----------
    epoch : sequence of dict of str to float
        The losses of each member in one epoch.

    Returns
    -------
    dict of str to float
        The means by the name of the summand.

    See Also
    --------
    bci_dann.training.train : Returns such losses for one network.

    Examples
    --------
    >>> from bci_dann.estimators.networks import mean_losses
    >>> mean_losses([{"classification": 0.75}, {"classification": 0.25}])
    {'classification': 0.5}
    """
    return {name: float(np.mean([losses[name] for losses in epoch])) for name in epoch[0]}
