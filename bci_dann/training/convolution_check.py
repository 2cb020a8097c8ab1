"""Convolutions whose gradients can be trusted.

oneDNN, which computes torch's convolutions on a CPU, has returned wrong weight gradients
without a word: in torch 2.13 on CPUs with AVX-512, for kernels that span 14 to 19 electrodes.
A network that is trained with them learns something, but not what it could.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from bci_dann._random import TURN
from bci_dann.exceptions import BCIDannWarning
from bci_dann.models import Decoder, Inputs

__all__ = ["checked_convolutions"]

# Rounding gives about 1e-6; the wrong gradients differ by more than their own length.
TOLERANCE = 0.05

# Weights without influence have gradients of rounding noise, this small beside all others.
NEGLIGIBLE = 1e-5


@contextmanager
def checked_convolutions(network: Decoder, inputs: Inputs, device: torch.device) -> Iterator[None]:
    """Switch oneDNN off in the block, if it computes other gradients than torch itself.

    The switch is the process's, so the block has it to itself: threads take turns.

    Parameters
    ----------
    network : Decoder
        What will be trained; it is left as it is.
    inputs : Tensor or TrialSpectra
        A few trials to try.
    device : torch.device
        Where it will be trained; oneDNN works on CPUs only.
    """
    with TURN:
        if device.type != "cpu" or _gradients_agree(network, inputs):
            yield
            return
        warnings.warn(
            "oneDNN computes wrong gradients of this network's convolutions on this CPU, so it is "
            "trained without oneDNN, which is slower.",
            BCIDannWarning,
            stacklevel=3,
        )
        with _without_onednn():
            yield


@contextmanager
def _without_onednn() -> Iterator[None]:
    # `torch.backends.mkldnn.flags` would set precisions of other devices, too, and warn
    before = torch.backends.mkldnn.set_flags(_enabled=False)[0]  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        torch.backends.mkldnn.set_flags(_enabled=before)  # type: ignore[no-untyped-call]


def _gradients_agree(network: Decoder, inputs: Inputs) -> bool:
    found = _gradients(network, inputs)
    with _without_onednn():
        wanted = _gradients(network, inputs)
    total = torch.stack([torch.linalg.vector_norm(b) for b in wanted]).norm()
    return not any(  # gradients that are not finite are told by the loss
        torch.linalg.vector_norm(a - b)
        > TOLERANCE * torch.linalg.vector_norm(b) + NEGLIGIBLE * total
        for a, b in zip(found, wanted, strict=True)
    )


def _gradients(network: Decoder, inputs: Inputs) -> list[Tensor]:
    trial = copy.deepcopy(network).eval()  # without dropout, and statistics stay
    with torch.enable_grad():
        _, logits = trial(inputs)
        logits.square().sum().backward()
    return [weight.grad for weight in trial.parameters() if weight.grad is not None]
