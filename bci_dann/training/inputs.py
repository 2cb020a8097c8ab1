"""Trials as the network starts from them: computed once, indexed for every batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from bci_dann.models import Decoder, Inputs

__all__ = ["Batch", "TrainingInputs", "joined", "rows"]

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
    """The signals of all trials, prepared for a network where that fits into memory.

    Parameters
    ----------
    network : Decoder
        Says what can be computed before the first epoch.
    X : Tensor, shape (n_trials, n_chans, n_times)
        Signals, scaled.
    device : torch.device
        Where batches are wanted. Prepared trials live there.
    """

    def __init__(self, network: Decoder, X: Tensor, device: torch.device) -> None:
        self._network, self._device = network, device
        first = X[:1].to(device)
        ready = network.prepare(first)
        size = _nbytes(_parts(ready)) * len(X)
        self._prepared: Inputs | None = None
        if size <= prepared_limit(device):
            self._prepared = X.to(device) if ready is first else _prepare(network, X, device)
        else:
            self._X = X

    def take(self, index: Tensor) -> Inputs:
        """Return the trials at ``index`` as the network's input.

        Parameters
        ----------
        index : Tensor of int64, shape (..., batch)
            Which trials, on the CPU or on the device.

        Returns
        -------
        Tensor or TrialSpectra
            With the shape of ``index`` in the place of the first axis.
        """
        if self._prepared is not None:
            return rows(self._prepared, index.to(self._device))
        signals = self._X[index.flatten().to(self._X.device)]
        ready = self._network.prepare(signals.to(self._device))
        return _with_parts(
            ready, (part.view(*index.shape, *part.shape[1:]) for part in _parts(ready))
        )


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


def joined(pieces: Sequence[Inputs], back: Tensor | None = None) -> Inputs:
    """Lay pieces behind each other along the first axis.

    Parameters
    ----------
    pieces : sequence of Tensor or TrialSpectra
        Of one form.
    back : Tensor of int64, optional
        The order that is wanted, on the same device; as they come where it is None.

    Returns
    -------
    Tensor or TrialSpectra
    """
    if len(pieces) == 1:
        return pieces[0]
    whole = map(torch.cat, zip(*map(_parts, pieces), strict=True))
    return _with_parts(pieces[0], whole if back is None else (part[back] for part in whole))


def prepared_limit(device: torch.device) -> int:
    """Return how many bytes of prepared trials a device may hold.

    Parameters
    ----------
    device : torch.device
        On a GPU it is half of what is free.

    Returns
    -------
    int
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0]) // 2
    return PREPARED_BYTES


def _prepare(network: Decoder, X: Tensor, device: torch.device) -> Inputs:
    """Transform some trials at a time into tensors for all, which are never held twice."""
    whole: list[Tensor] = []
    for start in range(0, len(X), CHUNK):
        chunk = network.prepare(X[start : start + CHUNK].to(device))
        whole = whole or [part.new_empty(len(X), *part.shape[1:]) for part in _parts(chunk)]
        for kept, part in zip(whole, _parts(chunk), strict=True):
            kept[start : start + len(part)] = part
    return whole[0] if isinstance(chunk, Tensor) else type(chunk)(*whole)


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
