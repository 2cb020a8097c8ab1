"""Convolutions and patch moments by Fourier transform, with gradients written by hand.

For the short kernels of EEG networks a transform of each row costs less than the
convolution, and it is shared: the spectrum of a batch gives the convolution, its gradients
and the moments of all patches of the batch. Signals are padded to a length that is fast to
transform and long enough that nothing wraps around.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

__all__ = [
    "convolve_then_mix",
    "fast_length",
    "mix_then_convolve",
    "parts",
    "patch_moments",
    "spectrum_and_power",
]

# Spectrum that is worked on at a time, on a CPU. Larger parts are hardly slower, but their
# intermediate results need more memory; below 512 KiB the calls themselves cost too much.
PART_BYTES = 2**20


@cache
def fast_length(minimum: int) -> int:
    """Return the smallest length from ``minimum`` on that is fast to transform.

    Parameters
    ----------
    minimum : int
        Fewest samples.

    Returns
    -------
    int
        A multiple of eight without prime factors above 5.
    """
    length = -(-minimum // 8) * 8
    while not _is_smooth(length):
        length += 8
    return length


def _is_smooth(number: int) -> bool:
    for factor in (2, 3, 5):
        while number % factor == 0:
            number //= factor
    return number == 1


def mix_then_convolve(spectrum: Tensor, mixing: Tensor, kernels: Tensor, n_times: int) -> Tensor:
    """Mix channels into rows, then cross-correlate each row with its filter's kernel.

    The input is constant: gradients reach ``mixing`` and ``kernels`` only.

    Parameters
    ----------
    spectrum : Tensor, complex, shape (batch, n_chans, n_bins)
        Spectrum of the signals, padded to at least ``n_times + n_taps - 1`` samples.
    mixing : Tensor, shape (n_filters * depth, n_chans)
        Weights of the channels; ``depth`` rows follow each other for each filter.
    kernels : Tensor, shape (n_filters, n_taps)
        Taps.
    n_times : int
        Length of the signals.

    Returns
    -------
    Tensor, shape (batch, n_filters * depth, n_out)
        As ``conv1d`` with ``padding=n_taps // 2``.
    """
    result: Tensor = _MixThenConvolve.apply(  # type: ignore[no-untyped-call]
        spectrum, mixing, kernels, n_times
    )
    return result


def convolve_then_mix(X: Tensor, kernels: Tensor, mixing: Tensor) -> Tensor:
    """Cross-correlate each row with its own kernel, then mix the rows.

    Parameters
    ----------
    X : Tensor, shape (batch, n_rows, n_times)
        Signals.
    kernels : Tensor, shape (n_rows, n_taps)
        Taps.
    mixing : Tensor, shape (n_mixed, n_rows)
        Weights of the rows.

    Returns
    -------
    Tensor, shape (batch, n_mixed, n_out)
        As ``conv1d`` with ``padding=n_taps // 2``, then a product with ``mixing``.
    """
    result: Tensor = _ConvolveThenMix.apply(X, kernels, mixing)  # type: ignore[no-untyped-call]
    return result


@torch.no_grad()
def spectrum_and_power(X: Tensor, n_fft: int) -> tuple[Tensor, Tensor]:
    """Fourier transform of every row, and the power of all of them together.

    Parameters
    ----------
    X : Tensor, shape (batch, n_chans, n_times)
        Signals.
    n_fft : int
        Even length to pad to with zeros.

    Returns
    -------
    spectrum : Tensor, complex, shape (batch, n_chans, n_bins)
        One half of it.
    power : Tensor, float64, shape (n_bins,)
        Squared magnitudes, summed over batch and channels.
    """
    n_bins = n_fft // 2 + 1
    spectrum = X.new_empty(*X.shape[:2], n_bins, dtype=X.dtype.to_complex())
    power = X.new_zeros(X.shape[1], n_bins, 2, dtype=torch.float64)
    for part in _parts(spectrum):
        spectrum[part] = torch.fft.rfft(X[part], n_fft)
        power += torch.view_as_real(spectrum[part]).square().sum(0)
    return spectrum, power.sum((0, 2))


@torch.no_grad()
def patch_moments(X: Tensor, power: Tensor, n_taps: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance of all zero-padded patches that a convolution sees.

    The second moments are Toeplitz, from the autocorrelation of the signals, but for the
    patches that stick out by more than the padding: those are subtracted.

    Parameters
    ----------
    X : Tensor, shape (batch, n_chans, n_times)
        Signals.
    power : Tensor, float64, shape (n_bins,)
        Power of their spectrum, from at least ``n_times + n_taps - 1`` samples.
    n_taps : int
        Length of a patch; the padding is half of it, on both sides.

    Returns
    -------
    mean : Tensor, float64, shape (n_taps,)
        Mean over batch, channels and positions.
    covariance : Tensor, float64, shape (n_taps, n_taps)
        Covariance over the same.
    """
    n_times, padding = X.shape[-1], n_taps // 2
    n_out = n_times + 2 * padding - n_taps + 1
    count = X.shape[0] * X.shape[1] * n_out
    autocorrelation = torch.fft.irfft(power)[:n_taps]
    tap = torch.arange(n_taps, device=X.device)
    moments = autocorrelation[(tap[:, None] - tap).abs()] - _outer_patches(X, n_taps)
    total = functional.pad(X.sum((0, 1)).double(), (padding, padding))
    mean = total.unfold(0, n_out, 1).sum(1) / count
    return mean, moments / count - torch.outer(mean, mean)


def _outer_patches(X: Tensor, n_taps: int) -> Tensor:
    """Second moments of the patches beyond the padding that still touch the signals."""
    width = n_taps - 1 - n_taps // 2
    size = n_taps - 1 + width
    edges = X.new_zeros(size, size, dtype=torch.float64)
    if width == 0:
        return edges.new_zeros(n_taps, n_taps)
    head, tail = (part.reshape(-1, width) for part in (X[..., :width], X[..., -width:]))
    edges[-width:, -width:] += head.T @ head
    edges[:width, :width] += tail.T @ tail
    patches = edges.as_strided((width, n_taps, n_taps), (size + 1, size, 1))  # down the diagonal
    return patches.sum(0)


def parts(n_trials: int, trial_bytes: int, device: torch.device) -> list[slice]:
    """Cut a batch so small, on a CPU, that what is done with a part stays in cache.

    Parameters
    ----------
    n_trials : int
        Length of the batch.
    trial_bytes : int
        Memory that the largest intermediate result needs for one trial (bytes).
    device : torch.device
        Where the batch is; only a CPU gains from parts.

    Returns
    -------
    list of slice
        They cover the batch in order.
    """
    if device.type != "cpu":
        return [slice(None)]
    size = max(1, PART_BYTES // max(1, trial_bytes))
    return [slice(start, start + size) for start in range(0, n_trials, size)]


class _MixThenConvolve(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, spectrum: Tensor, mixing: Tensor, kernels: Tensor, n_times: int
    ) -> Tensor:
        n_bins, n_taps = spectrum.shape[-1], kernels.shape[-1]
        response = _response(kernels, 2 * (n_bins - 1)).repeat_interleave(
            len(mixing) // len(kernels), dim=0
        )
        rows = spectrum.new_empty(len(spectrum), len(mixing), n_bins)
        out = mixing.new_empty(len(spectrum), len(mixing), _n_out(n_times, n_taps))
        for part in _parts(spectrum):
            _mix(mixing, spectrum[part], out=rows[part])
            signals = torch.fft.irfft(rows[part] * response)
            out[part] = signals[..., : out.shape[-1]]
        ctx.save_for_backward(spectrum, mixing, rows, response)
        ctx.n_filters, ctx.n_taps = kernels.shape
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, Tensor, None]:
        spectrum, mixing, rows, response = ctx.saved_tensors
        n_fft = 2 * (spectrum.shape[-1] - 1)
        weighted = response.conj() * _parseval(spectrum)
        response_gradient, mixing_gradient = torch.zeros_like(response), torch.zeros_like(mixing)
        for part in _parts(spectrum):
            change = torch.fft.rfft(gradient[part], n_fft)
            response_gradient += (rows[part].conj() * change).sum(0)
            mixing_gradient += _inner(change.mul_(weighted), spectrum[part])
        per_filter = response_gradient.view(ctx.n_filters, -1, response.shape[-1]).sum(1)
        return None, mixing_gradient, _taps(per_filter, ctx.n_taps, n_fft), None


class _ConvolveThenMix(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, X: Tensor, kernels: Tensor, mixing: Tensor) -> Tensor:
        n_taps, n_times = kernels.shape[-1], X.shape[-1]
        n_fft = fast_length(n_times + n_taps - 1)
        spectrum = torch.fft.rfft(X, n_fft)
        response = _response(kernels, n_fft)
        rows = spectrum * response
        ctx.save_for_backward(spectrum, response, rows, mixing)
        ctx.n_taps, ctx.n_times = n_taps, n_times
        signals = torch.fft.irfft(_mix(mixing, rows), n_fft)
        return signals[..., : _n_out(n_times, n_taps)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        spectrum, response, rows, mixing = ctx.saved_tensors
        n_fft = 2 * (spectrum.shape[-1] - 1)
        change = torch.fft.rfft(gradient, n_fft)
        mixing_gradient = _inner(change * _parseval(rows), rows)
        change = _mix(mixing.T, change)
        kernel_gradient = _taps((spectrum.conj() * change).sum(0), ctx.n_taps, n_fft)
        X_gradient = torch.fft.irfft(change * response.conj(), n_fft)[..., : ctx.n_times]
        return X_gradient, kernel_gradient, mixing_gradient


def _n_out(n_times: int, n_taps: int) -> int:
    return n_times + 2 * (n_taps // 2) - n_taps + 1


def _parts(batch: Tensor) -> list[slice]:
    return parts(len(batch), batch[:1].nbytes, batch.device)


def _mix(mixing: Tensor, spectrum: Tensor, out: Tensor | None = None) -> Tensor:
    """Apply real weights to the rows of a spectrum, as one real product per trial."""
    if out is None:
        out = spectrum.new_empty(len(spectrum), len(mixing), spectrum.shape[-1])
    flat, flat_out = (torch.view_as_real(item).flatten(-2) for item in (spectrum, out))
    torch.bmm(mixing.expand(len(flat), -1, -1), flat, out=flat_out)  # `@` would copy to fold
    return out


def _inner(first: Tensor, second: Tensor) -> Tensor:
    """Real inner products of all rows of two spectra, summed over the batch."""
    first, second = (torch.view_as_real(item).flatten(-2) for item in (first, second))
    return torch.bmm(first, second.transpose(1, 2)).sum(0)


def _parseval(spectrum: Tensor) -> Tensor:
    """Weights that make an inner product of half spectra that of the signals."""
    n_bins = spectrum.shape[-1]
    weights = spectrum.real.new_full((n_bins,), 1.0 / (n_bins - 1))
    weights[0] = weights[-1] = 0.5 / (n_bins - 1)
    return weights


def _positions(n_taps: int, n_fft: int, device: torch.device) -> Tensor:
    """Where the taps lie so that a circular convolution is the padded cross-correlation."""
    return (n_taps // 2 - torch.arange(n_taps, device=device)) % n_fft


def _response(kernels: Tensor, n_fft: int) -> Tensor:
    spread = kernels.new_zeros(len(kernels), n_fft)
    spread[:, _positions(kernels.shape[-1], n_fft, kernels.device)] = kernels
    return torch.fft.rfft(spread)


def _taps(gradient: Tensor, n_taps: int, n_fft: int) -> Tensor:
    spread = torch.fft.irfft(gradient, n_fft)
    return spread[:, _positions(n_taps, n_fft, spread.device)]
