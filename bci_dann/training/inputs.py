"""Trials as the network starts from them: computed once, indexed for every batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from bci_dann.models import Decoder, Inputs

__all__ = ["TrainingInputs"]

# More than this is not kept ready but computed batch by batch, so that a worker's memory
# does not grow with the data beyond one copy of the signals.
PREPARED_BYTES = 256 * 2**20

# Trials that are transformed at a time.
CHUNK = 256


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
        size = _nbytes(_parts(network.prepare(X[:1].to(device)))) * len(X)
        self._prepared: Inputs | None = None
        if size <= prepared_limit(device):
            self._prepared = _prepare(network, X, device)
        else:
            self._X = X

    def take(self, index: Tensor) -> Inputs:
        """Return the trials at ``index`` as the network's input.

        Parameters
        ----------
        index : Tensor of int64, shape (batch,)
            Which trials.

        Returns
        -------
        Tensor or TrialSpectra
        """
        if self._prepared is None:
            return self._network.prepare(self._X[index].to(self._device))
        index = index.to(self._device)
        if isinstance(self._prepared, Tensor):
            return self._prepared[index]
        return type(self._prepared)(*(part[index] for part in self._prepared))


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
    first, *rest = (network.prepare(chunk.to(device)) for chunk in torch.split(X, CHUNK))
    if not rest:
        return first
    chunks = [_parts(chunk) for chunk in (first, *rest)]
    joined = [torch.cat(list(parts)) for parts in zip(*chunks, strict=True)]
    return joined[0] if isinstance(first, Tensor) else type(first)(*joined)


def _parts(inputs: Inputs) -> Sequence[Tensor]:
    return (inputs,) if isinstance(inputs, Tensor) else inputs


def _nbytes(parts: Sequence[Tensor]) -> int:
    return sum(part.nbytes for part in parts)
