"""EEGNet in a faster order: electrodes are mixed before the temporal convolution.

Lawhern, Solon, Waytowich, Gordon, Hung and Lance (2018), "EEGNet: a compact convolutional neural
network for EEG-based brain-computer interfaces", J. Neural Eng. 15(5), 056013.

braindecode convolves every electrode with every temporal filter and mixes the electrodes
afterwards. Both steps are linear, and the batch norm between them is one scale and one shift
for each filter, so the electrodes can be mixed first: F1 * D rows are convolved instead of F1 * C.
The mean and variance that the batch norm needs are computed from the filter taps and the first
two moments of the input patches.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from bci_dann.models.fast.body import FastBody
from bci_dann.models.fast.fused_layers import (
    mean_pool,
    norm_elu_mean,
    pool_width,
    update_running_statistics,
)
from bci_dann.models.fast.spectral import convolve_then_mix, mix_then_convolve
from bci_dann.models.fast.trial_spectra import TrialSpectra, patch_moments, trial_spectra

__all__ = ["EEGNetBody"]


class EEGNetBody(FastBody):
    """Braindecode's EEGNet with the same layers and results in less time.

    Built from a ``braindecode.models.EEGNet``; its output has the shape ``(batch, F2, 1,
    n_pooled)``.
    """

    drop_1: nn.Module
    drop_2: nn.Module
    final_layer: nn.Module
    conv_temporal: nn.Conv2d
    bnorm_temporal: nn.BatchNorm2d
    conv_spatial: nn.Conv2d
    conv_separable_depth: nn.Conv2d
    conv_separable_point: nn.Conv2d

    def transform_trials(self, X: Tensor) -> TrialSpectra:
        """Return spectra of the trials, see the base class.

        Parameters
        ----------
        X : Tensor, shape (n_trials, n_chans, n_times)
            Signals.

        Returns
        -------
        TrialSpectra
            For kernels of the length of the temporal convolution.
        """
        return trial_spectra(X, self.conv_temporal.kernel_size[1])

    def forward_fast(self, trials: Any) -> Tensor:
        """Compute features from spectra, see the base class.

        Parameters
        ----------
        trials : TrialSpectra
            From :meth:`transform_trials`.

        Returns
        -------
        Tensor, shape (batch, F2, 1, n_pooled)
            Output of the last layer.
        """
        rows = self.drop_1(self._norm_act_pool("1", *self._filter_rows(trials)))
        rows = convolve_then_mix(
            rows.squeeze(2),
            self.conv_separable_depth.weight.flatten(1),
            self.conv_separable_point.weight.flatten(1),
        )
        rows = self._norm_act_pool("2", rows, rows.new_zeros(rows.shape[1]))
        features: Tensor = self.final_layer(self.drop_2(rows))
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
        if X.shape[-1] < self.conv_temporal.kernel_size[1]:
            return "a temporal kernel longer than the trials"
        return None

    def _filter_rows(self, trials: TrialSpectra) -> tuple[Tensor, Tensor]:
        """Return the rows after the spatial convolution, and the shift of each row separately.

        Shapes are ``(batch, F1 * D, n_out)`` and ``(F1 * D,)``.
        """
        taps = self.conv_temporal.weight.flatten(1)
        mixing = self.conv_spatial.weight.flatten(1)
        scale, shift = self._temporal_norm(trials, taps)
        rows = mix_then_convolve(
            trials.spectrum, mixing, taps * scale[:, None], trials.total.shape[1]
        )
        per_row = mixing.sum(1).view(len(taps), -1) * shift[:, None]
        return rows, per_row.flatten()

    def _norm_act_pool(self, number: str, rows: Tensor, shift: Tensor) -> Tensor:
        """Batch norm, activation and pooling: ``(batch, n_rows, 1, n_pooled)``."""
        norm, activation, pool = (
            getattr(self, f"{layer}_{number}") for layer in ("bnorm", "elu", "pool")
        )
        width = pool_width(pool)
        if width and norm.training and isinstance(activation, nn.ELU) and activation.alpha == 1.0:
            return norm_elu_mean(rows, shift, norm, width).unsqueeze(2)
        activated = activation(norm((rows + shift[:, None]).unsqueeze(2)))
        pooled: Tensor = mean_pool(activated, width) if width else pool(activated)
        return pooled

    def _temporal_norm(self, trials: TrialSpectra, taps: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift of each filter, ``(F1,)`` each, by ``bnorm_temporal``."""
        norm = self.bnorm_temporal
        if norm.training or norm.running_mean is None or norm.running_var is None:
            patch_mean, patch_covariance = patch_moments(trials, taps.shape[1])
            exact = taps.double()
            mean = exact @ patch_mean
            var = ((exact @ patch_covariance) * exact).sum(1).clamp(min=0.0)
            batch, n_chans = trials.spectrum.shape[:2]
            n_out = trials.total.shape[1] + 2 * (taps.shape[1] // 2) - taps.shape[1] + 1
            update_running_statistics(norm, mean, var, batch * n_chans * n_out)
        else:
            mean, var = norm.running_mean, norm.running_var
        scale = (var + norm.eps).rsqrt()
        if norm.weight is not None:
            scale = scale * norm.weight
        shift = -mean * scale
        if norm.bias is not None:
            shift = shift + norm.bias
        return scale.to(taps.dtype), shift.to(taps.dtype)
