"""Suppression of artefacts of trials, in operations that ONNX has.

The steps are those of :func:`bci_dann.alignment.artefacts.suppress_artefacts`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool1d

from bci_dann.alignment.artefacts import (
    BURST_POWER,
    BURST_SIZE,
    LARGEST_BURST_SHARE,
    N_STEPS,
    NORMAL_MEDIAN,
    burst_margin,
    relative_limit,
)
from bci_dann.alignment.outlying_directions import FLAT_RATIO, LARGEST_GAIN, OUTLYING_RATIO
from bci_dann.alignment.shrunk_covariance import LARGEST_VARIANCE
from bci_dann.serving.export.matrix_functions import inverse, roots, sign

__all__ = [
    "row_medians",
    "shrunk",
    "suppress_artefacts",
    "with_usual_amplitudes",
    "without_bursts",
    "without_outliers",
]


def suppress_artefacts(trials: Tensor, whitening: Tensor) -> Tensor:
    """Return trials without bursts, and with their outlying samples scaled down.

    Parameters
    ----------
    trials : Tensor, shape (batch, n_chans, n_times)
        In microvolt, single precision.
    whitening : Tensor, shape (n_chans, n_chans)
        The inverse square root of the mean covariance (1/µV), of full rank.

    Returns
    -------
    Tensor, shape (batch, n_chans, n_times)
        In microvolt, single precision.
    """
    trials = without_bursts(trials.double()).float()
    # norms do not depend on linear mixing of channels, and whitened ones converge
    signals = whitening @ trials.double()
    return trials * _scale_factors(signals)[:, None].float()


def without_bursts(trials: Tensor) -> Tensor:
    """Return trials in which the strong directions of bursts are projected out.

    Parameters
    ----------
    trials : Tensor, shape (batch, n_chans, n_times)
        In microvolt, double precision.

    Returns
    -------
    Tensor, shape (batch, n_chans, n_times)
        In microvolt, double precision.
    """
    n_chans, n_times = trials.shape[1:]
    in_burst = _burst_samples(trials)
    n_samples = in_burst.sum(dim=2, keepdim=True)
    others = trials * (1.0 - in_burst)
    n_others = n_times - n_samples
    root, inverse_root = roots(shrunk(others @ others.transpose(1, 2) / n_others, n_others))
    whitened = inverse_root @ (trials * in_burst)
    n_samples = n_samples.clamp(min=1.0)
    powers = whitened @ whitened.transpose(1, 2) / n_samples
    limits = BURST_POWER * (1.0 + (n_chans / n_samples).sqrt()) ** 2
    eye = torch.eye(n_chans, dtype=torch.float64)
    strong = 0.5 * (eye + sign(powers - limits * eye))  # projects on directions above the limit
    return trials - root @ (strong @ whitened)


def row_medians(values: Tensor) -> Tensor:
    """Return the medians of rows; `torch.median` would return the lower of two middle values.

    Parameters
    ----------
    values : Tensor, shape (n_rows, n)
        Of any scale.

    Returns
    -------
    Tensor, shape (n_rows, 1)
        One median for each row.
    """
    n = values.shape[1]
    lowest = torch.topk(values, n // 2 + 1, dim=1, largest=False).values
    return lowest[:, -1:] if n % 2 else lowest[:, -2:].mean(dim=1, keepdim=True)


def shrunk(empirical: Tensor, n_times: Tensor | int, robust: bool = False) -> Tensor:
    """Return covariances with oracle approximating shrinkage.

    Parameters
    ----------
    empirical : Tensor, shape (batch, n_chans, n_chans)
        Empirical covariances (µV²).
    n_times : Tensor, shape (batch, 1, 1), or int
        From how many samples each was computed.
    robust : bool
        Whether the variance of the sphere is a mean of limited variances.

    Returns
    -------
    Tensor, shape (batch, n_chans, n_chans)
        Equal to the result of :func:`bci_dann.alignment.shrunk_covariance.shrunk`.
    """
    n_chans = empirical.shape[1]
    eye = torch.eye(n_chans, dtype=torch.float64)
    mean_variance = (empirical * eye).sum(dim=(1, 2), keepdim=True) / n_chans
    mean_square = empirical.square().mean(dim=(1, 2), keepdim=True)
    spread = (n_times + 1) * (mean_square - mean_variance**2 / n_chans)
    share = (mean_square + mean_variance**2) / torch.where(spread > 0, spread, 1.0)
    shrinkage = torch.where(spread > 0, share.clamp(max=1.0), 1.0)
    variance = mean_variance
    if robust:
        variances = (empirical * eye).sum(dim=2)
        medians = row_medians(variances)
        limited = torch.minimum(variances, LARGEST_VARIANCE * medians).mean(dim=1, keepdim=True)
        variance = torch.where(medians > 0, limited, mean_variance[:, :, 0])[:, :, None]
    return (1.0 - shrinkage) * empirical + shrinkage * variance * eye


def without_outliers(centred: Tensor, covariances: Tensor, variances: Tensor) -> Tensor:
    """Return re-centred covariances in which directions of outlying power are replaced.

    Parameters
    ----------
    centred : Tensor, shape (batch, n_chans, n_chans)
        Re-centred covariances.
    covariances : Tensor, shape (batch, n_chans, n_chans)
        The same before re-centring (µV²).
    variances : Tensor, shape (n_chans,)
        The diagonal of the reference (µV²).

    Returns
    -------
    Tensor, shape (batch, n_chans, n_chans)
        Their logarithms are those of
        :func:`bci_dann.alignment.outlying_directions.without_outliers`.
    """
    eye = torch.eye(centred.shape[1], dtype=torch.float64)
    gains = _trial_gains(covariances, variances)
    scaled = centred / gains
    below = _usual_directions(scaled)
    scaled = below @ scaled + (eye - below)
    above = 0.5 * (eye + sign(scaled - FLAT_RATIO * eye))
    return gains * (above @ scaled + (eye - above))


def with_usual_amplitudes(whitened: Tensor, covariances: Tensor, variances: Tensor) -> Tensor:
    """Return whitened trials in which outlying directions have the usual amplitude.

    Parameters
    ----------
    whitened : Tensor, shape (batch, n_chans, n_times)
        Whitened trials.
    covariances : Tensor, shape (batch, n_chans, n_chans)
        Their covariances before whitening (µV²).
    variances : Tensor, shape (n_chans,)
        The diagonal of the reference (µV²).

    Returns
    -------
    Tensor, shape (batch, n_chans, n_times)
        As :func:`bci_dann.alignment.outlying_directions.with_usual_amplitudes`.
    """
    eye = torch.eye(whitened.shape[1], dtype=torch.float64)
    centred = whitened @ whitened.transpose(1, 2) / whitened.shape[2]
    scaled = centred / _trial_gains(covariances, variances)
    usual = _usual_directions(scaled)
    outlying = eye - usual
    _, factors = roots(outlying @ scaled @ outlying + usual)
    return factors @ whitened


def _trial_gains(covariances: Tensor, variances: Tensor) -> Tensor:
    """Return the gains of trials as ratios of power, ``(batch, 1, 1)``."""
    eye = torch.eye(covariances.shape[1], dtype=torch.float64)
    own = (covariances * eye).sum(dim=2).clamp(min=float(np.finfo(np.float64).tiny))
    logarithms = row_medians(own.log() - variances.log())[:, :, None]
    return torch.where(logarithms.abs() > math.log(LARGEST_GAIN), 0.0, logarithms).exp()


def _usual_directions(scaled: Tensor) -> Tensor:
    """Return projections on the directions below the largest usual ratio of power."""
    eye = torch.eye(scaled.shape[1], dtype=torch.float64)
    return 0.5 * (eye - sign(scaled - OUTLYING_RATIO * eye))


def _scale_factors(signals: Tensor) -> Tensor:
    """Return the factor of each sample, as :func:`bci_dann.alignment.artefacts.winsorise`."""
    distances = _mahalanobis(signals, signals)
    relative_limits = _relative_limits(distances, signals.shape[1])
    factors = torch.ones_like(distances)
    for _ in range(N_STEPS):
        median = row_medians(distances)
        limits = torch.where(median > 0, relative_limits * median, torch.inf)
        factors = torch.clamp(limits / distances.clamp(min=1e-300), max=1.0)
        distances = _mahalanobis(signals, signals * factors[:, None])
    return factors


def _mahalanobis(signals: Tensor, scaled: Tensor) -> Tensor:
    scatter_inverse = inverse(scaled @ scaled.transpose(1, 2))
    return (signals * (scatter_inverse @ signals)).sum(dim=1).clamp(min=0.0).sqrt()


def _relative_limits(distances: Tensor, n_chans: int) -> Tensor:
    """Return the limit of each trial in relation to its median, by its rank, ``(batch, 1)``."""
    # squared distances are leverages, which sum to the rank: lower with a flat channel
    ranks = distances.square().sum(dim=1, keepdim=True).round().clamp(min=1.0)
    possible = torch.arange(1, n_chans + 1, dtype=torch.float64)
    limits = [relative_limit(rank) for rank in range(1, n_chans + 1)]
    return (ranks == possible).double() @ torch.tensor(limits, dtype=torch.float64)[:, None]


def _burst_samples(trials: Tensor) -> Tensor:
    """Return 1 for samples that belong to bursts and 0 for others, ``(batch, 1, n_times)``."""
    n_chans, n_times = trials.shape[1:]
    sizes = trials.abs()
    typical = row_medians(sizes.reshape(-1, n_times)).reshape(-1, n_chans, 1) / NORMAL_MEDIAN
    limits = torch.where(typical > 0, BURST_SIZE * typical, torch.inf)
    is_large = (sizes > limits).float().amax(dim=1, keepdim=True)
    margin = burst_margin(n_times)
    in_burst = max_pool1d(is_large, 2 * margin + 1, stride=1, padding=margin).double()
    is_repairable = in_burst.mean(dim=2, keepdim=True) <= LARGEST_BURST_SHARE
    return in_burst * is_repairable
