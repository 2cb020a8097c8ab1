"""Sums of a convolution's output, and of its squares, over blocks of samples.

Batch norm, squaring and mean pooling after a convolution need no more of its rows than these
sums; so the rows are read once in either direction, while they are still in cache. The gradient
is written by hand.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bci_dann.models.fast.spectral import batch_parts
from bci_dann.models.fast.tiled_correlation import TiledCorrelation

__all__ = ["block_sums"]


def block_sums(X: Tensor, centre: Tensor, kernels: Tensor, width: int) -> Tensor:
    """Cross-correlate signals with kernels, and sum the rows and their squares in blocks.

    Parameters
    ----------
    X : Tensor, shape (batch, n_chans, n_times)
        Signals; constant, so that gradients reach ``kernels`` only.
    centre : Tensor, shape (n_chans,)
        What to subtract from the signals first; constant. Sums of squares of rows that are
        far from zero would leave few digits for their variance.
    kernels : Tensor, shape (n_rows, n_chans, n_taps)
        Kernels of the rows, as in ``conv1d`` without padding.
    width : int
        Samples in a block; the last block may have fewer.

    Returns
    -------
    Tensor, shape (n_rows, 2, batch, n_blocks)
        Sums over each block of the rows, and of their squares. Further blocks at the end may
        hold zeros.
    """
    if not torch.is_grad_enabled():
        kernels = kernels.detach()  # nothing is saved for a backward pass
    sums: Tensor
    sums, *_ = _BlockSums.apply(X, centre, kernels, width)  # type: ignore[no-untyped-call]
    return sums


def _samples_in_tile(n_taps: int, n_out: int, width: int) -> int:
    """Return how many samples of a row to take from a tile: whole blocks.

    About twice the kernel is fastest (empirical: tests/benchmarks/bench_backbones.py), by little.
    """
    blocks = min(round(2 * (n_taps - 1) / width), -(-n_out // width))
    return width * max(1, blocks)


class _BlockSums(torch.autograd.Function):
    @staticmethod
    def forward(X: Tensor, centre: Tensor, kernels: Tensor, width: int) -> tuple[Tensor, ...]:
        products, n_tiles, n_out = _tiling(X, kernels, width)
        responses = products.responses(kernels)
        member = _membership(products.step, width, X)
        sums = X.new_empty(len(kernels), 2, len(X), n_tiles * products.step // width)
        length = n_tiles * products.step + kernels.shape[2] - 1
        saved: list[Tensor] = []
        for part in _parts(X, products, n_tiles):
            spectra = products.spectra(_centred(X[part], centre, length))
            rows = _clear(products.rows(responses, spectra), n_tiles, n_out)
            for out, values in ((sums[:, 0, part], rows), (sums[:, 1, part], rows.square())):
                out.copy_((values @ member).view(out.shape))
            if kernels.requires_grad:
                saved += [spectra, rows]
        return sums, *saved

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        X, _, kernels, width = inputs
        _, *saved = output
        ctx.mark_non_differentiable(*saved)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*saved)
        ctx.products, ctx.n_tiles, ctx.n_out = _tiling(X, kernels, width)
        ctx.parts, ctx.width = _parts(X, ctx.products, ctx.n_tiles), width

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, gradient: Tensor | None, *_: Any
    ) -> tuple[None, None, Tensor | None, None]:
        if gradient is None:  # nothing depends on the sums
            return None, None, None, None
        saved, products = ctx.saved_tensors, ctx.products
        member = _membership(products.step, ctx.width, gradient)
        total = products.new_total(gradient)
        # blocks are spread over their samples by products: broadcasting takes far longer
        spread, spread_twice = member.T, 2.0 * member.T
        for part, spectra, rows in zip(ctx.parts, saved[::2], saved[1::2], strict=True):
            constant, slope = (
                gradient[:, item, part].reshape(-1, len(spread)) for item in range(2)
            )
            change = (slope @ spread_twice).mul_(rows).addmm_(constant, spread)
            products.add_gradient(total, _clear(change, ctx.n_tiles, ctx.n_out), spectra)
        return None, None, products.kernel_gradient(total), None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> tuple[Any, Any]:
        """Take the networks of a stack one after another."""
        outputs = [
            _BlockSums.apply(  # type: ignore[no-untyped-call]
                *(
                    arg if dim is None else arg.select(dim, index)
                    for arg, dim in zip(args, in_dims, strict=True)
                )
            )
            for index in range(info.batch_size)
        ]
        stacked = tuple(torch.stack(parts) for parts in zip(*outputs, strict=True))
        return stacked, (0,) * len(stacked)


def _tiling(X: Tensor, kernels: Tensor, width: int) -> tuple[TiledCorrelation, int, int]:
    """Return the products, the tiles of a trial, and the samples of a row."""
    n_out = X.shape[-1] - kernels.shape[2] + 1
    step = _samples_in_tile(kernels.shape[2], n_out, width)
    return (
        TiledCorrelation(kernels.shape, step, kernels.dtype, kernels.device),
        -(-n_out // step),
        n_out,
    )


def _parts(X: Tensor, products: TiledCorrelation, n_tiles: int) -> list[slice]:
    return batch_parts(len(X), products.tile_bytes * n_tiles, X.device)


def _centred(X: Tensor, centre: Tensor, length: int) -> Tensor:
    """Signals without their centre, and zeros after them."""
    padded = X.new_empty(*X.shape[:2], length)
    torch.sub(X, centre[:, None], out=padded[..., : X.shape[-1]])
    padded[..., X.shape[-1] :].zero_()
    return padded


def _clear(rows: Tensor, n_tiles: int, n_out: int) -> Tensor:
    """Set what is computed beyond the end of the trials to zero, in place."""
    rows.view(-1, n_tiles * rows.shape[1])[:, n_out:].zero_()
    return rows


def _membership(step: int, width: int, like: Tensor) -> Tensor:
    """Ones where a sample belongs to a block, ``(step, step // width)``."""
    block = torch.arange(step, device=like.device) // width
    # torch's one_hot would read the largest back from the device
    return (block[:, None] == torch.arange(step // width, device=like.device)).to(like.dtype)
