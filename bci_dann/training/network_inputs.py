"""Network inputs that are computed once for all trials, and indexed for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bci_dann.models import Decoder, NetworkInput

__all__ = ["Batch", "PreparedTrials", "prepared_limit", "take_trials"]

# Largest size of prepared trials in memory. Larger ones are computed batch by batch, so that a
# worker needs memory for one copy of the signals only. 256 MiB are enough for the spectra that
# EEGNet needs of about 3,000 trials of 15 channels and 1,000 samples.
PREPARED_BYTES = 256 * 2**20

# Number of trials that are transformed at a time, to bound the memory of intermediate results.
# Empirical: any number from 32 to 2,000 takes the same time.
CHUNK = 256


class Batch(NamedTuple):
    """Trials of one training step; for several networks, these are the first axis of each tensor.

    Attributes
    ----------
    inputs : Tensor or TrialSpectra
        Input of the network.
    labels, domains, weights, is_target : Tensor, shape (batch,)
        As in :class:`bci_dann.objectives.BatchView`.
    keys : Tensor of int32, shape (n_dropout_layers,)
        Keys of the dropout masks.
    """

    inputs: NetworkInput
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    keys: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """Return all tensors of the batch.

        Returns
        -------
        tuple of Tensor
            The tensors of ``inputs`` first.
        """
        inputs, *others = self
        return (*_parts(inputs), *others)

    def with_tensors(self, tensors: Iterable[Tensor]) -> Batch:
        """Return a batch of the same structure with other tensors.

        Parameters
        ----------
        tensors : iterable of Tensor
            In the order of :meth:`tensors`.

        Returns
        -------
        Batch
            Its ``inputs`` have the same type.
        """
        row, n_parts = list(tensors), len(_parts(self.inputs))
        return Batch(_with_parts(self.inputs, row[:n_parts]), *row[n_parts:])

    def of_first_network(self) -> Batch:
        """Return the batch of the first network.

        Returns
        -------
        Batch
            Without the axis of the networks.
        """
        return self.with_tensors(part[0] for part in self.tensors())


class PreparedTrials:
    """The trials of all networks, prepared as network inputs where these fit into memory.

    Parameters
    ----------
    network : Decoder
        Its ``prepare`` computes what does not depend on weights; any network of a stack.
    signals : sequence of Tensor, shape (n_trials, n_chans, n_times)
        Standardised trials of each network. Networks with the same tensor share its prepared
        inputs.
    device : torch.device
        Device of the batches. Prepared trials are stored there in one tensor, so that a step
        gathers the trials of all networks in one call.
    """

    def __init__(self, network: Decoder, signals: Sequence[Tensor], device: torch.device) -> None:
        self._network, self._signals, self._device = network, signals, device
        tables = list({id(X): X for X in signals}.values())
        ends = np.cumsum([len(X) for X in tables])
        starts = {id(X): int(end) - len(X) for X, end in zip(tables, ends, strict=True)}
        self._starts = torch.tensor([[starts[id(X)]] for X in signals], device=device)
        first = tables[0][:1].to(device)
        example = network.prepare(first)
        size = _nbytes(_parts(example)) * int(ends[-1])
        self._prepared: NetworkInput | None = None
        if size <= prepared_limit(device, len(tables)):
            unchanged = example is first and len(tables) == 1
            self._prepared = (
                tables[0].to(device) if unchanged else _prepare(network, tables, device)
            )

    def take(self, index: Tensor) -> NetworkInput:
        """Return trials as input of the networks.

        Parameters
        ----------
        index : Tensor of int64, shape (n_networks, batch)
            Indices into the trials of each network, on the device.

        Returns
        -------
        Tensor or TrialSpectra
            Each part starts with the axes of ``index``.
        """
        if self._prepared is not None:
            return take_trials(self._prepared, index + self._starts)
        taken = [X[chosen] for X, chosen in zip(self._signals, index.cpu(), strict=True)]
        prepared = self._network.prepare(torch.cat(taken).to(self._device))
        return _with_parts(
            prepared, (part.view(*index.shape, *part.shape[1:]) for part in _parts(prepared))
        )

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
        return self._network.prepare(self._signals[0][:n_trials].to(self._device))


def take_trials(inputs: NetworkInput, index: Tensor | int) -> NetworkInput:
    """Return a selection of the trials of a network's input.

    Parameters
    ----------
    inputs : Tensor or TrialSpectra
        Trials.
    index : int or Tensor of int64, shape (..., batch)
        Indices of trials, on the same device.

    Returns
    -------
    Tensor or TrialSpectra
        Each part starts with the axes of ``index``.
    """
    return _with_parts(inputs, (part[index] for part in _parts(inputs)))


def prepared_limit(device: torch.device, n_tables: int = 1) -> int:
    """Return how many bytes of prepared trials a device may hold.

    Parameters
    ----------
    device : torch.device
        On a GPU the limit is half of what is free.
    n_tables : int
        Number of distinct tensors of trials.

    Returns
    -------
    int
        Number of bytes.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    return PREPARED_BYTES * n_tables


def _prepare(network: Decoder, tables: Sequence[Tensor], device: torch.device) -> NetworkInput:
    """Prepare trials chunk by chunk, and write them into the result without a second copy."""
    tensors: list[Tensor] = []
    n_trials, end = sum(map(len, tables)), 0
    for X in tables:
        for signals in torch.split(X, CHUNK):
            chunk = network.prepare(signals.to(device))
            tensors = tensors or [
                part.new_empty(n_trials, *part.shape[1:]) for part in _parts(chunk)
            ]
            start, end = end, end + len(signals)
            for tensor, part in zip(tensors, _parts(chunk), strict=True):
                tensor[start:end] = part
    return _with_parts(chunk, tensors)


def _with_parts(form: NetworkInput, parts: Iterable[Tensor]) -> NetworkInput:
    """Return tensors in the structure of a network's input."""
    if isinstance(form, Tensor):
        (signals,) = parts
        return signals
    return type(form)(*parts)


def _parts(inputs: NetworkInput) -> Sequence[Tensor]:
    return (inputs,) if isinstance(inputs, Tensor) else inputs


def _nbytes(parts: Sequence[Tensor]) -> int:
    return sum(part.nbytes for part in parts)
