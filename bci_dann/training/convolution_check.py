"""Check of oneDNN's convolution gradients, which are wrong on some CPUs, before training.

oneDNN, which computes torch's convolutions on a CPU, has returned wrong weight gradients
without any error: in torch 2.13 on CPUs with AVX-512, for kernels that span 14 to 19 electrodes.
A network that is trained with them learns something, but not what it could.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from bci_dann._random import TORCH_LOCK
from bci_dann.exceptions import BCIDannWarning
from bci_dann.models import Decoder, NetworkInput

__all__ = ["checked_convolutions"]

# Largest relative error of a gradient. Empirical: rounding gives about 1e-6, and the wrong
# gradients of torch 2.13 differ by more than their own length.
TOLERANCE = 0.05

# Gradients this small beside all others are rounding noise, of weights without influence.
# Empirical: those of ATCNet and EEGConformer in float32.
NEGLIGIBLE = 1e-5


@contextmanager
def checked_convolutions(
    network: Decoder, inputs: NetworkInput, device: torch.device
) -> Iterator[None]:
    """Switch oneDNN off inside a ``with`` block, if its gradients differ from torch's own.

    torch has one such switch for the whole process. So the block holds the package's lock of
    what a process has one of: other threads that train wait, and the switch is set back at
    its end. Nothing is remembered from one block to the next.

    Parameters
    ----------
    network : Decoder
        The network to be trained; it is not changed.
    inputs : Tensor or TrialSpectra
        A few trials to compute gradients of.
    device : torch.device
        Where it will be trained; oneDNN works on CPUs only.

    Yields
    ------
    None
        With convolutions whose gradients are right.

    Warns
    -----
    BCIDannWarning
        Where oneDNN is switched off, since training is slower without it.
    """
    with TORCH_LOCK:
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


def _gradients_agree(network: Decoder, inputs: NetworkInput) -> bool:
    gradients = _gradients(network, inputs)
    with _without_onednn():
        expected = _gradients(network, inputs)
    total = torch.stack([torch.linalg.vector_norm(b) for b in expected]).norm()
    return not any(  # gradients that are not finite show in the loss
        torch.linalg.vector_norm(a - b)
        > TOLERANCE * torch.linalg.vector_norm(b) + NEGLIGIBLE * total
        for a, b in zip(gradients, expected, strict=True)
    )


def _gradients(network: Decoder, inputs: NetworkInput) -> list[Tensor]:
    trial = copy.deepcopy(network).eval()  # without dropout, and statistics stay
    with torch.enable_grad():
        _, logits = trial(inputs)
        logits.square().sum().backward()
    return [weight.grad for weight in trial.parameters() if weight.grad is not None]
