"""Riemannian decoders as torch modules: covariances, their matrix logarithms, a linear head."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.exceptions import ConfigError
from bci_dann.features import TangentViews
from bci_dann.features.covariance_views import overlapping_windows, possible_lag
from bci_dann.serving.export.artefact_graph import shrunk, suppress_artefacts, without_outliers
from bci_dann.serving.export.matrix_functions import logarithm

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment
    from bci_dann.estimators import RiemannianClassifier

__all__ = ["CovarianceDecoder"]


class CovarianceDecoder(nn.Module):
    """Torch module that computes the class probabilities of a Riemannian decoder.

    The steps are those of :class:`~bci_dann.features.TangentViews`, in double precision.

    Parameters
    ----------
    estimator : RiemannianClassifier
        A fitted decoder. Covariances are re-centred by the mean for unknown domains; after
        ``adapt`` this is the mean of the new subject.

    Raises
    ------
    ConfigError
        When it has a filter bank, a user-defined alignment, or a singular mean covariance.
    """

    weights: Tensor
    biases: Tensor

    def __init__(self, estimator: RiemannianClassifier) -> None:
        super().__init__()
        views = _tangent_views(estimator.alignment_)
        n_times = estimator.n_times_ or 1
        self.robust, self.n_copies = views.robust, views.n_copies_
        self.lag = possible_lag(n_times, views.n_copies_, views.lag_)
        self.windows = overlapping_windows(n_times, views.n_windows) if views.n_windows > 1 else []
        self.max_norm = views.longest_  # longer tangent vectors are shortened to this norm
        self.n_views = len(views.centres_)
        for index, centre in enumerate(views.centres_):
            self.register_buffer(f"whitening_{index}", _whitening(centre.fallback_))
            variances = torch.from_numpy(centre.fallback_.diagonal().copy())
            self.register_buffer(f"variances_{index}", variances)
        self.register_buffer("weights", estimator.head_.weights)
        self.register_buffer("biases", estimator.head_.biases)
        self.eval()

    def forward(self, trials: Tensor) -> Tensor:
        """Return class probabilities.

        Parameters
        ----------
        trials : Tensor, shape (batch, n_chans, n_times)
            In microvolt, single precision.

        Returns
        -------
        Tensor, shape (batch, n_classes)
            In double precision.
        """
        if self.robust:
            trials = suppress_artefacts(trials, self._whitening(0))
        centred = [
            self._centred(index, self._covariances(view.double()))
            for index, view in enumerate(self._views(trials))
        ]
        features = torch.cat(_flat_logarithms(centred), dim=1).float().double()
        if math.isfinite(self.max_norm):
            norms = features.norm(dim=1, keepdim=True).clamp(min=self.max_norm)
            features = features * (self.max_norm / norms)
        return (features @ self.weights + self.biases).softmax(dim=1)

    def _centred(self, index: int, covariances: Tensor) -> Tensor:
        whitening = self._whitening(index)
        centred = whitening @ covariances @ whitening
        if not self.robust:
            return centred
        variances: Tensor = getattr(self, f"variances_{index}")
        return without_outliers(centred, covariances, variances)

    def _covariances(self, trials: Tensor) -> Tensor:
        """Return covariances with oracle approximating shrinkage, as those of the features."""
        n_times = trials.shape[2]
        centred = trials - trials.mean(dim=2, keepdim=True)
        return shrunk(centred @ centred.transpose(1, 2) / n_times, n_times, self.robust)

    def _whitening(self, index: int) -> Tensor:
        whitening: Tensor = getattr(self, f"whitening_{index}")
        return whitening

    def _views(self, trials: Tensor) -> Sequence[Tensor]:
        n_kept = trials.shape[2] - (self.n_copies - 1) * self.lag
        starts = [index * self.lag for index in range(self.n_copies)]
        views = [trials, *(trials[:, :, window] for window in self.windows)]
        if self.n_copies > 1:
            views.append(torch.cat([trials[:, :, at : at + n_kept] for at in starts], dim=1))
        return views


def _flat_logarithms(covariances: Sequence[Tensor]) -> list[Tensor]:
    """Return the upper triangles of logarithms by view, computed in batches of equal width."""
    flat: list[Tensor] = []
    for width, group in itertools.groupby(covariances, key=lambda one: one.shape[1]):
        several = list(group)
        together = _upper_triangles(logarithm(torch.cat(several)), width)
        flat += together.reshape(len(several), -1, together.shape[1]).unbind(0)
    return flat


def _upper_triangles(matrices: Tensor, width: int) -> Tensor:
    """Return upper triangles as rows, scaled to keep the Frobenius norm."""
    rows, columns = np.triu_indices(width)
    scale = torch.from_numpy(np.where(rows == columns, 1.0, np.sqrt(2.0)))
    places = torch.from_numpy(rows * width + columns)
    return matrices.flatten(1)[:, places] * scale


def _tangent_views(alignment: Alignment | None) -> TangentViews:
    if not isinstance(alignment, TangentViews):
        raise ConfigError(
            f"a Riemannian decoder with the user-defined alignment {type(alignment).__name__} "
            "cannot be exported: use alignment 'riemannian' or 'euclidean'."
        )
    if alignment.bands:
        raise ConfigError(
            "a Riemannian decoder with `filter_bank: true` cannot be exported, because ONNX has no "
            "frequency filters. Train it without the filter bank."
        )
    return alignment


def _whitening(reference: NDArray[np.float64]) -> Tensor:
    whitening = inverse_square_root(reference)
    rank = np.linalg.matrix_rank(whitening)
    if rank < len(whitening):
        raise ConfigError(
            f"the mean covariance of this model has rank {rank} instead of {len(whitening)}, as "
            "after an average reference, but the exported logarithm needs full rank. Train without "
            "`reference: average`, on linearly independent channels."
        )
    return torch.from_numpy(whitening)
