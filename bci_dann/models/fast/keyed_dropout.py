"""Dropout with masks from a hash of a key, independent of the state of a random generator.

A network that is trained in a stack then drops the same features as when it is trained alone, on
any device.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["KeyedDropout", "keep_mask", "keyed", "keyed_layers", "replace_dropout"]

# Constants of the hash function "lowbias32", rounds of xor-shift and multiplication, from Wellons
# (2018), "Prospecting for hash functions", as signed 32-bit numbers. Positions are multiplied by
# the golden ratio.
GOLDEN = -1640531527
ROUNDS = ((16, 0x7FEB352D), (15, -2073254261))
LAST_SHIFT = 16
# Distance between the keys of two calls of a layer. Empirical: no position of the first million is
# hashed alike in two of 200 calls.
CALLS = 0x2545F491


class KeyedDropout(nn.Module):
    """Dropout whose masks are computed from a key, another one at each call.

    Without a key it is ``torch.nn.Dropout``, which uses torch's global generator.

    Parameters
    ----------
    p : float
        Share of features that are dropped.

    Attributes
    ----------
    key : Tensor of int32, shape (), or None
        Determines the masks until another key is set: the same key gives the same masks.
    n_calls : int
        Number of masks drawn with this key, by a network that applies the layer several times.
    """

    key: Tensor | None

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p, self.key, self.n_calls = p, None, 0

    def extra_repr(self) -> str:
        """Return the parameters in ``repr`` of the layer.

        Returns
        -------
        str
            The parameter ``p``.
        """
        return f"p={self.p}"

    def forward(self, X: Tensor) -> Tensor:
        """Drop features while training.

        Parameters
        ----------
        X : Tensor, any shape
            Features.

        Returns
        -------
        Tensor
            Of the same shape; ``X`` itself in evaluation mode.
        """
        if not self.training or self.p == 0.0:
            return X
        if self.key is None:
            return functional.dropout(X, self.p)
        key = self.key + (self.n_calls * CALLS) % 2**31
        self.n_calls += 1
        mask = keep_mask(key, X.numel(), self.p).view(X.shape)
        return X * mask.to(X.dtype).mul_(1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0)


def keep_mask(key: Tensor, n: int, p: float) -> Tensor:
    """Return which of ``n`` features stay.

    Parameters
    ----------
    key : Tensor of int32, shape ()
        Determines the mask.
    n : int
        Number of features.
    p : float
        Share of features that are dropped.

    Returns
    -------
    Tensor of bool, shape (n,)
        True where a feature stays.
    """
    value = torch.arange(n, dtype=torch.int32, device=key.device) * GOLDEN + key
    for shift, factor in ROUNDS:
        value = _xor_shift(value, shift) * factor
    return _xor_shift(value, LAST_SHIFT) >= math.floor(p * 2.0**32) - 2**31


def _xor_shift(value: Tensor, shift: int) -> Tensor:
    # int32 shifts keep the sign: the mask makes the shift a logical one
    return value ^ ((value >> shift) & (2 ** (32 - shift) - 1))


def replace_dropout(network: nn.Module) -> None:
    """Replace the dropout layers of a network by :class:`KeyedDropout`.

    Parameters
    ----------
    network : nn.Module
        Modified in place. Layers that drop whole channels are not replaced.
    """
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if type(layer) is nn.Dropout:
                setattr(module, name, KeyedDropout(layer.p))


def keyed_layers(network: nn.Module) -> list[KeyedDropout]:
    """Return the dropout layers with keys, in the order of the keys in :func:`keyed`.

    Parameters
    ----------
    network : nn.Module
        Any network.

    Returns
    -------
    list of KeyedDropout
        In the order of ``network.modules()``.

    See Also
    --------
    keyed : Sets the keys of the layers.

    Examples
    --------
    >>> from bci_dann.models import keyed_layers, make_backbone
    >>> len(keyed_layers(make_backbone("EEGNet", 3, 256, 128.0)))
    2
    """
    return [layer for layer in network.modules() if isinstance(layer, KeyedDropout)]


@contextmanager
def keyed(network: nn.Module, keys: Iterable[Tensor]) -> Iterator[None]:
    """Set the key of every :class:`KeyedDropout` of a network inside a ``with`` block.

    Parameters
    ----------
    network : nn.Module
        The network that runs inside the ``with`` block.
    keys : iterable of Tensor of int32, shape ()
        One key for each layer of :func:`keyed_layers`.

    Yields
    ------
    None
        The keys are removed at the end of the block, also after an error.

    See Also
    --------
    keyed_layers : Returns the layers with keys.

    Examples
    --------
    The same keys drop the same features:

    >>> import torch
    >>> from bci_dann.models import keyed, keyed_layers, make_backbone
    >>> network = make_backbone("EEGNet", 3, 256, 128.0)
    >>> keys = [torch.tensor(i, dtype=torch.int32) for i, _ in enumerate(keyed_layers(network))]
    >>> X, outputs = torch.randn(4, 3, 256), []
    >>> for _ in range(2):
    ...     with keyed(network, keys):
    ...         outputs.append(network(X))
    >>> torch.equal(*outputs)
    True
    """
    layers = keyed_layers(network)
    for layer, key in zip(layers, keys, strict=True):
        layer.key, layer.n_calls = key, 0
    try:
        yield
    finally:
        for layer in layers:
            layer.key = None
