"""Cross-correlation of many electrodes with short kernels, by transforms of short tiles.

Three matrix products do it: one transforms overlapping tiles of about three kernel lengths,
one mixes the electrodes at each frequency, and one transforms back. For the kernels of EEG
networks they need a third of the operations of the convolution itself, and unlike long
Fourier transforms they leave their results in the order that the next one reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import pi

import torch
from torch import Tensor

__all__ = ["TiledCorrelation"]


class TiledCorrelation:
    """Cross-correlation of signals with kernels by matrix products, and the kernels' gradient.

    Parameters
    ----------
    shape : tuple of int
        Of the kernels, ``(n_rows, n_chans, n_taps)``.
    step : int
        Samples of a row from one tile.
    dtype : torch.dtype
        Of kernels and signals.
    device : torch.device
        Where they are.

    Attributes
    ----------
    tile_bytes : int
        Memory that the largest intermediate result needs for one tile (bytes).
    """

    def __init__(
        self, shape: Sequence[int], step: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.shape = tuple(shape)
        self.step, self.size = step, step + shape[2] - 1
        self.forward, self.inverse = _transforms(self.size, dtype, device)
        # without a copy, the product that transforms back takes almost twice as long
        self.synthesis = self.inverse[:, :step].contiguous()
        self.tile_bytes = self.forward[:, 0].nbytes * shape[0]

    def spectra(self, X: Tensor) -> Tensor:
        """Transform all tiles of some trials.

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
            Samples of the rows.
        """
        mixed = torch.bmm(responses, spectra).view(len(self.forward), -1)
        return mixed.T @ self.synthesis

    def new_total(self, like: Tensor) -> Tensor:
        """Return zeros for :meth:`add_gradient` to add to.

        Parameters
        ----------
        like : Tensor
            Gives type and device.

        Returns
        -------
        Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            Zeros.
        """
        return like.new_zeros(self._n_bins, 2 * self.shape[0], 2 * self.shape[1])

    def add_gradient(self, total: Tensor, gradient: Tensor, spectra: Tensor) -> None:
        """Add the contribution of some rows to the gradient of the kernels.

        Parameters
        ----------
        total : Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            From :meth:`new_total`.
        gradient : Tensor, shape (n_rows * n_trials * n_tiles, step)
            Gradient of what :meth:`rows` returned.
        spectra : Tensor
            What it was given.
        """
        change = self.forward[:, : self.step] @ gradient.T
        total.baddbmm_(change.view(*total.shape[:2], -1), spectra.mT)

    def kernel_gradient(self, total: Tensor) -> Tensor:
        """Return the gradient of the kernels.

        Parameters
        ----------
        total : Tensor
            With the gradients of all rows.

        Returns
        -------
        Tensor, shape (n_rows, n_chans, n_taps)
            Of the kernels that :meth:`responses` was given.
        """
        n_rows, n_chans, n_taps = self.shape
        products = total.view(-1, 2, n_rows, 2, n_chans)
        real = products[:, 0, :, 0] + products[:, 1, :, 1]
        imaginary = products[:, 0, :, 1] - products[:, 1, :, 0]
        spectrum = torch.stack([real, imaginary], 1).view(len(self.inverse), -1)
        return (spectrum.T @ self.inverse[:, :n_taps]).view(self.shape)

    def responses(self, kernels: Tensor) -> Tensor:
        """Return conjugate responses as real matrices.

        Parameters
        ----------
        kernels : Tensor, shape (n_rows, n_chans, n_taps)
            Kernels of the rows, as in ``conv1d`` without padding.

        Returns
        -------
        Tensor, shape (n_bins, 2 * n_rows, 2 * n_chans)
            Real and imaginary parts in blocks, so that a real product is a complex one.
        """
        n_rows, n_chans, n_taps = self.shape
        response = kernels.reshape(-1, n_taps) @ self.forward[:, :n_taps].T
        real, imaginary = response.view(n_rows, n_chans, -1, 2).permute(3, 2, 0, 1)
        return torch.cat([torch.cat([real, imaginary], 2), torch.cat([-imaginary, real], 2)], 1)

    @property
    def _n_bins(self) -> int:
        return len(self.forward) // 2


@lru_cache(maxsize=16)  # process-wide, and a pure function of its arguments: 45 KB at 75 samples
def _transforms(size: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Matrices ``(2 * n_bins, size)`` of the Fourier transform and, transposed, its inverse.

    Real and imaginary part of a frequency follow each other.
    """
    with torch.inference_mode(mode=False):  # a later call may need them for gradients
        n_bins = size // 2 + 1
        turns = torch.arange(n_bins)[:, None] * torch.arange(size) % size  # no large angles
        angle = turns.double() * (2 * pi / size)
        forward = torch.stack([angle.cos(), -angle.sin()], 1)
        weights = forward.new_full((n_bins, 1, 1), 2.0 / size)
        weights[0] = 1.0 / size
        if size % 2 == 0:
            weights[-1] = 1.0 / size
        forward, inverse = forward.flatten(0, 1), (forward * weights).flatten(0, 1)
        return forward.to(device, dtype), inverse.to(device, dtype)
