"""Batch norm, ELU and mean pooling as one function with an explicit gradient.

As separate layers they pass over the signals about twenty times in a training step; fused, they
need half as many passes, and store two copies of the signals instead of five.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from bci_dann.models.fast.stacked_function import StackedFunction

__all__ = ["mean_pool", "norm_elu_mean", "pool_width", "update_running_statistics"]


def norm_elu_mean(X: Tensor, shift: Tensor, norm: nn.BatchNorm2d, width: int) -> Tensor:
    """Apply batch normalisation, ELU, and mean pooling over ``width`` samples.

    Parameters
    ----------
    X : Tensor, shape (batch, n_rows, n_times)
        Signals without ``shift``.
    shift : Tensor, shape (n_rows,)
        Constant that the previous layers add to each row. It only affects the running mean; its
        gradient is zero.
    norm : nn.BatchNorm2d
        The layer in training mode; its running statistics are updated.
    width : int
        Number of samples in a mean; a remainder at the end is dropped.

    Returns
    -------
    Tensor, shape (batch, n_rows, n_times // width)
        Pooled signals.
    """
    weight = X.new_ones(X.shape[1]) if norm.weight is None else norm.weight
    bias = X.new_zeros(X.shape[1]) if norm.bias is None else norm.bias
    pooled, mean, var, *_ = _NormEluMean.apply(  # type: ignore[no-untyped-call]
        X[None], shift[None], weight[None], bias[None], norm.eps, width
    )
    update_running_statistics(norm, mean[0] + shift.detach(), var[0], X.shape[0] * X.shape[2])
    result: Tensor = pooled[0]
    return result


def mean_pool(X: Tensor, width: int) -> Tensor:
    """Average ``width`` samples along the last axis; a remainder at the end is dropped.

    Parameters
    ----------
    X : Tensor, shape (..., n_times)
        Signals.
    width : int
        Number of samples in a mean.

    Returns
    -------
    Tensor, shape (..., n_times // width)
        Means.
    """
    end = X.shape[-1] // width * width
    total, rest = X[..., :end], width
    while rest % 2 == 0:  # pairs first: fewer strided reads
        total, rest = total[..., ::2] + total[..., 1::2], rest // 2
    if rest > 1:
        total = sum((total[..., offset::rest] for offset in range(1, rest)), total[..., ::rest])
    return total / width


def pool_width(pool: nn.Module) -> int | None:
    """Return the width of plain mean pooling, None for any other pooling.

    Parameters
    ----------
    pool : nn.Module
        A layer.

    Returns
    -------
    int or None
        Number of samples in a mean.
    """
    if not isinstance(pool, nn.AvgPool2d) or not isinstance(pool.kernel_size, tuple):
        return None
    height, width = pool.kernel_size
    plain = pool.stride == pool.kernel_size and pool.padding == 0 and not pool.ceil_mode
    return width if height == 1 and plain else None


@torch.no_grad()
def update_running_statistics(norm: nn.BatchNorm2d, mean: Tensor, var: Tensor, count: int) -> None:
    """Update the running statistics as ``nn.BatchNorm2d`` does.

    Parameters
    ----------
    norm : nn.BatchNorm2d
        The layer; nothing happens in evaluation mode.
    mean, var : Tensor, shape (n_rows,)
        Mean and biased variance of the batch.
    count : int
        Number of values in the mean.
    """
    if not norm.training or norm.running_mean is None or norm.running_var is None:
        return
    momentum: float | Tensor = 0.0 if norm.momentum is None else norm.momentum
    if norm.num_batches_tracked is not None:
        norm.num_batches_tracked.add_(1)
        if norm.momentum is None:  # a plain average over the batches
            momentum = 1.0 / norm.num_batches_tracked.double()
    unbiased = var * (count / max(count - 1, 1))
    for running, value in ((norm.running_mean, mean), (norm.running_var, unbiased)):
        running.copy_(running + (value - running) * momentum)


class _NormEluMean(StackedFunction):
    @staticmethod
    def forward(
        X: Tensor, _: Tensor, weight: Tensor, bias: Tensor, eps: float, width: int
    ) -> tuple[Tensor, ...]:
        count = X.shape[1] * X.shape[3]
        mean = _row_sums(X) / count
        centred = X - _rows(mean)
        var = _row_sums(centred.square()) / count
        inverse = (var + eps).rsqrt()
        signals = (centred * _rows(inverse * weight)).add_(_rows(bias))
        pooled, saved = _elu_mean(signals, width)
        return pooled, mean, var, centred, saved, inverse

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        _, _, weight, _, _, width = inputs
        _, *others = output
        _, _, centred, saved, inverse = others
        ctx.mark_non_differentiable(*others)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(centred, saved, inverse, weight)
        ctx.width = width

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
        if gradient is None:  # nothing depends on the result
            return (None,) * 6
        centred, saved, inverse, weight = ctx.saved_tensors
        count, scale = centred.shape[1] * centred.shape[3], inverse * weight
        change = _elu_mean_backward(gradient / ctx.width, saved, ctx.width)
        total, product = _row_sums(change), _row_sums(change * centred)
        change.mul_(_rows(scale)).sub_(_rows(scale * total / count))
        change.addcmul_(centred, _rows(scale * inverse.square() * product / count), value=-1.0)
        return change, torch.zeros_like(total), product * inverse, total, None, None


def _row_sums(X: Tensor) -> Tensor:
    return X.sum(1).sum(2)


def _rows(values: Tensor) -> Tensor:
    """Reshape values of each network and row to broadcast over (network, batch, row, time)."""
    return values[:, None, :, None]


def _elu_mean(X: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return mean-pooled ELU, and what its gradient needs; ``X`` is overwritten."""
    if _has_fast_elu(X):
        nn.functional.elu_(X)
        return mean_pool(X, width), X
    # The slope of the ELU, 1 or exp(x), gives its value too: max(x, 0) + slope - 1.
    slope = X.clamp(max=0.0).exp_()
    return mean_pool(X.clamp_(min=0.0).add_(slope), width).sub_(1.0), slope


def _elu_mean_backward(gradient: Tensor, saved: Tensor, width: int) -> Tensor:
    """Return the gradient of sum-pooled ELU."""
    change = gradient.new_empty(saved.shape)
    end = gradient.shape[3] * width
    shape = *gradient.shape, width
    pooled, values = (X[..., :end].view(shape) for X in (change, saved))
    repeated = gradient[..., None].expand(shape)
    change[..., end:].zero_()
    if _has_fast_elu(saved):
        torch.ops.aten.elu_backward.grad_input(
            repeated, 1.0, 1.0, 1.0, True, values, grad_input=pooled
        )
        return change
    pooled.copy_(repeated)
    return change.mul_(saved)


def _has_fast_elu(X: Tensor) -> bool:
    """Return whether torch's ELU is as fast as a pass over the signals."""
    return X.device.type != "cpu"
