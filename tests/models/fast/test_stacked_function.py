"""How functions with a network axis behave under ``torch.vmap``."""

from __future__ import annotations

import torch

from bci_dann.models.fast.stacked_function import StackedFunction


class ScaledProduct(StackedFunction):
    """``(n, a, b) x (n, b, c)`` times a number, with the first shape of each call noted."""

    seen: list[tuple[int, ...]] = []  # noqa: RUF012 (one list for all calls is what is wanted)

    @staticmethod
    def forward(first, second, factor):
        ScaledProduct.seen.append(tuple(first.shape))
        return (factor * torch.bmm(first, second),)

    @staticmethod
    def setup_context(ctx, inputs, output):
        first, second, ctx.factor = inputs
        ctx.save_for_backward(first, second)

    @staticmethod
    def backward(ctx, gradient):
        first, second = ctx.saved_tensors
        return ctx.factor * gradient @ second.mT, ctx.factor * first.mT @ gradient, None


def product(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return ScaledProduct.apply(first[None], second[None], 2.0)[0][0]


def test_alone_and_in_a_stack_it_is_called_once():
    ScaledProduct.seen.clear()
    first, second = torch.randn(5, 2, 3), torch.randn(5, 3, 4)
    torch.testing.assert_close(product(first[0], second[0]), 2 * first[0] @ second[0])
    stacked = torch.vmap(product)(first, second)
    torch.testing.assert_close(stacked, 2 * first @ second)
    assert ScaledProduct.seen == [(1, 2, 3), (5, 2, 3)]


def test_networks_may_lie_on_any_axis_or_share_an_argument():
    first, second = torch.randn(2, 5, 3), torch.randn(3, 4)
    stacked = torch.vmap(product, in_dims=(1, None))(first, second)
    torch.testing.assert_close(stacked, 2 * first.transpose(0, 1) @ second)


def test_gradients_of_a_stack_are_those_of_its_networks():
    first = torch.randn(5, 2, 3, requires_grad=True)
    second = torch.randn(3, 4, requires_grad=True)
    torch.vmap(product, in_dims=(0, None))(first, second).square().sum().backward()
    a, b = first.detach().clone().requires_grad_(), second.detach().clone().requires_grad_()
    (2 * a @ b).square().sum().backward()
    torch.testing.assert_close(first.grad, a.grad)
    torch.testing.assert_close(second.grad, b.grad)


def test_stacks_of_stacks_are_one_long_stack():
    ScaledProduct.seen.clear()
    first, second = torch.randn(2, 5, 2, 3), torch.randn(2, 5, 3, 4)
    nested = torch.vmap(torch.vmap(product))(first, second)
    torch.testing.assert_close(nested, 2 * first @ second)
    assert ScaledProduct.seen == [(10, 2, 3)]
