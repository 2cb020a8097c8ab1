"""Convolved rows, known by their sums over blocks of samples, with the gradient by hand.

Where batch norm, squaring and mean pooling follow a convolution, they need no more of its
rows than these sums and those of the squares; so the rows are read once in either direction,
while they are still in cache.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from bci_dann.models.spectral import parts
from bci_dann.models.tiles import TileProducts

__all__ = ["block_sums"]


def block_sums(X: Tensor, centre: Tensor, kernels: Tensor, width: int) -> Tensor:
    """Cross-correlate signals with kernels, and sum the rows and their squares in blocks.

    Parameters
    ----------
    X : Tensor, shape (batch, n_chans, n_times)
        Signals; constant, so that gradients reach ``kernels`` only.
    centre : Tensor, shape (n_chans,)
        What to subtract from the signals first; constant. Sums of squares of rows that are
        far from zero would hold few digits of their variance.
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
        kernels = kernels.detach()  # nothing is kept for a backward pass
    sums: Tensor = _BlockSums.apply(X, centre, kernels, width)  # type: ignore[no-untyped-call]
    return sums


def _samples_in_tile(n_taps: int, n_out: int, width: int) -> int:
    """Return how many samples of a row to take from a tile: whole blocks.

    About twice the kernel is fastest by measurement, by little.
    """
    blocks = min(round(2 * (n_taps - 1) / width), -(-n_out // width))
    return width * max(1, blocks)


class _BlockSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, X: Tensor, centre: Tensor, kernels: Tensor, width: int) -> Tensor:
        n_taps = kernels.shape[2]
        n_out = X.shape[-1] - n_taps + 1
        step = _samples_in_tile(n_taps, n_out, width)
        n_tiles = -(-n_out // step)
        products = TileProducts(kernels, step, n_tiles)
        member = _membership(step, width, X)
        sums = X.new_empty(len(kernels), 2, len(X), n_tiles * step // width)
        ctx.parts = parts(len(X), products.trial_bytes, X.device)
        kept: list[Tensor] = []
        for part in ctx.parts:
            spectra = products.spectra(_centred(X[part], centre, n_tiles * step + n_taps - 1))
            rows = _clear(products.rows(spectra), n_tiles, n_out)
            for out, values in ((sums[:, 0, part], rows), (sums[:, 1, part], rows.square())):
                out.copy_((values @ member).view(out.shape))
            if ctx.needs_input_grad[2]:
                kept += [spectra, rows]
        ctx.save_for_backward(member, *kept)
        ctx.products, ctx.n_tiles, ctx.n_out = products, n_tiles, n_out
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor, None]:
        member, *kept = ctx.saved_tensors
        products: TileProducts = ctx.products
        total = products.new_total()
        # blocks are spread over their samples by products: broadcasting takes far longer
        spread, spread_twice = member.T, 2.0 * member.T
        for part, spectra, rows in zip(ctx.parts, kept[::2], kept[1::2], strict=True):
            constant, slope = (
                gradient[:, item, part].reshape(-1, len(spread)) for item in range(2)
            )
            change = (slope @ spread_twice).mul_(rows).addmm_(constant, spread)
            products.add_gradient(total, _clear(change, ctx.n_tiles, ctx.n_out), spectra)
        return None, None, products.kernel_gradient(total), None


def _centred(X: Tensor, centre: Tensor, length: int) -> Tensor:
    """Signals without their centre, and zeros after them."""
    padded = X.new_empty(*X.shape[:2], length)
    torch.sub(X, centre[:, None], out=padded[..., : X.shape[-1]])
    padded[..., X.shape[-1] :] = 0.0
    return padded


def _clear(rows: Tensor, n_tiles: int, n_out: int) -> Tensor:
    """Set what is computed beyond the end of the trials to zero, in place."""
    rows.view(-1, n_tiles * rows.shape[1])[:, n_out:] = 0.0
    return rows


def _membership(step: int, width: int, like: Tensor) -> Tensor:
    """Ones where a sample belongs to a block, ``(step, step // width)``."""
    block = torch.arange(step, device=like.device) // width
    return functional.one_hot(block).to(like.dtype)
