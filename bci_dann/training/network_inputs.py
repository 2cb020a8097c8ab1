"""Trials as the network starts from them: computed once, indexed for every batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bci_dann.models import Decoder, Inputs

__all__ = ["Batch", "TrainingInputs", "rows"]

# More than this is not kept ready but computed batch by batch, so that a worker's memory
# does not grow with the data beyond one copy of the signals.
PREPARED_BYTES = 256 * 2**20

# Trials that are transformed at a time.
CHUNK = 256


class Batch(NamedTuple):
    """The trials of one step of one network; or of several, which are then the first axis.

    Parameters
    ----------
    inputs : Tensor or TrialSpectra
        What the network takes.
    labels, domains, weights, is_target : Tensor, shape (batch,)
        As in :class:`BatchView`.
    keys : Tensor of int32, shape (n_dropout_layers,)
        What the dropout masks are made from.
    """

    inputs: Inputs
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    keys: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """Return all tensors in a row.

        Returns
        -------
        tuple of Tensor
        """
        inputs, *others = self
        return (*_parts(inputs), *others)

    def of(self, tensors: Iterable[Tensor]) -> Batch:
        """Return a batch of the same form.

        Parameters
        ----------
        tensors : iterable of Tensor
            In the order of :meth:`tensors`.

        Returns
        -------
        Batch
        """
        row, n_parts = list(tensors), len(_parts(self.inputs))
        return Batch(_with_parts(self.inputs, row[:n_parts]), *row[n_parts:])

    def alone(self) -> Batch:
        """Return what the only network of a step sees, without the axis of the networks.

        Returns
        -------
        Batch
        """
        return self.of(part[0] for part in self.tensors())


class TrainingInputs:
    """The signals of all trials, prepared for networks where that fits into memory.

    Parameters
    ----------
    network : Decoder
        Says what can be computed before the first epoch; of a stack, any.
    signals : sequence of Tensor, shape (n_trials, n_chans, n_times)
        What each network of a step is trained on, scaled. Those that share one tensor share
        what is prepared of it.
    device : torch.device
        Where batches are wanted. Prepared trials live there, in one table, so that a step
        takes those of all networks in one call.
    """

    def __init__(self, network: Decoder, signals: Sequence[Tensor], device: torch.device) -> None:
        self._network, self._signals, self._device = network, signals, device
        tables = list({id(X): X for X in signals}.values())
        ends = np.cumsum([len(X) for X in tables])
        starts = {id(X): int(end) - len(X) for X, end in zip(tables, ends, strict=True)}
        self._starts = torch.tensor([[starts[id(X)]] for X in signals], device=device)
        first = tables[0][:1].to(device)
        ready = network.prepare(first)
        size = _nbytes(_parts(ready)) * int(ends[-1])
        self._prepared: Inputs | None = None
        if size <= prepared_limit(device, len(tables)):
            alone = ready is first and len(tables) == 1
            self._prepared = tables[0].to(device) if alone else _prepare(network, tables, device)

    def take(self, index: Tensor) -> Inputs:
        """Return trials as the networks' input.

        Parameters
        ----------
        index : Tensor of int64, shape (n_networks, batch)
            Which of its trials each network takes, on the device.

        Returns
        -------
        Tensor or TrialSpectra
            Each part starts with the axes of ``index``.
        """
        if self._prepared is not None:
            return rows(self._prepared, index + self._starts)
        taken = [X[own] for X, own in zip(self._signals, index.cpu(), strict=True)]
        ready = self._network.prepare(torch.cat(taken).to(self._device))
        return _with_parts(
            ready, (part.view(*index.shape, *part.shape[1:]) for part in _parts(ready))
        )

    def few(self, n_trials: int) -> Inputs:
        """Return the first trials of the first network, without its axis.

        Parameters
        ----------
        n_trials : int
            At most so many.

        Returns
        -------
        Tensor or TrialSpectra
        """
        return self._network.prepare(self._signals[0][:n_trials].to(self._device))


def rows(inputs: Inputs, index: Tensor) -> Inputs:
    """Return some trials of what a network takes.

    Parameters
    ----------
    inputs : Tensor or TrialSpectra
        Trials.
    index : Tensor of int64, shape (..., batch)
        Which, on the same device.

    Returns
    -------
    Tensor or TrialSpectra
    """
    return _with_parts(inputs, (part[index] for part in _parts(inputs)))


def prepared_limit(device: torch.device, n_tables: int = 1) -> int:
    """Return how many bytes of prepared trials a device may hold.

    Parameters
    ----------
    device : torch.device
        On a GPU it is half of what is free.
    n_tables : int
        How many different sets of trials there are.

    Returns
    -------
    int
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    return PREPARED_BYTES * n_tables


def _prepare(network: Decoder, tables: Sequence[Tensor], device: torch.device) -> Inputs:
    """Transform some trials at a time into tensors for all, which are never held twice."""
    whole: list[Tensor] = []
    n_trials, end = sum(map(len, tables)), 0
    for X in tables:
        for signals in torch.split(X, CHUNK):
            chunk = network.prepare(signals.to(device))
            whole = whole or [part.new_empty(n_trials, *part.shape[1:]) for part in _parts(chunk)]
            start, end = end, end + len(signals)
            for kept, part in zip(whole, _parts(chunk), strict=True):
                kept[start:end] = part
    return _with_parts(chunk, whole)


def _with_parts(form: Inputs, parts: Iterable[Tensor]) -> Inputs:
    """Return other tensors in the form of a network's input."""
    if isinstance(form, Tensor):
        (signals,) = parts
        return signals
    return type(form)(*parts)


def _parts(inputs: Inputs) -> Sequence[Tensor]:
    return (inputs,) if isinstance(inputs, Tensor) else inputs


def _nbytes(parts: Sequence[Tensor]) -> int:
    return sum(part.nbytes for part in parts)
