"""Check of oneDNN's convolution gradients before training, since they are wrong on some CPUs.

oneDNN computes torch's convolutions on CPUs. In torch 2.13, on CPUs with AVX-512 and for kernels
that span 14 to 19 electrodes, it returns wrong weight gradients without any error. A network still
trains with them, but less well.
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

# Gradients below this share of the norm of all gradients are rounding noise, for weights without
# effect. Empirical: from ATCNet and EEGConformer in float32.
NEGLIGIBLE = 1e-5


@contextmanager
def checked_convolutions(
    network: Decoder, inputs: NetworkInput, device: torch.device
) -> Iterator[None]:
    """Switch oneDNN off inside a ``with`` block if its gradients differ from those without it.

    torch has one such switch for the whole process. The block therefore holds the package's lock
    for process-wide state, so that other training threads wait, and restores the switch at its end.
    The check is repeated for every block.

    Parameters
    ----------
    network : Decoder
        The network to be trained; not modified.
    inputs : Tensor or TrialSpectra
        A few trials for which gradients are computed.
    device : torch.device
        Where it will be trained; oneDNN is used on CPUs only.

    Yields
    ------
    None
        With correct gradients of convolutions.

    Warns
    -----
    BCIDannWarning
        Where oneDNN is switched off, which makes training slower.
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
    # `torch.backends.mkldnn.flags` would also set precisions of other devices, and warn
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
    return not any(  # gradients that are not finite show in the loss later
        torch.linalg.vector_norm(a - b)
        > TOLERANCE * torch.linalg.vector_norm(b) + NEGLIGIBLE * total
        for a, b in zip(gradients, expected, strict=True)
    )


def _gradients(network: Decoder, inputs: NetworkInput) -> list[Tensor]:
    copied = copy.deepcopy(network).eval()  # no dropout, no change of batch-norm statistics
    with torch.enable_grad():
        _, logits = copied(inputs)
        logits.square().sum().backward()
    return [weight.grad for weight in copied.parameters() if weight.grad is not None]
