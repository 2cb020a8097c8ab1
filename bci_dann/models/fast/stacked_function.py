"""Base class of hand-written autograd functions that compute a stack of networks at once.

The functions of this package compute with one more axis in front, the network. Alone it has
length one; under ``torch.vmap``, which trains networks of one architecture together, it is
as long as the stack.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["StackedFunction"]


class StackedFunction(torch.autograd.Function):
    """A function whose tensors, in and out, all start with the axis of the networks."""

    @classmethod
    def vmap(cls, info: Any, in_dims: tuple[int | None, ...], *args: Any) -> tuple[Any, Any]:
        """Let ``torch.vmap`` lengthen the first axis in place of adding one.

        Parameters
        ----------
        info : object
            With the number of networks, ``batch_size``.
        in_dims : tuple of int or None
            Where each argument has the axis that vmap has added, if it has one.
        *args : Tensor or object
            What ``forward`` takes.

        Returns
        -------
        outputs : tuple of Tensor
            Results for all networks.
        out_dims : tuple of int
            The axis of the networks in each, the first.
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
