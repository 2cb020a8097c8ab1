"""Spectra and second moments of trials, computed once for the convolutions of all epochs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bci_dann.models.fast.spectral import batch_parts, fast_length

__all__ = ["TrialSpectra", "patch_moments", "trial_spectra"]


class TrialSpectra(NamedTuple):
    """Input of a first layer that is computed in the frequency domain.

    It does not depend on weights, so it is computed once before training. The first axis of each
    part is the trial.

    Attributes
    ----------
    spectrum : Tensor, complex, shape (n_trials, n_chans, n_bins)
        Fourier transform of each channel at non-negative frequencies, with enough zero padding
        against wrap-around.
    power : Tensor, float64, shape (n_trials, n_bins)
        Squared magnitudes, summed over channels.
    total : Tensor, shape (n_trials, n_times)
        Signals, summed over channels.
    edges : Tensor, shape (n_trials, 2, width, width)
        Products between the first samples, and between the last samples, summed over channels.
        They correct the second moments for zero padding at the edges.
    """

    spectrum: Tensor
    power: Tensor
    total: Tensor
    edges: Tensor


@torch.no_grad()
def trial_spectra(X: Tensor, n_taps: int) -> TrialSpectra:
    """Transform trials for convolutions with kernels of one length.

    Parameters
    ----------
    X : Tensor, shape (n_trials, n_chans, n_times)
        Signals.
    n_taps : int
        Length of the kernels; the padding is half of it on both sides.

    Returns
    -------
    TrialSpectra
        With the dtype and device of the signals.
    """
    n_fft = fast_length(X.shape[-1] + n_taps - 1)
    spectrum = X.new_empty(*X.shape[:2], n_fft // 2 + 1, dtype=X.dtype.to_complex())
    power = X.new_empty(len(X), n_fft // 2 + 1, dtype=torch.float64)
    for part in batch_parts(len(X), spectrum[:1].nbytes, X.device):
        spectrum[part] = torch.fft.rfft(X[part], n_fft)
        power[part] = torch.view_as_real(spectrum[part]).square().sum((1, 3))
    width = n_taps - 1 - n_taps // 2
    ends = torch.stack([X[..., :width], X[..., X.shape[-1] - width :]], dim=1)
    edges = ends.transpose(-1, -2) @ ends
    return TrialSpectra(spectrum, power, X.sum(1), edges)


@torch.no_grad()
def patch_moments(trials: TrialSpectra, n_taps: int) -> tuple[Tensor, Tensor]:
    """Return mean and covariance of all zero-padded input patches of a convolution.

    The second moments are the Toeplitz matrix of the autocorrelation of the signals, minus the
    contribution of patches beyond the padding.

    Parameters
    ----------
    trials : TrialSpectra
        A batch, transformed for kernels of this length.
    n_taps : int
        Length of a patch.

    Returns
    -------
    mean : Tensor, float64, shape (n_taps,)
        Mean over batch, channels and positions.
    covariance : Tensor, float64, shape (n_taps, n_taps)
        Covariance over the same.
    """
    batch, n_chans = trials.spectrum.shape[:2]
    padding, n_times = n_taps // 2, trials.total.shape[1]
    n_out = n_times + 2 * padding - n_taps + 1
    count = batch * n_chans * n_out
    autocorrelation = torch.fft.irfft(trials.power.sum(0))[:n_taps]
    tap = torch.arange(n_taps, device=autocorrelation.device)
    outer = _outer_patches(trials.edges.double().sum(0), n_taps)
    moments = autocorrelation[(tap[:, None] - tap).abs()] - outer
    total = functional.pad(trials.total.double().sum(0), (padding, padding))
    mean = total.unfold(0, n_out, 1).sum(1) / count
    return mean, moments / count - torch.outer(mean, mean)


def _outer_patches(edges: Tensor, n_taps: int) -> Tensor:
    """Return the second moments of patches beyond the padding that overlap the signals."""
    width = edges.shape[-1]
    if width == 0:
        return edges.new_zeros(n_taps, n_taps)
    head, tail = edges
    size = n_taps - 1 + width
    placed = functional.pad(tail, (0, size - width, 0, size - width))
    placed = placed + functional.pad(head, (size - width, 0, size - width, 0))
    patches = placed.unfold(0, n_taps, 1).unfold(1, n_taps, 1)
    return patches.diagonal().sum(-1)
