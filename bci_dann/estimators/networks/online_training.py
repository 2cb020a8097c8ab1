"""Online training of a network on unlabelled trials of a new subject (T-TIME).

Li, Wang, Luo, Ding and Wu (2023), "T-TIME: test-time information maximization ensemble for
plug-and-play BCIs", IEEE Trans. Biomed. Eng. 71(2), 423-432, arXiv:2412.07228, section III.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bci_dann.estimators.networks.network_outputs import trial_batches
from bci_dann.models import Decoder
from bci_dann.models.precision import single_precision
from bci_dann.objectives.batch_view import entropy
from bci_dann.training.batch_norm import batch_norm_layers

__all__ = ["OnlineTraining", "information_loss"]

# The values of the paper and of its authors' code (github.com/sylyoung/DeepTransferEEG):
# number of trials in the sliding batch,
BATCH_TRIALS = 8
# temperature of the probabilities, and learning rate of Adam,
TEMPERATURE, LEARNING_RATE = 2.0, 1e-3
# constant that is added to the counts in the class weights, ``c`` in `information_loss`,
COUNT_OFFSET = 4.0
# and the probability above which a trial is counted for its class.
CONFIDENT_PROBABILITY = 0.7

Moments = Mapping[int, Mapping[str, Tensor]]


def information_loss(probabilities: Tensor, counts: Tensor) -> Tensor:
    """Return the conditional entropy of trials minus the entropy of weighted class shares.

    ``mean_i H(p_i) + sum_k q_k log q_k``, where ``q_k`` is proportional to
    ``mean_i p_ik / (c + z_k)`` and ``z_k`` counts the past trials that were confidently assigned to
    class ``k``: a class that was frequent in the past trials may also be frequent in the batch.

    Parameters
    ----------
    probabilities : Tensor, shape (batch, n_classes)
        Class probabilities of the trials of the batch.
    counts : Tensor, shape (n_classes,)
        The counts ``z_k``.

    Returns
    -------
    Tensor, shape ()
        The loss (nats).

    See Also
    --------
    bci_dann.objectives.InformationMaximisation : A similar term, for training on all trials.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.estimators.networks import information_loss
    >>> one_class = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    >>> both_classes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> none = torch.zeros(2)
    >>> bool(information_loss(both_classes, none) < information_loss(one_class, none))
    True
    """
    weighted = probabilities.mean(0) / (COUNT_OFFSET + counts)
    return entropy(probabilities).mean() - entropy(weighted / weighted.sum())


@dataclass(frozen=True)
class OnlineTraining:
    """State of the online training: the last trials, and the moments of Adam.

    Parameters
    ----------
    signals : tuple of ndarray, shape (n_chans, n_times)
        The last trials, standardised; at most eight.
    counts : tuple of float
        Number of past trials confidently assigned to each class; empty before the first step.
    moments : mapping of int to mapping of str to Tensor
        Adam's ``step``, ``exp_avg`` and ``exp_avg_sq`` of each parameter.

    See Also
    --------
    bci_dann.TTimeClassifier : The method that uses it.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.estimators.networks import OnlineTraining
    >>> from bci_dann.models import Decoder, make_backbone
    >>> online, network = OnlineTraining(), Decoder(make_backbone("EEGNet", 3, 256, 128.0), 2)
    >>> before = network
    >>> for signal in np.random.default_rng(0).normal(size=(8, 3, 256)).astype(np.float32):
    ...     online, network = online.step(network, signal)
    >>> network is before  # the eighth trial has made the first step
    False
    """

    signals: tuple[NDArray[np.float32], ...] = ()
    counts: tuple[float, ...] = ()
    moments: Moments = field(default_factory=dict)

    def step(self, network: Decoder, signal: NDArray[np.float32]) -> tuple[OnlineTraining, Decoder]:
        """Train a copy of the network by one step on the last eight trials.

        Batch normalisation uses the statistics of these trials, and updates its running ones. There
        is no dropout, so that the step is not random. With fewer than eight trials no step is
        taken.

        Parameters
        ----------
        network : Decoder
            In evaluation mode, on the CPU; not modified.
        signal : ndarray, shape (n_chans, n_times)
            The next trial, standardised.

        Returns
        -------
        online : OnlineTraining
            State that includes this trial.
        network : Decoder
            In evaluation mode.
        """
        signals = (*self.signals, signal)[-BATCH_TRIALS:]
        if len(signals) < BATCH_TRIALS:
            return replace(self, signals=signals), network
        network = copy.deepcopy(network)
        optimiser = self._optimiser(network)
        with torch.enable_grad(), single_precision():
            for layer in batch_norm_layers(network):
                layer.train()
            (batch,) = trial_batches(np.stack(signals))
            probabilities = (network(batch)[1] / TEMPERATURE).softmax(dim=1)
            counts = torch.tensor(self.counts or [0.0] * probabilities.shape[1])
            optimiser.zero_grad()
            information_loss(probabilities, counts).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        new = probabilities.detach() if not self.counts else probabilities.detach()[-1:]
        counts = counts + _confident(new)
        moments = optimiser.state_dict()["state"]
        return OnlineTraining(signals, tuple(counts.tolist()), moments), network.eval()

    def _optimiser(self, network: Decoder) -> torch.optim.Optimizer:
        optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        if self.moments:
            state = optimiser.state_dict()
            # a copy: steps change the tensors in place, and this network may be used again
            optimiser.load_state_dict({**state, "state": copy.deepcopy(dict(self.moments))})
        return optimiser

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, for saving.

        Returns
        -------
        dict of str to ndarray
            The last trials, the counts and the state of the optimiser.
        """
        arrays: dict[str, NDArray[Any]] = {
            "signals": np.stack(self.signals),
            "counts": np.array(self.counts),
        }
        for index, of_parameter in self.moments.items():
            arrays.update({f"{index}.{name}": one.numpy() for name, one in of_parameter.items()})
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> OnlineTraining:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            The arrays of :meth:`to_arrays`.

        Returns
        -------
        OnlineTraining
            Further steps are bit-identical.
        """
        moments: dict[int, dict[str, Tensor]] = {}
        for name, array in arrays.items():
            index, _, moment = name.partition(".")
            if moment:
                # a step is counted in a tensor without axes
                moments.setdefault(int(index), {})[moment] = torch.from_numpy(np.array(array))
        return cls(tuple(arrays["signals"]), tuple(arrays["counts"].tolist()), moments)


def _confident(probabilities: Tensor) -> Tensor:
    """Return the number of trials confidently assigned to each class."""
    return (probabilities > CONFIDENT_PROBABILITY).float().sum(0)
