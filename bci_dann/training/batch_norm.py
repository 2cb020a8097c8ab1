"""Batch-norm statistics of the finished network, in place of a trailing average.

braindecode's EEGNet moves its running statistics by 1 % a step, so after a short training
they still describe the first weights. One pass over the training trials with the final
weights replaces them: Wu and Johnson (2021), "Rethinking 'Batch' in BatchNorm",
arXiv:2105.07576, section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bci_dann.models import Inputs

__all__ = ["has_batch_norm", "recompute_batch_norm"]


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a network has layers whose statistics can be taken anew."""
    return any(isinstance(module, _BatchNorm) for module in network.modules())


def recompute_batch_norm(
    network: nn.Module,
    batches: Iterable[Inputs],
    forward: Callable[[Inputs], object] | None = None,
) -> None:
    """Set every batch-norm layer's running statistics to the mean over ``batches``.

    Parameters
    ----------
    network : nn.Module
        Left in evaluation mode.
    batches : iterable of Tensor or TrialSpectra
        The training trials, scaled.
    forward : callable, optional
        How a batch passes through, where it is not the network alone that does it.
    """
    network.eval()  # no dropout
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    with torch.no_grad():
        for count, batch in enumerate(batches, start=1):
            for layer in layers:
                layer.momentum = 1.0 / count  # a plain average over the batches
            (forward or network)(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
