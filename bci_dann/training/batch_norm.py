"""Batch-norm statistics: recomputed with the final weights, or updated online.

braindecode's EEGNet updates its running statistics by 1 % in each step, so that after a short
training they still depend on the initial weights. They are replaced by a pass over the training
trials with the final weights: Wu and Johnson (2021), "Rethinking 'Batch' in BatchNorm",
arXiv:2105.07576, section 3 ("precise BN").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bci_dann.models import NetworkInput
from bci_dann.models.precision import single_precision

__all__ = ["batch_norm_layers", "has_batch_norm", "recompute_batch_norm", "update_batch_norm"]


def batch_norm_layers(network: nn.Module) -> list[_BatchNorm]:
    """Return the batch-norm layers of a network.

    Parameters
    ----------
    network : nn.Module
        Any network.

    Returns
    -------
    list of nn.Module
        In the order of ``network.modules()``.
    """
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]


def has_batch_norm(network: nn.Module) -> bool:
    """Return whether a network has batch-norm layers.

    Parameters
    ----------
    network : nn.Module
        Any network.

    Returns
    -------
    bool
        True where :func:`recompute_batch_norm` has something to do.

    See Also
    --------
    recompute_batch_norm : Recomputes the statistics of these layers.

    Examples
    --------
    >>> from bci_dann.models import make_backbone
    >>> from bci_dann.training import has_batch_norm
    >>> has_batch_norm(make_backbone("EEGNet", 3, 256, 128.0))
    True
    """
    return bool(batch_norm_layers(network))


def recompute_batch_norm(
    network: nn.Module,
    batches: Iterable[NetworkInput],
    forward: Callable[[NetworkInput], object] | None = None,
    trial_axis: int = 0,
) -> None:
    """Set every batch-norm layer's running statistics to the mean over ``batches``.

    Each batch has the weight of its number of trials.

    After a short training, a moving average still depends on the initial weights. This is the
    "precise" batch normalisation of [1]_, section 3.

    Parameters
    ----------
    network : nn.Module
        Left in evaluation mode.
    batches : iterable of Tensor or TrialSpectra
        Standardised trials.
    forward : callable, optional
        Called instead of ``network``, whose layers it must use.
    trial_axis : int
        Axis of a batch along which trials lie; 1 in a stack of networks.

    See Also
    --------
    has_batch_norm : Tests for batch-norm layers.
    bci_dann.NetworkClassifier : Its parameter ``batch_norm`` chooses the trials.

    References
    ----------
    .. [1] Wu, Y. and Johnson, J. (2021). Rethinking "Batch" in BatchNorm. arXiv:2105.07576.

    Examples
    --------
    >>> import torch
    >>> from torch import Tensor, nn
    >>> from bci_dann.training import recompute_batch_norm
    >>> network = nn.BatchNorm1d(2)
    >>> recompute_batch_norm(network, [torch.tensor([[1.0, 4.0], [3.0, 6.0]])])
    >>> network.running_mean
    tensor([2., 5.])
    """
    network.eval()  # no dropout
    layers = batch_norm_layers(network)
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.train()
    n_trials = 0
    with torch.no_grad(), single_precision():
        for batch in batches:
            signals = batch if isinstance(batch, Tensor) else batch.spectrum
            n_new = signals.shape[trial_axis]
            n_trials += n_new
            for layer in layers:
                layer.momentum = n_new / n_trials  # the average over all trials
            (forward or network)(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()


def update_batch_norm(network: nn.Module, batch: NetworkInput, weight: float) -> None:
    """Move every batch-norm layer's running statistics towards those of a batch.

    Parameters
    ----------
    network : nn.Module
        Modified in place, and left in evaluation mode.
    batch : Tensor or TrialSpectra
        Standardised trials.
    weight : float
        Weight of the batch, from 0 to 1.

    See Also
    --------
    recompute_batch_norm : Replaces the statistics.

    Examples
    --------
    >>> import torch
    >>> from torch import Tensor, nn
    >>> from bci_dann.training.batch_norm import update_batch_norm
    >>> network = nn.BatchNorm1d(2)
    >>> update_batch_norm(network, torch.tensor([[1.0, 4.0], [3.0, 6.0]]), weight=0.5)
    >>> network.running_mean
    tensor([1.0000, 2.5000])
    """
    network.eval()  # no dropout
    layers = batch_norm_layers(network)
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = weight
        layer.train()
    with torch.no_grad(), single_precision():
        network(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
