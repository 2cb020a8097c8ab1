"""ShallowFBCSPNet in a faster order: from sums over blocks as long as the stride of the pooling.

Schirrmeister, Springenberg, Fiederer, Glasstetter, Eggensperger, Tangermann, Hutter, Burgard and
Ball (2017), "Deep learning with convolutional neural networks for EEG decoding and visualization",
Hum. Brain Mapp. 38(11), 5391-5420.

All layers up to the logarithm depend only on two sums over each block of samples, where a block is
as long as the stride of the pooling: the sums of the convolved rows, and of their squares. Batch
norm needs mean and variance, and squaring and mean pooling of the normalised rows is a quadratic
function of these sums. Only the convolution is therefore computed for all samples, and gradients of
the other layers are propagated through the sums.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bci_dann._compat import braindecode_models
from bci_dann.models.fast.block_sums import block_sums
from bci_dann.models.fast.body import FastBody
from bci_dann.models.fast.fused_layers import update_running_statistics

__all__ = ["ShallowFBCSPNetBody"]


class ShallowFBCSPNetBody(FastBody):
    """Braindecode's ShallowFBCSPNet with the same layers and results in less time.

    Built from a ``braindecode.models.ShallowFBCSPNet``; its output has the shape ``(batch,
    n_filters_spat, n_pooled, 1)``. It covers the architecture of the publication: two linear
    layers, batch norm, squaring, and mean pooling over a multiple of the stride; any activation may
    follow.
    """

    conv_time_spat: nn.Module
    bnorm: nn.BatchNorm2d
    pool: nn.AvgPool2d
    pool_nonlin_exp: nn.Module
    drop: nn.Module
    final_layer: nn.Module

    def forward_fast(self, trials: Any) -> Tensor:
        """Compute features from signals, see the base class.

        Parameters
        ----------
        trials : Tensor, shape (batch, n_chans, n_times)
            Signals.

        Returns
        -------
        Tensor, shape (batch, n_filters_spat, n_pooled, 1)
            Output of the last layer.
        """
        X: Tensor = trials
        window, width = _window(self.pool) or (1, 1)
        kernels, bias = self._kernels()
        # electrodes are centred to limit rounding errors of squares; the bias compensates
        centre = X.detach().mean((0, 2)).nan_to_num(0.0, 0.0, 0.0)
        moments = block_sums(X, centre, kernels, width)
        n_out = X.shape[-1] - kernels.shape[2] + 1
        scale, shift = self._norm(moments, bias + kernels.sum(2) @ centre, len(X) * n_out)
        # the mean of (scale * row + shift) ** 2 over a window
        factors = torch.stack([2.0 * scale * shift, scale.square()], 1)
        energy = (factors[:, None] @ moments.flatten(2)).view(moments[:, 0].shape)
        pooled = energy @ _windows(n_out, window, width, moments) + shift.square()[:, None, None]
        pooled = pooled.transpose(0, 1)[..., None].contiguous()  # the order of dropout masks
        features: Tensor = self.final_layer(self.drop(self.pool_nonlin_exp(pooled)))
        return features

    def reason_not_covered(self, X: Tensor) -> str | None:
        """Return why braindecode's own layers have to run, see the base class.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        str or None
            None where the faster order applies.
        """
        if not hasattr(self, "conv_time_spat"):
            return "no spatial convolution"
        norm = getattr(self, "bnorm", None)
        if not isinstance(norm, nn.BatchNorm2d) or norm.weight is None:
            return "no batch norm with a scale and a shift"
        activation = self.get_submodule("conv_nonlin_exp")
        if not isinstance(activation, braindecode_models().shallow_fbcsp.Square):
            return f"{activation} after the convolutions"
        window = _window(self.pool)
        if window is None:
            return f"pooling by {self.pool}"
        temporal, spatial = self._convolutions()
        shortest = temporal.kernel_size[0] + window[0] - 1
        if X.shape[1] != spatial.kernel_size[1] or X.shape[2] < shortest:
            return f"input of shape {tuple(X.shape[1:])}"
        return None

    def _convolutions(self) -> tuple[nn.Conv2d, nn.Conv2d]:
        layers: Any = self.conv_time_spat
        return layers.conv_time, layers.conv_spat

    def _kernels(self) -> tuple[Tensor, Tensor]:
        """Return the joint kernels, ``(n_rows, n_chans, n_taps)``, and biases, ``(n_rows,)``."""
        temporal, spatial = self._convolutions()
        assert temporal.bias is not None  # always true in braindecode
        mixing = spatial.weight.squeeze(2)
        kernels = mixing.transpose(1, 2) @ temporal.weight[:, 0, :, 0]
        bias = mixing.sum(2) @ temporal.bias
        return kernels, bias if spatial.bias is None else bias + spatial.bias

    def _norm(self, moments: Tensor, bias: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Return scale and shift by ``bnorm`` of rows without bias, ``(n_rows,)`` each."""
        norm = self.bnorm
        if norm.training or norm.running_mean is None or norm.running_var is None:
            mean, square = (moments.sum((2, 3)) / count).unbind(1)
            var = (square - mean.square()).clamp(min=0.0)
            update_running_statistics(norm, mean.detach() + bias.detach(), var.detach(), count)
            mean = mean + 0.0 * bias  # no effect, but a gradient of zero instead of None
        else:
            mean, var = norm.running_mean - bias, norm.running_var
        scale = (var + norm.eps).rsqrt() * norm.weight
        return scale, norm.bias - mean * scale


def _windows(n_out: int, length: int, stride: int, moments: Tensor) -> Tensor:
    """Return the weight of each block in the mean over each window, ``(n_blocks, n_windows)``.

    A product with this matrix takes a fifth of the time of torch's pooling.
    """
    n_windows, n_joined = (n_out - length) // stride + 1, length // stride
    shares = moments.new_full((moments.shape[-1], n_windows), 1.0 / length)
    return shares.tril().triu(1 - n_joined)


def _window(pool: nn.Module) -> tuple[int, int] | None:
    """Return length and stride of mean pooling over a multiple of the stride, else None."""
    if not isinstance(pool, nn.AvgPool2d) or pool.ceil_mode or pool.divisor_override:
        return None
    sizes = (pool.kernel_size, pool.stride, pool.padding)
    match sizes:
        case ((int(length), 1), (int(stride), 1), 0) if length % stride == 0:
            return length, stride
    return None
