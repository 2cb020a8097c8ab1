"""Conversion of fitted estimators to torch modules from trials (µV) to class probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from bci_dann._arrays import SMALLEST_PROBABILITY
from bci_dann.exceptions import ConfigError

if TYPE_CHECKING:
    from bci_dann.estimators import (
        CalibratedClassifier,
        EnsembleClassifier,
        NetworkClassifier,
        RiemannianClassifier,
        TransferClassifier,
    )

__all__ = ["ExportedDecoder", "decoder_graph"]


class ExportedDecoder(nn.Module):
    """Decoder with probabilities in single precision, the form that is exported.

    Parameters
    ----------
    decoder : nn.Module
        The result of :func:`decoder_graph`.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder
        self.eval().requires_grad_(False)

    def forward(self, trials: Tensor) -> Tensor:
        """Return class probabilities.

        Parameters
        ----------
        trials : Tensor, shape (batch, n_chans, n_times)
            In microvolt, single precision.

        Returns
        -------
        Tensor, shape (batch, n_classes)
            In single precision.
        """
        probabilities: Tensor = self.decoder(trials).float()
        return probabilities


class ConstantTrialGuard(nn.Module):
    """Decoder with equal class probabilities for trials in which every channel is constant.

    Parameters
    ----------
    decoder : nn.Module
        Maps trials to class probabilities.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

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
        probabilities = self.decoder(trials)
        changes = (trials - trials[:, :, :1]).abs().amax(dim=(1, 2))
        equal = torch.full_like(probabilities, 1.0 / probabilities.shape[1])
        return torch.where((changes > 0)[:, None], probabilities, equal)


class _Ensemble(nn.Module):
    """Weighted mean of the log-odds of members, scaled by their spread on the target."""

    shares: Tensor
    offsets: Tensor

    def __init__(self, estimator: EnsembleClassifier) -> None:
        super().__init__()
        self.members = nn.ModuleList(decoder_graph(one) for one in estimator.members_)
        self.register_buffer("shares", torch.tensor(_member_shares(estimator), dtype=torch.float64))
        self.register_buffer("offsets", torch.from_numpy(estimator.offsets_))

    def forward(self, trials: Tensor) -> Tensor:
        logs = torch.stack([_logarithms(member(trials)) for member in self.members])
        odds = logs - logs.mean(dim=2, keepdim=True)
        averaged = (odds * self.shares[:, None, None]).sum(dim=0)
        return (averaged + self.offsets).softmax(dim=1)


class _Tempered(nn.Module):
    """Probabilities after division of their logarithms by a temperature."""

    def __init__(self, estimator: CalibratedClassifier) -> None:
        super().__init__()
        self.method = decoder_graph(estimator.method_)
        self.temperature = float(estimator.calibration_.temperature)

    def forward(self, trials: Tensor) -> Tensor:
        return (_logarithms(self.method(trials)) / self.temperature).softmax(dim=1)


def _member_shares(estimator: EnsembleClassifier) -> list[float]:
    """Return the factor of each member's log-odds: its weight divided by its spread.

    Weights sum to one, and spreads are relative to that of the member with the largest weight.
    """
    weights = [weight for _, weight in estimator.weighted_members()]
    spreads, total = estimator.spreads_, sum(weights)
    reference = spreads[weights.index(max(weights))]
    return [weight / total * reference / one for weight, one in zip(weights, spreads, strict=True)]


def _logarithms(probabilities: Tensor) -> Tensor:
    return probabilities.clamp(min=SMALLEST_PROBABILITY).log()


def decoder_graph(estimator: TransferClassifier) -> nn.Module:
    """Return a torch module with the predictions of an estimator for unknown domains.

    Parameters
    ----------
    estimator : TransferClassifier
        A fitted estimator. Trials are re-centred by the reference for unknown domains; after
        ``adapt`` this is the reference of the new subject.

    Returns
    -------
    nn.Module
        Maps trials ``(batch, n_chans, n_times)`` in microvolt and single precision to
        ``(batch, n_classes)`` in double precision.

    Raises
    ------
    ConfigError
        When the method, or a part of it, cannot be exported.
    """
    from bci_dann.estimators import CalibratedClassifier, EnsembleClassifier, RiemannianClassifier

    name = type(estimator).__name__
    if type(estimator) is EnsembleClassifier:
        return _Ensemble(estimator)
    if type(estimator) is CalibratedClassifier:
        return _Tempered(estimator)
    is_riemannian = type(estimator) is RiemannianClassifier
    if not is_riemannian and not _predicts_as_a_network(estimator):
        raise ConfigError(
            f"{name} cannot be exported: it uses several trials at once, or is not computed with "
            "torch. Networks, RiemannianClassifier, and ensembles and calibrations of these can "
            "be exported."
        )
    if estimator.n_times_ is None:
        raise ConfigError(
            f"{name} was fitted to feature vectors, but only models of trials can be exported."
        )
    if is_riemannian:
        from bci_dann.serving.export.covariance_graph import CovarianceDecoder

        return ConstantTrialGuard(CovarianceDecoder(cast("RiemannianClassifier", estimator)))
    from bci_dann.serving.export.network_graph import AlignedNetworks

    return ConstantTrialGuard(AlignedNetworks(cast("NetworkClassifier", estimator)))


def _predicts_as_a_network(estimator: Any) -> bool:
    """Return whether a class overrides nothing between reading trials and the networks."""
    from bci_dann.estimators import (
        NetworkClassifier,
        ReweightedClassifier,
        TransferClassifier,
    )

    if not isinstance(estimator, NetworkClassifier) or not estimator.trains_network:
        return False
    kind = type(estimator)
    return (
        kind.predict_proba is TransferClassifier.predict_proba
        and kind.predict_proba_checked is TransferClassifier.predict_proba_checked
        and kind.predict_proba_aligned
        in (NetworkClassifier.predict_proba_aligned, ReweightedClassifier.predict_proba_aligned)
    )
