"""Sums over blocks of a convolution's output against the convolution itself."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv1d, pad

from bci_dann.models.fast import spectral
from bci_dann.models.fast.block_sums import block_sums

# batch, channels, samples, rows, taps, width of a block
GRID = [
    (3, 2, 40, 2, 7, 4),
    (3, 2, 41, 2, 7, 4),  # the last block is shorter
    (2, 3, 30, 1, 1, 5),
    (2, 1, 20, 3, 20, 6),  # one sample of output
    (4, 5, 90, 2, 9, 60),
]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def summed_directly(X, centre, kernels, width):
    """Sums of the rows and of their squares over blocks, ``(n_rows, 2, batch, n_blocks)``."""
    rows = conv1d(X - centre[:, None], kernels)
    padded = pad(rows, (0, -rows.shape[-1] % width))
    both = torch.stack([padded, padded.square()])  # zeros at the end add nothing
    return both.unflatten(-1, (-1, width)).sum(-1).permute(2, 0, 1, 3)


@pytest.mark.parametrize(("batch", "n_chans", "n_times", "n_rows", "n_taps", "width"), GRID)
def test_sums_and_gradients_are_those_of_the_convolution(
    batch, n_chans, n_times, n_rows, n_taps, width
):
    X, centre = draw(batch, n_chans, n_times), draw(n_chans, seed=1)
    kernels = draw(n_rows, n_chans, n_taps, seed=2).requires_grad_()
    ours, expected = (f(X, centre, kernels, width) for f in (block_sums, summed_directly))
    n_blocks = expected.shape[-1]
    torch.testing.assert_close(ours[..., :n_blocks], expected)
    assert not ours[..., n_blocks:].any()
    probe = draw(*expected.shape, seed=3)
    (gradient,) = torch.autograd.grad((ours[..., :n_blocks] * probe).sum(), kernels)
    (wanted,) = torch.autograd.grad((expected * probe).sum(), kernels)
    torch.testing.assert_close(gradient, wanted)


def test_only_one_of_the_sums_may_be_used():
    X, centre, kernels = draw(2, 2, 20), torch.zeros(2).double(), draw(3, 2, 5, seed=1)
    kernels.requires_grad_()
    for which in (0, 1):
        (gradient,) = torch.autograd.grad(
            block_sums(X, centre, kernels, 4)[:, which].sum(), kernels
        )
        rows = conv1d(X, kernels)
        (wanted,) = torch.autograd.grad((rows.square() if which else rows).sum(), kernels)
        torch.testing.assert_close(gradient, wanted)


def test_trials_in_many_parts_give_the_same(monkeypatch):
    X, centre, kernels = draw(6, 2, 50), draw(2, seed=1), draw(2, 2, 7, seed=2).requires_grad_()
    results = []
    for limit in (spectral.PART_BYTES, 1):
        monkeypatch.setattr(spectral, "PART_BYTES", limit)
        sums = block_sums(X, centre, kernels, 4)
        results.append((sums, *torch.autograd.grad(sums.square().sum(), kernels)))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def test_a_stack_equals_its_networks_one_by_one():
    X, centre = draw(3, 2, 2, 30), draw(3, 2, seed=1)
    kernels = draw(3, 2, 2, 5, seed=2).requires_grad_()
    stacked = torch.vmap(lambda *parts: block_sums(*parts, 4))(X, centre, kernels)
    alone = torch.stack([block_sums(X[i], centre[i], kernels[i], 4) for i in range(3)])
    torch.testing.assert_close(stacked, alone)
    gradients = [torch.autograd.grad(out.square().sum(), kernels)[0] for out in (stacked, alone)]
    torch.testing.assert_close(*gradients)


def test_without_gradients_nothing_is_saved_for_them():
    X, centre, kernels = draw(2, 2, 20), torch.zeros(2).double(), draw(1, 2, 5, seed=1)
    with torch.no_grad():
        sums = block_sums(X, centre, kernels.requires_grad_(), 4)
    assert not sums.requires_grad
    torch.testing.assert_close(sums, block_sums(X, centre, kernels, 4).detach())
