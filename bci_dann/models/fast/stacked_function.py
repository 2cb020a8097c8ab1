"""Base class of autograd functions with explicit gradients for a stack of networks.

Tensors of these functions have an additional first axis, the network. For a single network it has
length one; under ``torch.vmap``, which trains a stack of networks, it has the length of the stack.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["StackedFunction"]


class StackedFunction(torch.autograd.Function):
    """A function whose inputs and outputs all have the network as first axis."""

    @classmethod
    def vmap(cls, info: Any, in_dims: tuple[int | None, ...], *args: Any) -> tuple[Any, Any]:
        """Merge the axis of ``torch.vmap`` with the first axis.

        Parameters
        ----------
        info : object
            Has the number of networks as ``batch_size``.
        in_dims : tuple of int or None
            The axis added by vmap in each argument, if any.
        *args : Tensor or object
            Arguments of ``forward``.

        Returns
        -------
        outputs : tuple of Tensor
            Results for all networks.
        out_dims : tuple of int
            The axis of the networks in each output: the first.
        """
        n = info.batch_size
        folded = [
            _fold(arg, dim, n) if isinstance(arg, Tensor) else arg
            for arg, dim in zip(args, in_dims, strict=True)
        ]
        outputs = cls.apply(*folded)  # type: ignore[no-untyped-call]
        return tuple(output.unflatten(0, (n, -1)) for output in outputs), (0,) * len(outputs)


def _fold(arg: Tensor, dim: int | None, n: int) -> Tensor:
    spread = arg.expand(n, *arg.shape) if dim is None else arg.movedim(dim, 0)
    return spread.flatten(0, 1)
