"""The batches of one network or of several, each in its own order and with its own dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from bci_dann.models import Inputs, keyed_layers
from bci_dann.training.batching import balanced_order, batches_of
from bci_dann.training.network_inputs import Batch, TrainingInputs
from bci_dann.training.training_data import Member, TrainingSettings

__all__ = ["Feed", "Pick"]


class Pick(NamedTuple):
    """What the networks see in one step.

    Parameters
    ----------
    trials : Tensor of int64, shape (n_networks, batch)
        Which trials.
    keys : Tensor of int32, shape (n_networks, n_dropout_layers)
        What the dropout masks are made from.
    """

    trials: Tensor
    keys: Tensor


class Feed:
    """Takes the trials of all networks for a step at once.

    On a GPU the number of calls counts, not the number of trials: so what is drawn for an
    epoch is brought there in one piece, and one call serves all networks.

    Parameters
    ----------
    members : sequence of Member
        Their batches must be as long as each other's.
    settings : TrainingSettings
        Batch size and device.
    """

    def __init__(self, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._members, self._size = members, settings.batch_size
        self._device, data = torch.device(settings.device), [member.data for member in members]
        network = members[0].network
        self._n_keys = len(keyed_layers(network))
        self._inputs = TrainingInputs(network, [one.X for one in data], self._device)
        parts = (
            [one.labels for one in data],
            [one.domains for one in data],
            [one.weights for one in data],
            [one.is_target for one in data],
        )
        self._trials = [pad_sequence(part, batch_first=True).to(self._device) for part in parts]

    def few(self, n_trials: int) -> Inputs:
        """Return at most so many trials of the first network, without its axis."""
        return self._inputs.few(n_trials)

    def plan(self) -> list[Pick]:
        """Draw the order of an epoch for each network, and cut it."""
        orders = np.stack([self._order(member) for member in self._members])
        batches = batches_of(torch.from_numpy(orders).to(self._device), self._size)
        keys = torch.from_numpy(self._keys(len(batches))).to(self._device)
        return list(map(Pick, batches, keys))

    def batch(self, pick: Pick) -> Batch:
        """Return the trials of one step, every part with the networks on its first axis."""
        labels, domains, weights, is_target = (part.gather(1, pick.trials) for part in self._trials)
        inputs = self._inputs.take(pick.trials)
        return Batch(inputs, labels, domains, weights, is_target, pick.keys)

    def _order(self, member: Member) -> NDArray[np.int64]:
        data = member.data
        return balanced_order(
            data.labels.numpy(), data.domains.numpy(), member.rng, data.n_recorded
        )

    def _keys(self, n_batches: int) -> NDArray[np.int32]:
        """Draw keys of dropout, ``(n_batches, n_networks, n_dropout_layers)``."""
        shape = n_batches, self._n_keys
        drawn = [
            member.rng.integers(-(2**31), 2**31, size=shape, dtype=np.int32)
            for member in self._members
        ]
        return np.stack(drawn, axis=1)
