"""Network classifiers: what plain training, DANN and reweighting have in common."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann import models, objectives, training
from bci_dann._random import check_random_state, fenced_torch_seed, stream
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.adaptation.drift_guard import FEWEST_TRIALS
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.network_outputs import (
    finished,
    mean_losses,
    mean_probabilities,
    run,
    trial_batches,
)
from bci_dann.estimators.network_state import NetworkState
from bci_dann.estimators.standardisation import center_and_scale, standardise
from bci_dann.estimators.training_trials import TrainingTrials
from bci_dann.exceptions import DataError, TrainingError

if TYPE_CHECKING:
    from bci_dann.models import Decoder
    from bci_dann.objectives import Objective, Sizes
    from bci_dann.training import (
        Augmentation,
        History,
        Member,
        TrainingData,
        TrainingSettings,
    )

__all__ = ["NetworkClassifier", "Plan"]

logger = logging.getLogger(__name__)

BATCH_NORMS = ("pooled", "target", "domain")


@dataclass(frozen=True)
class Plan:
    """What an estimator is about to train, and on what.

    Parameters
    ----------
    members : list of Member
        The networks, in an order that the estimator knows.
    trials : TrainingTrials
        All trials of the fit, standardised.
    """

    members: list[Member]
    trials: TrainingTrials


class NetworkClassifier(NetworkState, TransformerMixin, TransferClassifier):
    """Base of the methods that train a network.

    A subclass changes the objective (``_objective``), the domains that batches are balanced
    over (``_domain_indices``), or the weights of the trials (``_weights``).

    Parameters
    ----------
    backbone : str
        A model of braindecode by name, or ``"MLP"`` for plain feature vectors.
    backbone_params : dict, optional
        Further arguments of the backbone.
    alignment : {"euclidean", "riemannian"} or None
        What to remove of each domain before learning. Plain vectors are never aligned.
    sfreq : float, optional
        Sampling frequency (Hz), for backbones that need it; epochs bring their own.
    max_epochs : int
        Passes over as many trials as there are.
    batch_size : int
        Trials in a batch, all domains together.
    lr : float
        Adam's first learning rate; it falls to zero along a half cosine.
    weight_decay : float
        Decoupled weight decay.
    n_members : int
        Networks that are trained from different seeds; their probabilities are averaged.
    batch_norm : {"pooled", "target", "domain"}
        Whose trials the statistics of batch normalisation are taken from once the weights are
        final: all domains alike, or the target's unlabelled ones alone, where there are 20 or
        more (Li, Wang, Shi, Hou and Liu 2018, "Adaptive batch normalization for practical domain
        adaptation", Pattern Recognition 80, 109-117). ``"domain"`` does the same, and normalises
        source and target apart in training, too (Chang, You, Seo, Kwak and Han 2019,
        "Domain-specific batch normalization for unsupervised domain adaptation", CVPR,
        7354-7362). ``adapt`` always takes the new person's.
    augmentation : dict of str to dict, optional
        Transforms of ``braindecode.augmentation`` with their parameters, such as
        ``{"FTSurrogate": {"phase_noise_magnitude": 0.5}}``: each gives one more version of every
        trial, and epochs, which stay as long, draw from all. ``"ChannelsSymmetry"`` swaps left and
        right, in channels and classes. Memory grows by as many copies.
    device : str
        ``"auto"`` takes a GPU where there is one; or any name that torch knows.
    random_state : None, int or numpy random generator
        Seeds the initial weights, the order of trials and dropout. The same integer gives
        the same network on the same machine.

    Attributes
    ----------
    networks_ : list of Decoder
        Backbone and motor-imagery head of each member.
    history_ : list of dict
        The mean of each summand of the loss over batches and members, one entry an epoch.
    center_, scale_ : ndarray
        What aligned signals are standardised with: one number for all channels, or one for
        each feature of plain vectors.
    """

    networks_: list[Decoder]
    history_: list[dict[str, float]]
    center_: NDArray[np.float32]
    scale_: NDArray[np.float32]

    def __init__(
        self,
        backbone: str = "EEGNet",
        *,
        backbone_params: dict[str, Any] | None = None,
        alignment: str | None = "euclidean",
        sfreq: float | None = None,
        max_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        n_members: int = 1,
        batch_norm: str = "pooled",
        augmentation: Augmentation | None = None,
        device: str = "auto",
        random_state: Any = None,
    ) -> None:
        self.backbone = backbone
        self.backbone_params = backbone_params
        self.alignment = alignment
        self.sfreq = sfreq
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.n_members = n_members
        self.batch_norm = batch_norm
        self.augmentation = augmentation
        self.device = device
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        check_count("max_epochs", self.max_epochs)
        check_count("batch_size", self.batch_size)
        check_count("n_members", self.n_members)
        check_option("batch_norm", self.batch_norm, BATCH_NORMS)
        check_between("lr", self.lr, 0.0, math.inf)
        check_between("weight_decay", self.weight_decay, 0.0, math.inf, inclusive=True)
        training.check_augmentation(self.augmentation)
        models.check_backbone(self.backbone, self.backbone_params or {})
        training.usable_device(self.device)
        check_random_state(self.random_state)

    @property
    def trains_network(self) -> bool:
        """Whether ``fit`` trains the backbone, which a variant may do without."""
        return True

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the backbones' features of trials, aligned as in ``predict_proba``.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_members * n_features)
            Member after member.
        """
        check_is_fitted(self)
        return np.hstack([features for features, _ in self._run(self._read_aligned(X))])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        plan = self._plan(trials)
        settings = [self._settings()] * len(plan.members)
        self._take(plan, training.train_together(plan.members, settings, on_epoch=_log_epoch))

    def _plan(self, trials: TrainingTrials, name: str = "the network") -> Plan:
        """Build what is to be trained; the trials are standardised in place."""
        n_source = int((~trials.is_target).sum())  # they stand first
        self.center_, self.scale_ = center_and_scale(trials.X[:n_source])
        standardise(trials.X, self.center_, self.scale_, out=trials.X)
        return Plan(self._members(trials, name), trials)

    def _members(self, trials: TrainingTrials, name: str) -> list[Member]:
        """Build one member for each seed, on the same trials."""
        data = self._training_data(trials)
        return [self._member(data, index, name) for index in range(self.n_members)]

    def _training_data(self, trials: TrainingTrials) -> TrainingData:
        import torch

        # plain vectors get a time axis of length one, so that networks see trials
        X = trials.X if trials.X.ndim == 3 else trials.X[:, :, None]
        data = training.TrainingData(
            X=torch.from_numpy(X),
            labels=torch.from_numpy(trials.labels),
            domains=torch.from_numpy(self._domain_indices(trials)),
            weights=torch.from_numpy(self._weights(trials).astype(np.float32)),
            is_target=torch.from_numpy(trials.is_target),
        )
        if not self.augmentation:
            return data
        seed = stream(self.random_state, "augmentation")
        names = self.ch_names_
        return training.augmented(data, self.augmentation, seed, self.classes_, names, self._rate)

    def _member(
        self, data: TrainingData, index: int, name: str, objective: Objective | None = None
    ) -> Member:
        """Build the network of one seed; its objective is the method's, or the one given."""
        # the first member is the network that would be trained alone
        member = ("member", index) if index else ()
        seed = stream(self.random_state, "training", *member)
        with fenced_torch_seed(seed):
            network = self._build_network()
            sizes = objectives.Sizes(
                n_features=network.backbone.n_features,
                n_classes=len(self.classes_),
                n_domains=int(data.domains.max()) + 1,
                has_target=bool(data.is_target.any()),
            )
            objective = self._objective(sizes) if objective is None else objective
        return training.Member(
            network,
            objective,
            data,
            np.random.default_rng(seed.spawn(1)[0]),
            name if self.n_members == 1 else f"{name}, member {index}",
            stream(self.random_state, "unkeyed", *member),
            apart=self.batch_norm == "domain",
        )

    def _take(self, plan: Plan, histories: Sequence[History | TrainingError]) -> None:
        """Keep what training has made of a plan."""
        self._keep(*self._chosen(plan, histories))
        if self.batch_norm != "pooled":
            self._settle(plan.trials.X[plan.trials.to_adapt_to])

    def _chosen(
        self, plan: Plan, histories: Sequence[History | TrainingError]
    ) -> tuple[list[Decoder], list[History]]:
        """Return the networks to be used; members that failed are left out."""
        return finished(plan.members, histories)

    def _settle(self, signals: NDArray[np.float32]) -> None:
        """Take the statistics of batch normalisation from a person's standardised trials."""
        if len(signals) >= FEWEST_TRIALS:
            for network in self.networks_:
                training.settle_batch_norm(network, trial_batches(signals))

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` re-centres, or finds batch normalisation in the networks."""
        return super().can_adapt or any(
            map(training.has_batch_norm, getattr(self, "networks_", []))
        )

    def _adapted(self, X: Any) -> Self:
        adapted = super()._adapted(X)
        if adapted.trains_network:
            adapted._settle(standardise(adapted._read_aligned(X), self.center_, self.scale_))
        return adapted

    def _keep(self, networks: list[Decoder], histories: list[History]) -> None:
        self.networks_ = networks
        self.history_ = [mean_losses(epoch) for epoch in zip(*histories, strict=True)]

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        signals = standardise(X, self.center_, self.scale_)
        return mean_probabilities(self.networks_, signals)

    def _run(self, X: NDArray[np.float32]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Return features and logits of aligned trials, for each member."""
        signals = standardise(X, self.center_, self.scale_)
        return [run(network, signals) for network in self.networks_]

    def _objective(self, sizes: Sizes) -> Objective:  # noqa: ARG002 (subclasses use it)
        return objectives.Objective()

    def _domain_indices(self, trials: TrainingTrials) -> NDArray[np.int64]:
        return np.unique(trials.subjects, return_inverse=True)[1].astype(np.int64)

    def _weights(self, trials: TrainingTrials) -> NDArray[np.float64]:
        return np.ones(len(trials.labels))

    def _settings(self) -> TrainingSettings:
        return training.TrainingSettings(
            self.max_epochs,
            self.batch_size,
            self.lr,
            self.weight_decay,
            training.usable_device(self.device),
        )

    def _build_network(self) -> Decoder:
        if self.n_times_ is None and self.backbone != "MLP":
            raise DataError(
                f"{self.backbone} needs trials (n_trials, n_chans, n_times); X has two "
                "dimensions. For plain feature vectors set backbone='MLP'."
            )
        backbone = models.make_backbone(
            self.backbone,
            n_chans=self.n_features_in_,
            n_times=self.n_times_ or 1,
            sfreq=self._rate,
            **(self.backbone_params or {}),
        )
        return models.Decoder(backbone, len(self.classes_))


def _log_epoch(epoch: int, losses: dict[str, float]) -> None:
    logger.info("epoch %d: %s", epoch + 1, losses)
