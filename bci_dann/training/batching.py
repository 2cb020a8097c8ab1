"""Batches that are balanced over domains, and over classes within each domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bci_dann.models import NetworkInput, keyed_layers
from bci_dann.training.network_inputs import Batch, PreparedTrials
from bci_dann.training.training_data import Member, TrainingSettings

__all__ = ["BatchIndices", "BatchLoader", "balanced_order", "batches_of"]

Indices = NDArray[np.int64]
IndicesOrTensor = TypeVar("IndicesOrTensor", Indices, Tensor)

# Dropout keys are drawn from all signed 32-bit integers.
KEY_RANGE = (-(2**31), 2**31)


def balanced_order(
    labels: Indices, domains: Indices, rng: np.random.Generator, n_trials: int | None = None
) -> Indices:
    """Return the order of trials in one epoch, balanced over domains and over classes in a domain.

    An epoch has as many rounds as the average domain has trials, and each round contains one trial
    of every domain. Trials of small domains and classes are repeated within an epoch; of large ones
    a random part is used in each epoch.

    Parameters
    ----------
    labels : ndarray of int, shape (n_trials,)
        Class indices; all unlabelled trials have the same value.
    domains : ndarray of int, shape (n_trials,)
        Domain indices.
    rng : numpy.random.Generator
        Source of randomness.
    n_trials : int, optional
        Length of an epoch; by default that of ``labels``.

    Returns
    -------
    ndarray of int, shape (n_rounds * n_domains,)
        Indices into the trials.
    """
    names = np.unique(domains)
    n_rounds = max(1, round((n_trials or len(domains)) / len(names)))
    columns = [
        _class_alternating(np.flatnonzero(domains == name), labels, n_rounds, rng) for name in names
    ]
    rounds = rng.permuted(np.stack(columns, axis=1), axis=1)
    order: Indices = rounds.reshape(-1)
    return order


def batches_of(order: IndicesOrTensor, batch_size: int) -> list[IndicesOrTensor]:
    """Divide an order of trials into batches.

    A remainder shorter than half a batch is added to the last batch, so that no batch is too small
    for batch normalisation.

    Parameters
    ----------
    order : ndarray or Tensor of int, shape (..., n)
        Indices into the trials.
    batch_size : int
        Requested length; the last batch may be up to half as long again.

    Returns
    -------
    list of ndarray or Tensor
        At least one batch.
    """
    n_batches = max(1, round(order.shape[-1] / batch_size))
    return [
        order[..., start : start + batch_size if index < n_batches - 1 else None]
        for index, start in enumerate(range(0, n_batches * batch_size, batch_size))
    ]


class BatchIndices(NamedTuple):
    """Trial indices and dropout keys of one training step, for each network.

    Attributes
    ----------
    trials : Tensor of int64, shape (n_networks, batch)
        Indices into the trials of each network.
    keys : Tensor of int32, shape (n_networks, n_dropout_layers)
        Keys of the dropout masks.
    """

    trials: Tensor
    keys: Tensor


class BatchLoader:
    """Draws balanced batches for several networks, each with its own order and dropout keys.

    On a GPU the time depends on the number of calls, not of trials. The indices of an epoch are
    therefore copied to the device at once, and one call gathers the trials of all networks.

    Parameters
    ----------
    members : sequence of Member
        Networks with batches of the same lengths.
    settings : TrainingSettings
        Batch size and device.
    """

    def __init__(self, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._members, self._batch_size = members, settings.batch_size
        self._device, data = torch.device(settings.device), [member.data for member in members]
        network = members[0].network
        self._n_keys = len(keyed_layers(network))
        self._signals = PreparedTrials(network, [one.X for one in data], self._device)
        columns = (
            [one.labels for one in data],
            [one.domains for one in data],
            [one.weights for one in data],
            [one.is_target for one in data],
        )
        self._columns = [pad_sequence(part, batch_first=True).to(self._device) for part in columns]

    def first_trials(self, n_trials: int) -> NetworkInput:
        """Return the first trials of the first network, as input of the network.

        Parameters
        ----------
        n_trials : int
            Largest number of trials.

        Returns
        -------
        Tensor or TrialSpectra
            Without the axis of the networks.
        """
        return self._signals.first_trials(n_trials)

    def draw_epoch(self) -> list[BatchIndices]:
        """Draw the order of an epoch for each network, and divide it into batches.

        Returns
        -------
        list of BatchIndices
            One for each step of the epoch.
        """
        orders = np.stack([self._order(member) for member in self._members])
        batches = batches_of(torch.from_numpy(orders).to(self._device), self._batch_size)
        keys = torch.from_numpy(self._keys(len(batches))).to(self._device)
        return list(map(BatchIndices, batches, keys))

    def batch(self, indices: BatchIndices) -> Batch:
        """Return the trials of one step.

        Parameters
        ----------
        indices : BatchIndices
            From :meth:`draw_epoch`.

        Returns
        -------
        Batch
            The first axis of every part is the network.
        """
        labels, domains, weights, is_target = (
            column.gather(1, indices.trials) for column in self._columns
        )
        inputs = self._signals.take(indices.trials)
        return Batch(inputs, labels, domains, weights, is_target, indices.keys)

    def _order(self, member: Member) -> Indices:
        data = member.data
        return balanced_order(
            data.labels.numpy(), data.domains.numpy(), member.rng, data.n_recorded
        )

    def _keys(self, n_batches: int) -> NDArray[np.int32]:
        """Draw dropout keys, ``(n_batches, n_networks, n_dropout_layers)``."""
        shape = n_batches, self._n_keys
        drawn = [
            member.rng.integers(*KEY_RANGE, size=shape, dtype=np.int32) for member in self._members
        ]
        return np.stack(drawn, axis=1)


def _class_alternating(
    trials: Indices, labels: Indices, n_rounds: int, rng: np.random.Generator
) -> Indices:
    """Draw ``n_rounds`` trials of one domain, alternating between its classes."""
    classes = rng.permutation(np.unique(labels[trials]))
    per_class = -(-n_rounds // len(classes))
    drawn = [_repeated_shuffles(trials[labels[trials] == c], per_class, rng) for c in classes]
    order: Indices = np.stack(drawn, axis=1).reshape(-1)[:n_rounds]
    return order


def _repeated_shuffles(trials: Indices, n: int, rng: np.random.Generator) -> Indices:
    """Draw ``n`` trials: each once in random order before any is repeated."""
    shuffles = [rng.permutation(trials) for _ in range(-(-n // len(trials)))]
    order: Indices = np.concatenate(shuffles)[:n]
    return order
