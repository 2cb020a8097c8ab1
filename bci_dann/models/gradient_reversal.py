"""Gradient reversal: the identity forwards, minus lambda times the gradient backwards.

Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["reverse_gradient"]


class _GradientReversal(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, strength: float) -> Tensor:  # noqa: ARG004 (what backward needs)
        return x.view_as(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:  # noqa: ARG004
        ctx.strength = inputs[1]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * grads[0], None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """Return ``x`` unchanged, with its gradient multiplied by ``-strength``.

    Parameters
    ----------
    x : Tensor, any shape
        Features on the way to the domain head.
    strength : float
        Ganin's lambda, not negative.

    Returns
    -------
    Tensor
        Equal to ``x``.
    """
    reversed_: Tensor = _GradientReversal.apply(x, strength)  # type: ignore[no-untyped-call]
    return reversed_
