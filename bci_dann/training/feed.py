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
from bci_dann.training.data import Member, TrainingSettings
from bci_dann.training.inputs import Batch, TrainingInputs, joined

__all__ = ["Feed", "Pick"]


class Pick(NamedTuple):
    """What each network sees in one step.

    Parameters
    ----------
    here, there : Tensor of int64, shape (n_networks, batch)
        Which trials, on the CPU and on the device.
    keys : Tensor of int32, shape (n_networks, n_dropout_layers)
        What the dropout masks are made from, on the device.
    """

    here: Tensor
    there: Tensor
    keys: Tensor


class Feed:
    """Takes the trials of all networks for a step at once.

    On a GPU the number of calls counts, not the number of trials: so what is drawn for an
    epoch is brought there in one piece, and networks that share their trials are served from
    one table in one call.

    Parameters
    ----------
    members : sequence of Member
        Their batches must be as long as each other's.
    settings : TrainingSettings
        Batch size and device.
    """

    def __init__(self, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._members, self._size = members, settings.batch_size
        self._device = torch.device(settings.device)
        self._n_keys = len(keyed_layers(members[0].network))
        self._groups = _sharing(members)
        self._inputs = [
            TrainingInputs(members[first].network, members[first].data.X, self._device)
            for first, *_ in self._groups
        ]
        served = torch.tensor([index for group in self._groups for index in group])
        in_turn = torch.equal(served, torch.arange(len(members)))
        self._back = None if in_turn else served.argsort().to(self._device)
        data = [member.data for member in members]
        self._trials = [
            pad_sequence(parts, batch_first=True).to(self._device)
            for parts in (
                [one.labels for one in data],
                [one.domains for one in data],
                [one.weights for one in data],
                [one.is_target for one in data],
            )
        ]

    def few(self, n_trials: int) -> Inputs:
        """Return the first trials of the first network.

        Parameters
        ----------
        n_trials : int
            How many, where there are as many.
        """
        n_all = len(self._members[0].data.X)
        return self._inputs[0].take(torch.arange(min(n_trials, n_all)))

    def plan(self) -> list[Pick]:
        """Draw the order of an epoch for each network, and cut it."""
        orders = np.stack([self._order(member) for member in self._members])
        n_batches = len(batches_of(orders, self._size))
        index, keys = torch.from_numpy(orders), torch.from_numpy(self._keys(n_batches))
        cuts = (batches_of(whole, self._size) for whole in (index, index.to(self._device)))
        return list(map(Pick, *cuts, keys.to(self._device)))

    def batch(self, pick: Pick) -> Batch:
        """Return the trials of one step, every part with the networks on its first axis."""
        taken = [
            inputs.take(pick.here[group])
            for inputs, group in zip(self._inputs, self._groups, strict=True)
        ]
        labels, domains, weights, is_target = (part.gather(1, pick.there) for part in self._trials)
        return Batch(joined(taken, self._back), labels, domains, weights, is_target, pick.keys)

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


def _sharing(members: Sequence[Member]) -> list[list[int]]:
    """Return which members have their trials in common."""
    groups: dict[int, list[int]] = {}
    for index, member in enumerate(members):
        groups.setdefault(id(member.data.X), []).append(index)
    return list(groups.values())
