"""Sums of the output of a convolution, and of its squares, over blocks of samples.

Batch norm, squaring and mean pooling after a convolution depend on its output only through these
sums. The output is therefore read only once in the forward and once in the backward pass, while it
is still in the cache. The gradient is explicit.
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
        Signals; constants, so that only ``kernels`` get a gradient.
    centre : Tensor, shape (n_chans,)
        Subtracted from the signals first; constant. Without it, rounding errors of the variance
        would be large for rows with a mean far from zero.
    kernels : Tensor, shape (n_rows, n_chans, n_taps)
        Kernels of the rows, as in ``conv1d`` without padding.
    width : int
        Number of samples in a block; the last block may have fewer.

    Returns
    -------
    Tensor, shape (n_rows, 2, batch, n_blocks)
        Sums of the rows, and of their squares, over each block. There may be additional blocks of
        zeros at the end.
    """
    if not torch.is_grad_enabled():
        kernels = kernels.detach()  # nothing is saved for a backward pass
    sums: Tensor
    sums, *_ = _BlockSums.apply(X, centre, kernels, width)  # type: ignore[no-untyped-call]
    return sums


def _samples_in_tile(n_taps: int, n_out: int, width: int) -> int:
    """Return the number of samples of a row in a tile, a multiple of the block width.

    About twice the kernel length is slightly faster than other values (empirical:
    tests/benchmarks/bench_backbones.py).
    """
    blocks = min(round(2 * (n_taps - 1) / width), -(-n_out // width))
    return width * max(1, blocks)


class _BlockSums(torch.autograd.Function):
    @staticmethod
    def forward(X: Tensor, centre: Tensor, kernels: Tensor, width: int) -> tuple[Tensor, ...]:
        products, n_tiles, n_out = _tiling(X, kernels, width)
        responses = products.responses(kernels)
        member = _block_indicator(products.step, width, X)
        sums = X.new_empty(len(kernels), 2, len(X), n_tiles * products.step // width)
        length = n_tiles * products.step + kernels.shape[2] - 1
        saved: list[Tensor] = []
        for part in _parts(X, products, n_tiles):
            spectra = products.spectra(_centred(X[part], centre, length))
            rows = _zero_beyond_end(products.rows(responses, spectra), n_tiles, n_out)
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
        member = _block_indicator(products.step, ctx.width, gradient)
        total = products.new_total(gradient)
        # gradients of blocks are spread over their samples by a product, faster than broadcasting
        spread, spread_twice = member.T, 2.0 * member.T
        for part, spectra, rows in zip(ctx.parts, saved[::2], saved[1::2], strict=True):
            constant, slope = (
                gradient[:, item, part].reshape(-1, len(spread)) for item in range(2)
            )
            change = (slope @ spread_twice).mul_(rows).addmm_(constant, spread)
            products.add_gradient(total, _zero_beyond_end(change, ctx.n_tiles, ctx.n_out), spectra)
        return None, None, products.kernel_gradient(total), None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> tuple[Any, Any]:
        """Compute the networks of a stack one after another."""
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
    """Return the correlation, the number of tiles of a trial, and the number of output samples."""
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
    """Return the signals minus their centre, padded with zeros at the end."""
    padded = X.new_empty(*X.shape[:2], length)
    torch.sub(X, centre[:, None], out=padded[..., : X.shape[-1]])
    padded[..., X.shape[-1] :].zero_()
    return padded


def _zero_beyond_end(rows: Tensor, n_tiles: int, n_out: int) -> Tensor:
    """Set samples beyond the end of the trials to zero, in place."""
    rows.view(-1, n_tiles * rows.shape[1])[:, n_out:].zero_()
    return rows


def _block_indicator(step: int, width: int, like: Tensor) -> Tensor:
    """Return a matrix with ones where a sample belongs to a block, ``(step, step // width)``."""
    block = torch.arange(step, device=like.device) // width
    # torch's one_hot would read a number back from the device
    return (block[:, None] == torch.arange(step // width, device=like.device)).to(like.dtype)
