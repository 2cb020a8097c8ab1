"""Networks as torch modules: trials (µV), alignment, standardisation, mean probabilities."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from bci_dann.alignment.recentring import SignalWhitening
from bci_dann.alignment.whitening import inverse_square_root
from bci_dann.exceptions import ConfigError
from bci_dann.models.fast.body import FastBody
from bci_dann.serving.export.artefact_graph import suppress_artefacts, with_usual_amplitudes

if TYPE_CHECKING:
    from bci_dann.alignment import Alignment
    from bci_dann.estimators.network import NetworkClassifier

__all__ = ["AlignedNetworks"]


class AlignedNetworks(nn.Module):
    """Torch module with the mean probabilities of networks, after alignment and standardisation.

    Parameters
    ----------
    estimator : NetworkClassifier
        A fitted estimator. Trials are aligned by the reference for unknown domains; after
        ``adapt`` this is the reference of the new subject.

    Raises
    ------
    ConfigError
        When the alignment is not a multiplication by one matrix, or ``robust`` with a singular mean
        covariance.
    """

    whitening: Tensor | None
    variances: Tensor | None
    center: Tensor
    scale: Tensor

    def __init__(self, estimator: NetworkClassifier) -> None:
        super().__init__()
        alignment = estimator.alignment_
        self.register_buffer("whitening", _whitening(alignment))
        self.register_buffer("variances", _variances(alignment))
        self.register_buffer("center", torch.from_numpy(estimator.center_))
        self.register_buffer("scale", torch.from_numpy(estimator.scale_))
        self.networks = nn.ModuleList(copy.deepcopy(one) for one in estimator.networks_)
        for module in self.networks.modules():
            if isinstance(module, FastBody):
                module.fast = False  # layers of braindecode, which every runtime supports
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
        signals = (self._aligned(trials) - self.center) / self.scale
        logits = [network(signals)[1] for network in self.networks]
        return torch.stack(logits).double().softmax(dim=2).mean(0)

    def _aligned(self, trials: Tensor) -> Tensor:
        if self.whitening is None:
            return trials
        if self.variances is None:
            return (self.whitening @ trials.double()).float()
        trials = suppress_artefacts(trials, self.whitening).double()
        covariances = trials @ trials.transpose(1, 2) / trials.shape[2]
        whitened = self.whitening @ trials
        return with_usual_amplitudes(whitened, covariances, self.variances).float()


def _whitening(alignment: Alignment | None) -> Tensor | None:
    if alignment is None:
        return None
    if not isinstance(alignment, SignalWhitening):
        raise ConfigError(
            f"the alignment {type(alignment).__name__} cannot be exported, because it is not a "
            "multiplication by one matrix. Use alignment 'euclidean', 'riemannian' or none."
        )
    whitening = inverse_square_root(alignment.fallback_)
    rank = np.linalg.matrix_rank(whitening)
    if alignment.robust and rank < len(whitening):
        raise ConfigError(
            f"the mean covariance of this model has rank {rank} instead of {len(whitening)}, as "
            "after an average reference, and artefacts are suppressed (`robust`), which needs full "
            "rank in an exported model. Train without `reference: average`, or without `robust`."
        )
    return torch.from_numpy(whitening)


def _variances(alignment: Alignment | None) -> Tensor | None:
    """Return the diagonal of the reference, which only a robust alignment needs."""
    if isinstance(alignment, SignalWhitening) and alignment.robust:
        return torch.from_numpy(np.diagonal(alignment.fallback_).copy())
    return None
