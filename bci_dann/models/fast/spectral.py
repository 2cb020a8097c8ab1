"""Convolutions of signals by Fourier transform, with explicit gradients.

For the kernel lengths of EEG networks a Fourier transform of each row is faster than the
convolution, and the spectrum of a batch is used for the convolution and its gradients. Signals are
padded to a length for which the transform is fast, and which avoids wrap-around.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from bci_dann._arrays import chunks
from bci_dann.models.fast.stacked_function import StackedFunction

__all__ = [
    "batch_parts",
    "convolve_then_mix",
    "fast_length",
    "mix_then_convolve",
]

# Size of the spectrum of one part of a batch, on a CPU (bytes). Empirical, by
# tests/benchmarks/bench_backbones.py: larger parts are hardly slower, but their intermediate
# results need more memory; below 512 KiB the overhead of calls is too large.
PART_BYTES = 2**20


@cache
def fast_length(minimum: int) -> int:
    """Return the smallest length of at least ``minimum`` with a fast Fourier transform.

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
    """Mix channels into rows, then cross-correlate each row with the kernel of its filter.

    The input is constant: only ``mixing`` and ``kernels`` get gradients.

    Parameters
    ----------
    spectrum : Tensor, complex, shape (batch, n_chans, n_bins)
        Spectrum of the signals, padded to at least ``n_times + n_taps - 1`` samples.
    mixing : Tensor, shape (n_filters * depth, n_chans)
        Weights of the channels, with ``depth`` consecutive rows for each filter.
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
        spectrum[None], mixing[None], kernels[None], n_times
    )[0]
    return result[0]


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
    result: Tensor = _ConvolveThenMix.apply(  # type: ignore[no-untyped-call]
        X[None], kernels[None], mixing[None]
    )[0]
    return result[0]


class _MixThenConvolve(StackedFunction):
    @staticmethod
    def forward(
        spectrum: Tensor, mixing: Tensor, kernels: Tensor, n_times: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        (n_networks, batch, _, n_bins), n_rows = spectrum.shape, mixing.shape[1]
        response = _response(kernels, 2 * (n_bins - 1)).repeat_interleave(
            n_rows // kernels.shape[1], dim=1
        )
        rows = spectrum.new_empty(n_networks, batch, n_rows, n_bins)
        out = mixing.new_empty(n_networks, batch, n_rows, _n_out(n_times, kernels.shape[2]))
        for network, part in _parts_of_each_network(spectrum):
            _mix(mixing[network], spectrum[network, part], out=rows[network, part])
            signals = torch.fft.irfft(rows[network, part] * response[network, None])
            out[network, part] = signals[..., : out.shape[-1]]
        return out, rows, response

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        spectrum, mixing, kernels, _ = inputs
        _, rows, response = output
        ctx.mark_non_differentiable(rows, response)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(spectrum, mixing, rows, response)
        ctx.n_filters, ctx.n_taps = kernels.shape[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
        if gradient is None:  # nothing depends on the result
            return None, None, None, None
        spectrum, mixing, rows, response = ctx.saved_tensors
        n_fft = 2 * (spectrum.shape[-1] - 1)
        weighted = response.conj() * _parseval(spectrum)
        response_gradient, mixing_gradient = torch.zeros_like(response), torch.zeros_like(mixing)
        for network, part in _parts_of_each_network(spectrum):
            change = torch.fft.rfft(gradient[network, part], n_fft)
            conjugate = rows[network, part].conj_physical()  # a lazy one would be copied twice
            response_gradient[network] += conjugate.mul_(change).sum(1)
            change.mul_(weighted[network, None])
            mixing_gradient[network] += _inner(change, spectrum[network, part])
        per_filter = response_gradient.view(
            len(response), ctx.n_filters, -1, response.shape[-1]
        ).sum(2)
        return None, mixing_gradient, _taps(per_filter, ctx.n_taps, n_fft), None


class _ConvolveThenMix(StackedFunction):
    @staticmethod
    def forward(
        X: Tensor, kernels: Tensor, mixing: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        n_taps, n_times = kernels.shape[-1], X.shape[-1]
        n_fft = fast_length(n_times + n_taps - 1)
        spectrum = torch.fft.rfft(X, n_fft)
        response = _response(kernels, n_fft)
        rows = spectrum * response[:, None]
        signals = torch.fft.irfft(_mix(mixing, rows), n_fft)
        return signals[..., : _n_out(n_times, n_taps)], spectrum, response, rows

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        X, kernels, mixing = inputs
        _, *saved = output
        ctx.mark_non_differentiable(*saved)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*saved, mixing)
        ctx.n_taps, ctx.n_times = kernels.shape[-1], X.shape[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor | None, *_: Any) -> tuple[Tensor | None, ...]:
        if gradient is None:  # nothing depends on the result
            return None, None, None
        spectrum, response, rows, mixing = ctx.saved_tensors
        n_fft = 2 * (spectrum.shape[-1] - 1)
        change = torch.fft.rfft(gradient, n_fft)
        mixing_gradient = _inner(change * _parseval(rows), rows)
        change = _mix(mixing.transpose(1, 2), change)
        kernel_gradient = _taps((spectrum.conj() * change).sum(1), ctx.n_taps, n_fft)
        change = change * response.conj()[:, None]
        return torch.fft.irfft(change, n_fft)[..., : ctx.n_times], kernel_gradient, mixing_gradient


def _n_out(n_times: int, n_taps: int) -> int:
    return n_times + 2 * (n_taps // 2) - n_taps + 1


def batch_parts(n_trials: int, trial_bytes: int, device: torch.device) -> list[slice]:
    """Divide a batch into parts whose intermediate results fit into the cache of a CPU.

    Parameters
    ----------
    n_trials : int
        Length of the batch.
    trial_bytes : int
        Size of the largest intermediate result for one trial (bytes).
    device : torch.device
        Device of the batch; on a GPU there is only one part.

    Returns
    -------
    list of slice
        Slices that cover the batch in order.
    """
    if device.type != "cpu":
        return [slice(None)]
    return list(chunks(n_trials, max(1, PART_BYTES // max(1, trial_bytes))))


def _parts_of_each_network(batch: Tensor) -> list[tuple[slice, slice]]:
    """Divide the batch of each network on a CPU; on other devices return one part."""
    if batch.device.type != "cpu":
        return [(slice(None), slice(None))]
    networks = [slice(index, index + 1) for index in range(len(batch))]
    parts = batch_parts(batch.shape[1], batch[0, :1].nbytes, batch.device)
    return [(network, part) for network in networks for part in parts]


def _mix(mixing: Tensor, spectrum: Tensor, out: Tensor | None = None) -> Tensor:
    """Apply the real weights of each network to the rows of its spectra, trial by trial."""
    n_networks, batch, n_rows, n_bins = spectrum.shape
    n_mixed = mixing.shape[1]
    if out is None:
        out = spectrum.new_empty(n_networks, batch, n_mixed, n_bins)
    weights = mixing[:, None].expand(-1, batch, -1, -1).reshape(-1, n_mixed, n_rows)
    torch.bmm(weights, _real(spectrum), out=_real(out))  # `@` would copy to fold
    return out


def _inner(first: Tensor, second: Tensor) -> Tensor:
    """Return real inner products of the rows of two spectra, summed over the batch."""
    products = torch.bmm(_real(first), _real(second).transpose(1, 2))
    return products.view(*first.shape[:2], *products.shape[1:]).sum(1)


def _real(spectrum: Tensor) -> Tensor:
    """View a spectrum as real rows, with one matrix for each trial."""
    return torch.view_as_real(spectrum).flatten(-2).flatten(0, 1)


def _parseval(spectrum: Tensor) -> Tensor:
    """Return the weights with which inner products of half spectra equal those of signals."""
    n_bins = spectrum.shape[-1]
    weights = spectrum.real.new_full((n_bins,), 1.0 / (n_bins - 1))
    for end in (0, -1):  # fill_ avoids a copy from the host, which would synchronise
        weights[end].fill_(0.5 / (n_bins - 1))
    return weights


def _positions(n_taps: int, n_fft: int, device: torch.device) -> Tensor:
    """Return the positions of taps for which circular convolution is padded cross-correlation."""
    return (n_taps // 2 - torch.arange(n_taps, device=device)) % n_fft


def _response(kernels: Tensor, n_fft: int) -> Tensor:
    spread = kernels.new_zeros(*kernels.shape[:-1], n_fft)
    spread[..., _positions(kernels.shape[-1], n_fft, kernels.device)] = kernels
    return torch.fft.rfft(spread)


def _taps(gradient: Tensor, n_taps: int, n_fft: int) -> Tensor:
    spread = torch.fft.irfft(gradient, n_fft)
    return spread[..., _positions(n_taps, n_fft, spread.device)]
