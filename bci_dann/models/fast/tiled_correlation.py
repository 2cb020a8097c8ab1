"""Cross-correlation of many electrodes with short kernels, by Fourier transforms of short tiles.

It takes three matrix products: the transform of overlapping tiles of about three kernel lengths,
the mixing of electrodes at each frequency, and the inverse transform. For the kernels of EEG
networks this needs a third of the operations of the convolution. Unlike long Fourier transforms,
each product returns its result in the memory layout of the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import pi

import torch
from torch import Tensor

__all__ = ["TiledCorrelation"]


class TiledCorrelation:
    """Cross-correlation of signals with kernels by matrix products, and gradient of the kernels.

    Parameters
    ----------
    shape : tuple of int
        Shape of the kernels, ``(n_rows, n_chans, n_taps)``.
    step : int
        Number of output samples from one tile.
    dtype : torch.dtype
        Type of kernels and signals.
    device : torch.device
        Device of kernels and signals.

    Attributes
    ----------
    tile_bytes : int
        Size of the largest intermediate result for one tile (bytes).
    """

    def __init__(
        self, shape: Sequence[int], step: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.shape = tuple(shape)
        self.step, self.size = step, step + shape[2] - 1
        self.forward, self.inverse = _transforms(self.size, dtype, device)
        # a copy, since the inverse transform would otherwise take almost twice as long
        self.synthesis = self.inverse[:, :step].contiguous()
        self.tile_bytes = self.forward[:, 0].nbytes * shape[0]

    def spectra(self, X: Tensor) -> Tensor:
        """Compute the spectra of all tiles of trials.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_tiles * step + n_taps - 1)
            Signals.

        Returns
        -------
        Tensor, shape (n_bins, 2 * n_chans, n_trials * n_tiles)
            Real parts of all channels, then imaginary parts.
        """
        tiles = X.unfold(-1, self.size, self.step).transpose(0, 1).reshape(-1, self.size)
        return (self.forward @ tiles.T).view(self._n_bins, -1, len(tiles) // self.shape[1])

    def rows(self, responses: Tensor, spectra: Tensor) -> Tensor:
        """Cross-correlate the channels with the kernels.

        Parameters
        ----------
        responses : Tensor
            From :meth:`responses`.
        spectra : Tensor
            From :meth:`spectra`.

        Returns
        -------
        Tensor, shape (n_rows * n_trials * n_tiles, step)
            Output samples of the rows.
        """
        mixed = torch.bmm(responses, spectra).view(len(self.forward), -1)
        return mixed.T @ self.synthesis

    def new_total(self, like: Tensor) -> Tensor:
        """Return the initial value of the sum in :meth:`add_gradient`.

        Parameters
        ----------
        like : Tensor
            Has the required type and device.

        Returns
        -------
        Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            Zeros.
        """
        return like.new_zeros(self._n_bins, 2 * self.shape[0], 2 * self.shape[1])

    def add_gradient(self, total: Tensor, gradient: Tensor, spectra: Tensor) -> None:
        """Add the contribution of a part of the batch to the gradient of the kernels.

        Parameters
        ----------
        total : Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            From :meth:`new_total`.
        gradient : Tensor, shape (n_rows * n_trials * n_tiles, step)
            Gradient of the result of :meth:`rows`.
        spectra : Tensor
            The argument of :meth:`rows`.
        """
        change = self.forward[:, : self.step] @ gradient.T
        total.baddbmm_(change.view(*total.shape[:2], -1), spectra.mT)

    def kernel_gradient(self, total: Tensor) -> Tensor:
        """Return the gradient of the kernels.

        Parameters
        ----------
        total : Tensor
            Sum of :meth:`add_gradient` over all parts.

        Returns
        -------
        Tensor, shape (n_rows, n_chans, n_taps)
            Gradient with respect to the argument of :meth:`responses`.
        """
        n_rows, n_chans, n_taps = self.shape
        products = total.view(-1, 2, n_rows, 2, n_chans)
        real = products[:, 0, :, 0] + products[:, 1, :, 1]
        imaginary = products[:, 0, :, 1] - products[:, 1, :, 0]
        spectrum = torch.stack([real, imaginary], 1).view(len(self.inverse), -1)
        return (spectrum.T @ self.inverse[:, :n_taps]).view(self.shape)

    def responses(self, kernels: Tensor) -> Tensor:
        """Return conjugate frequency responses as real matrices.

        Parameters
        ----------
        kernels : Tensor, shape (n_rows, n_chans, n_taps)
            Kernels of the rows, as in ``conv1d`` without padding.

        Returns
        -------
        Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            Blocks of real and imaginary parts, so that a real product equals the complex one.
        """
        n_rows, n_chans, n_taps = self.shape
        response = kernels.reshape(-1, n_taps) @ self.forward[:, :n_taps].T
        real, imaginary = response.view(n_rows, n_chans, -1, 2).permute(3, 2, 0, 1)
        return torch.cat([torch.cat([real, imaginary], 2), torch.cat([-imaginary, real], 2)], 1)

    @property
    def _n_bins(self) -> int:
        return len(self.forward) // 2


@lru_cache(maxsize=16)  # pure function; 45 KB for 75 samples
def _transforms(size: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return matrices ``(2 * n_bins, size)`` of the Fourier transform and, transposed, its inverse.

    Rows alternate between real and imaginary parts.
    """
    with torch.inference_mode(mode=False):  # a later call may need them for gradients
        n_bins = size // 2 + 1
        turns = torch.arange(n_bins)[:, None] * torch.arange(size) % size  # keeps angles small
        angle = turns.double() * (2 * pi / size)
        forward = torch.stack([angle.cos(), -angle.sin()], 1)
        weights = forward.new_full((n_bins, 1, 1), 2.0 / size)
        weights[0] = 1.0 / size
        if size % 2 == 0:
            weights[-1] = 1.0 / size
        forward, inverse = forward.flatten(0, 1), (forward * weights).flatten(0, 1)
        return forward.to(device, dtype), inverse.to(device, dtype)
