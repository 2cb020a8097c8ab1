"""Spectral convolutions against torch's direct ones."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv1d

from bci_dann.models.fast import spectral
from bci_dann.models.fast.spectral import (
    batch_parts,
    convolve_then_mix,
    fast_length,
    mix_then_convolve,
)

# batch, channels, samples, filters, rows a filter, taps
MIX_GRID = [
    (3, 4, 50, 2, 3, 7),
    (3, 4, 50, 2, 3, 8),
    (2, 1, 33, 1, 1, 1),
    (1, 5, 20, 3, 1, 2),
    (4, 2, 16, 1, 4, 16),
]
# batch, rows, samples, mixed rows, taps
CONVOLVE_GRID = [(3, 4, 50, 2, 7), (2, 3, 41, 5, 16), (1, 1, 9, 1, 1), (2, 2, 12, 3, 12)]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def spectrum_of(X: torch.Tensor, n_taps: int) -> torch.Tensor:
    return torch.fft.rfft(X, fast_length(X.shape[-1] + n_taps - 1))


def mixed_directly(X, mixing, kernels):
    """Mix channels, then convolve each row with the kernel of its filter, by torch."""
    rows, n_taps = torch.einsum("rc,bct->brt", mixing, X), kernels.shape[1]
    per_row = kernels.repeat_interleave(len(mixing) // len(kernels), 0)[:, None]
    return conv1d(rows, per_row, padding=n_taps // 2, groups=len(mixing))


def convolved_directly(X, kernels, mixing):
    rows = conv1d(X, kernels[:, None], padding=kernels.shape[1] // 2, groups=len(kernels))
    return torch.einsum("mr,brt->bmt", mixing, rows)


def gradients(output, inputs):
    probe = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).view_as(output)
    return torch.autograd.grad((output * probe).sum(), inputs)


def is_fast(n: int) -> bool:
    if n % 8:
        return False
    for factor in (2, 3, 5):
        while n % factor == 0:
            n //= factor
    return n == 1


@pytest.mark.parametrize("minimum", [1, 8, 9, 63, 120, 121, 502, 1063])
def test_fast_length_is_the_smallest_multiple_of_eight_with_small_factors(minimum):
    assert fast_length(minimum) == next(n for n in range(minimum, 2 * minimum + 8) if is_fast(n))


@pytest.mark.parametrize("trial_bytes", [0, 1, 300_000, 2**20, 2**22])
def test_parts_of_a_batch_stay_in_cache_and_cover_it(trial_bytes):
    parts = batch_parts(10, trial_bytes, torch.device("cpu"))
    assert [index for part in parts for index in range(10)[part]] == list(range(10))
    sizes = [len(range(10)[part]) for part in parts]
    assert all(size == 1 or size * trial_bytes <= spectral.PART_BYTES for size in sizes)


def test_a_gpu_takes_the_whole_batch():
    assert batch_parts(10, 2**30, torch.device("cuda")) == [slice(None)]


@pytest.mark.parametrize(("batch", "n_chans", "n_times", "n_filters", "depth", "n_taps"), MIX_GRID)
def test_mixing_first_equals_torch(batch, n_chans, n_times, n_filters, depth, n_taps):
    X = draw(batch, n_chans, n_times)
    mixing = draw(n_filters * depth, n_chans, seed=1).requires_grad_()
    kernels = draw(n_filters, n_taps, seed=2).requires_grad_()
    ours = mix_then_convolve(spectrum_of(X, n_taps), mixing, kernels, n_times)
    expected = mixed_directly(X, mixing, kernels)
    torch.testing.assert_close(ours, expected, rtol=1e-11, atol=1e-11)
    for a, b in zip(
        gradients(ours, (mixing, kernels)), gradients(expected, (mixing, kernels)), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("batch", "n_rows", "n_times", "n_mixed", "n_taps"), CONVOLVE_GRID)
def test_mixing_last_equals_torch_with_gradients_of_the_signals(
    batch, n_rows, n_times, n_mixed, n_taps
):
    inputs = (
        draw(batch, n_rows, n_times).requires_grad_(),
        draw(n_rows, n_taps, seed=1).requires_grad_(),
        draw(n_mixed, n_rows, seed=2).requires_grad_(),
    )
    ours, expected = convolve_then_mix(*inputs), convolved_directly(*inputs)
    torch.testing.assert_close(ours, expected, rtol=1e-11, atol=1e-11)
    for a, b in zip(gradients(ours, inputs), gradients(expected, inputs), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_gradients_are_those_of_finite_differences():
    spectrum = spectrum_of(draw(2, 3, 14), 4)
    mixing, kernels = draw(4, 3).requires_grad_(), draw(2, 4).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda mixing, kernels: mix_then_convolve(spectrum, mixing, kernels, 14), (mixing, kernels)
    )
    X, last = draw(2, 4, 10).requires_grad_(), draw(3, 4).requires_grad_()
    taps = draw(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(convolve_then_mix, (X, taps, last))


def test_a_batch_in_many_parts_gives_the_same(monkeypatch):
    X, mixing, kernels = draw(7, 3, 30), draw(4, 3, seed=1), draw(2, 5, seed=2)
    mixing.requires_grad_()
    kernels.requires_grad_()
    results = []
    for limit in (spectral.PART_BYTES, 1):
        monkeypatch.setattr(spectral, "PART_BYTES", limit)
        out = mix_then_convolve(spectrum_of(X, 5), mixing, kernels, 30)
        results.append((out, *gradients(out, (mixing, kernels))))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_a_stack_equals_its_networks_one_by_one():
    spectra = torch.stack([spectrum_of(draw(2, 3, 20, seed=s), 5) for s in range(3)])
    mixing = torch.stack([draw(4, 3, seed=s) for s in range(3)]).requires_grad_()
    kernels = torch.stack([draw(2, 5, seed=s) for s in range(3)]).requires_grad_()
    stacked = torch.vmap(lambda *parts: mix_then_convolve(*parts, 20))(spectra, mixing, kernels)
    alone = torch.stack(
        [mix_then_convolve(spectra[i], mixing[i], kernels[i], 20) for i in range(3)]
    )
    torch.testing.assert_close(stacked, alone, rtol=1e-12, atol=1e-12)
    for a, b in zip(
        gradients(stacked, (mixing, kernels)), gradients(alone, (mixing, kernels)), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


def test_a_stack_may_share_kernels_between_networks():
    X, kernels = torch.stack([draw(2, 4, 20, seed=s) for s in range(3)]), draw(4, 5)
    mixing = torch.stack([draw(2, 4, seed=s) for s in range(3)])
    kernels.requires_grad_()
    stacked = torch.vmap(convolve_then_mix, in_dims=(0, None, 0))(X, kernels, mixing)
    alone = torch.stack([convolve_then_mix(X[i], kernels, mixing[i]) for i in range(3)])
    torch.testing.assert_close(stacked, alone, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradients(stacked, kernels), gradients(alone, kernels))


def test_float32_keeps_its_type_and_about_six_digits():
    X, kernels, mixing = (draw(*shape).float() for shape in ((4, 6, 200), (6, 16), (8, 6)))
    ours = convolve_then_mix(X, kernels, mixing)
    expected = convolved_directly(X.double(), kernels.double(), mixing.double())
    assert ours.dtype is torch.float32
    assert float((ours - expected).norm() / expected.norm()) < 2e-6
