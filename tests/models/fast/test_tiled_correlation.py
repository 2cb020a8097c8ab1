"""Tiled cross-correlation against torch's ``conv1d``."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv1d

from bci_dann.models.fast.tiled_correlation import TiledCorrelation, _transforms

CPU = torch.device("cpu")

# rows, channels, taps, samples of a tile, tiles
GRID = [(2, 3, 7, 12, 3), (1, 1, 1, 4, 2), (4, 2, 6, 5, 1), (3, 5, 13, 26, 2)]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def correlated(products: TiledCorrelation, X: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Rows of all trials, ``(batch, n_rows, n_tiles * step)``."""
    rows = products.rows(products.responses(kernels), products.spectra(X))
    return rows.view(len(kernels), len(X), -1).transpose(0, 1)


@pytest.mark.parametrize(("n_rows", "n_chans", "n_taps", "step", "n_tiles"), GRID)
def test_rows_are_those_of_conv1d(n_rows, n_chans, n_taps, step, n_tiles):
    kernels = draw(n_rows, n_chans, n_taps)
    X = draw(4, n_chans, n_tiles * step + n_taps - 1, seed=1)
    products = TiledCorrelation(kernels.shape, step, torch.float64, CPU)
    torch.testing.assert_close(correlated(products, X, kernels), conv1d(X, kernels))


@pytest.mark.parametrize(("n_rows", "n_chans", "n_taps", "step", "n_tiles"), GRID)
def test_gradient_of_the_kernels_is_that_of_conv1d(n_rows, n_chans, n_taps, step, n_tiles):
    kernels = draw(n_rows, n_chans, n_taps).requires_grad_()
    X = draw(4, n_chans, n_tiles * step + n_taps - 1, seed=1)
    change = draw(4, n_rows, n_tiles * step, seed=2)
    (expected,) = torch.autograd.grad((conv1d(X, kernels) * change).sum(), kernels)
    products = TiledCorrelation(kernels.shape, step, torch.float64, CPU)
    total = products.new_total(change)
    for part in (slice(0, 3), slice(3, 4)):  # it adds up over parts of a batch
        by_row = change[part].transpose(0, 1).reshape(-1, step)
        products.add_gradient(total, by_row, products.spectra(X[part]))
    torch.testing.assert_close(products.kernel_gradient(total), expected)


@pytest.mark.parametrize("size", [1, 2, 7, 18])
def test_transforms_are_torchs_and_undo_each_other(size):
    forward, inverse = _transforms(size, torch.float64, CPU)
    X = draw(3, size)
    spectrum = torch.view_as_real(torch.fft.rfft(X)).flatten(1)
    torch.testing.assert_close(X @ forward.T, spectrum)
    torch.testing.assert_close(spectrum @ inverse, X)


def test_size_of_intermediate_results_is_known():
    products = TiledCorrelation((2, 3, 7), 12, torch.float32, CPU)
    kernels, X = torch.randn(2, 3, 7), torch.randn(5, 3, 30)
    mixed = torch.bmm(products.responses(kernels), products.spectra(X))
    assert products.tile_bytes * 5 * 2 == mixed.nbytes


def test_transforms_of_one_size_are_computed_once_and_may_be_differentiated():
    with torch.inference_mode():  # a prediction comes first
        first = TiledCorrelation((1, 1, 5), 11, torch.float64, CPU)
    again = TiledCorrelation((3, 2, 5), 11, torch.float64, CPU)
    assert again.forward is first.forward
    kernels = draw(3, 2, 5).requires_grad_()
    correlated(again, draw(1, 2, 15, seed=1), kernels).sum().backward()
    assert kernels.grad is not None
