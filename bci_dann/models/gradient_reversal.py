"""Gradient reversal layer and domain classifier of domain-adversarial training (DANN).

Ganin, Ustinova, Ajakan, Germain, Larochelle, Laviolette, Marchand and Lempitsky (2016),
"Domain-adversarial training of neural networks", JMLR 17(59), 1-35.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["domain_head", "reverse_gradient"]


class _GradientReversal(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, strength: float | Tensor) -> Tensor:  # noqa: ARG004 (what backward needs)
        return x.view_as(x)

    @staticmethod
    def setup_context(
        ctx: Any,
        inputs: tuple[Tensor, float | Tensor],
        output: Tensor,  # noqa: ARG004
    ) -> None:
        _, ctx.strength = inputs
        if isinstance(ctx.strength, Tensor):  # vmap needs saved tensors
            ctx.save_for_backward(ctx.strength)
            ctx.strength = None

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        strength = ctx.saved_tensors[0] if ctx.strength is None else ctx.strength
        return -strength * grads[0], None


def reverse_gradient(x: Tensor, strength: float | Tensor) -> Tensor:
    """Return ``x`` unchanged, and multiply its gradient by ``-strength`` in the backward pass.

    The gradient reversal layer of [1]_.

    Parameters
    ----------
    x : Tensor, any shape
        Features, the input of the domain head.
    strength : float or Tensor, shape ()
        The lambda of Ganin et al. (2016), at least 0.

    Returns
    -------
    Tensor
        Equal to ``x``.

    See Also
    --------
    domain_head : The domain classifier behind it.
    bci_dann.objectives.DomainAdversary : The term that uses both.

    References
    ----------
    .. [1] Ganin, Y. et al. (2016). Domain-adversarial training of neural networks. Journal of
       Machine Learning Research 17(59), 1-35. arXiv:1505.07818.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.models import reverse_gradient
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> reverse_gradient(x, 0.5).sum().backward()
    >>> x.grad
    tensor([-0.5000, -0.5000])
    """
    reversed_: Tensor = _GradientReversal.apply(x, strength)  # type: ignore[no-untyped-call]
    return reversed_


def domain_head(n_features: int, n_domains: int, hidden: int = 64) -> nn.Module:
    """Return the domain classifier D: one hidden layer with rectified linear units.

    Parameters
    ----------
    n_features : int
        Width of the backbone's output.
    n_domains : int
        Number of domains, or 2 for source against target.
    hidden : int
        Width of the hidden layer.

    Returns
    -------
    nn.Module
        ``(batch, n_features) -> (batch, n_domains)`` logits.

    See Also
    --------
    reverse_gradient : The layer before the domain head.
    motor_imagery_head : The classification head.

    Examples
    --------
    >>> import torch
    >>> from bci_dann.models import domain_head
    >>> domain_head(16, n_domains=4)(torch.zeros(8, 16)).shape
    torch.Size([8, 4])
    """
    return nn.Sequential(nn.Linear(n_features, hidden), nn.ReLU(), nn.Linear(hidden, n_domains))
