"""Max-norm constraint of braindecode's layers, with support for ``torch.vmap``.

``torch.renorm`` has no batching rule, so ``torch.vmap`` would compute it separately for each
network, which on a GPU takes three quarters of the kernels of a training step. Since each row is
renormalised separately, the networks of a stack are treated as additional rows.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.parametrize import ParametrizationList

from bci_dann._compat import braindecode_modules
from bci_dann.models.fast.stacked_function import StackedFunction

__all__ = ["MaxNorm", "replace_max_norms"]

# Added to norms before division in torch.renorm and its gradient (torch 2.11 to 2.13).
EPS = 1e-7


class MaxNorm(nn.Module):
    """Rescale the rows of a weight whose norm exceeds ``max_norm``.

    Parameters
    ----------
    max_norm : float
        Largest Euclidean norm of a row.
    """

    def __init__(self, max_norm: float) -> None:
        super().__init__()
        self.max_norm = max_norm

    def forward(self, weight: Tensor) -> Tensor:
        """Rescale rows with too large a norm.

        Parameters
        ----------
        weight : Tensor, shape (n_rows, ...)
            A layer's weight.

        Returns
        -------
        Tensor, shape (n_rows, ...)
            Rows have at most the norm ``max_norm``.
        """
        result: Tensor = _Renorm.apply(weight[None], self.max_norm)[0]  # type: ignore[no-untyped-call]
        return result[0]


def replace_max_norms(network: nn.Module) -> None:
    """Replace braindecode's constraints in a network by :class:`MaxNorm`.

    Parameters
    ----------
    network : nn.Module
        Modified in place; values, gradients and the keys of ``state_dict`` do not change.
    """
    lists = [module for module in network.modules() if isinstance(module, ParametrizationList)]
    if not lists:  # avoids the import of braindecode
        return
    replaced = braindecode_modules().MaxNormParametrize
    for constraints in lists:
        for index, constraint in enumerate(constraints):
            if type(constraint) is replaced:
                constraints[index] = MaxNorm(constraint.max_norm)  # type: ignore[arg-type]


class _Renorm(StackedFunction):
    @staticmethod
    def forward(weight: Tensor, max_norm: float) -> tuple[Tensor]:
        return (weight.flatten(0, 1).renorm(2, 0, max_norm).view_as(weight),)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _: tuple[Tensor]) -> None:
        weight, ctx.max_norm = inputs
        ctx.save_for_backward(weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weight,) = ctx.saved_tensors
        row, exact = tuple(range(2, weight.dim())), torch.float64  # as torch does on a CPU
        norm = torch.linalg.vector_norm(weight, dim=row, keepdim=True, dtype=exact)
        product = (weight * gradient).sum(row, keepdim=True, dtype=exact)
        inverse = (norm + EPS).reciprocal()
        change = ctx.max_norm * inverse * (gradient - inverse * product * (weight / norm))
        return torch.where(norm > ctx.max_norm, change.to(gradient.dtype), gradient), None
