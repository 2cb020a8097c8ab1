"""The network classifier: a backbone, a motor-imagery head, and the terms that it adapts by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann import models, objectives, training
from bci_dann._random import check_random_state
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.components import resolve
from bci_dann.estimators import networks
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.former import check_former, present_network_arguments
from bci_dann.estimators.inputs.source_weights import SourceWeighted, read_weighting
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.estimators.saving import PickledNetworks
from bci_dann.exceptions import TrainingError
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.estimators.networks import FollowedStatistics, TrainingPlan
    from bci_dann.models import Decoder
    from bci_dann.objectives import Terms
    from bci_dann.training import Augmentation, HeadPenalty, History, TrainingSettings

__all__ = ["NetworkClassifier"]

BATCH_NORMS = ("pooled", "target", "domain")
DOMAINS = ("subject", "session", "source_target")


class NetworkClassifier(PickledNetworks, SourceWeighted, TransformerMixin, TransferClassifier):
    """A network trained on the sources, with any terms that adapt it to the target.

    Its parts are open: each of ``backbone``, ``alignment``, ``terms`` and ``weighting`` takes a
    built-in name, ``"module:Class"`` of a class of one's own, a mapping ``{"name": ...}`` with
    parameters, or an instance; see :func:`bci_dann.resolve`.

    Parameters
    ----------
    backbone : str, mapping or nn.Module
        A model of braindecode by name, ``"MLP"`` for plain feature vectors, or what is called
        with ``n_chans=, n_times=, sfreq=`` and gives a module from ``(batch, n_chans, n_times)``
        to ``(batch, n_features)``. Parameters: ``{"name": "EEGNet", "kernel_length": 32}``.
    alignment : {"euclidean", "riemannian"}, mapping, Alignment or None
        What to remove of each domain before learning. Plain vectors are never aligned.
    terms : mapping, sequence or None
        Terms of the objective beside the label loss, with their weights, ``{"mcc": 1.0}``, or
        settings, ``{"mcc": {"weight": 1.0, "schedule": "linear", "temperature": 2.0}}``; see
        :func:`bci_dann.objectives.read_terms`. Built in: ``"domain_adversary"``, ``"cdan"``,
        ``"cdan_e"``, ``"mcc"``, ``"entropy"``, ``"information_maximisation"``, ``"coral"``,
        ``"mmd"``, ``"joint_mmd"``. A term that needs target trials is left out where there are
        none. Without any term the network is trained on labelled trials alone.
    weighting : str, mapping, callable or None
        Weights of the source trials in the label loss, by the density ratio of target to source;
        see :func:`bci_dann.estimators.inputs.source_weights.read_weighting`.
    domains : {"subject", "session", "source_target"}
        The domains that an adversary tells apart. Batches hold equal shares of these.
    guard : bool
        Whether networks without any term are trained beside the others, and used in their
        place where adaptation made the outputs drift; see
        :mod:`bci_dann.adaptation.drift_guard`. It takes twice the time. The target's trials must
        be in the order of recording.
    batch_norm : {"pooled", "target", "domain"}
        Whose trials the statistics of batch normalisation are taken from once the weights are
        final: all domains alike, or the target's unlabelled ones alone, where there are 20 or
        more [1]_. ``"domain"`` does the same, and normalises source and target apart in training,
        too [2]_. ``adapt`` always takes the new subject's.
    augmentation : dict of str to dict, optional
        Transforms of ``braindecode.augmentation`` with their parameters, such as
        ``{"FTSurrogate": {"phase_noise_magnitude": 0.5}}``: each gives one more version of every
        trial, which takes memory, and epochs draw from all. ``"ChannelsSymmetry"`` swaps left
        and right.
    n_members : int
        Networks that are trained from different seeds; their probabilities are averaged.
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
    device : str
        ``"auto"`` takes a GPU where there is one; or any name that torch knows.
    random_state : None, int or numpy random generator
        Seeds the initial weights, the order of trials and dropout. The same integer gives
        the same network on the same machine.
    **former : Any
        Parameters of the version before, with a warning that says the new form.

    Attributes
    ----------
    networks_ : list of Decoder
        Backbone and motor-imagery head of each member.
    history_ : list of dict
        The mean of each summand of the loss over batches and members, one entry an epoch.
    center_, scale_ : ndarray
        What aligned signals are standardised with: one number for all channels, or one for
        each feature of plain vectors.
    head_penalties_ : list of HeadPenalty
        What holds the head of each member where ``adapt`` learns from labels.
    adapted_ : bool
        Whether the networks are those that adapt; False where the guard did not trust them.
    source_weights_ : SourceWeights or None
        With a weighting, the weights and how far to trust them.

    See Also
    --------
    DANNClassifier : The preset with a domain adversary.
    ReweightedClassifier : The preset with weighted sources.
    bci_dann.objectives.read_terms : All forms of ``terms``.

    References
    ----------
    .. [1] Li, Y. et al. (2018). Adaptive batch normalization for practical domain adaptation.
       Pattern Recognition 80, 109-117. doi:10.1016/j.patcog.2018.03.005.
    .. [2] Chang, W.-G. et al. (2019). Domain-specific batch normalization for unsupervised domain
       adaptation. CVPR, 7354-7362. arXiv:1906.03950.

    Examples
    --------
    >>> from bci_dann import NetworkClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = NetworkClassifier("EEGNet", terms={"mcc": 1.0}, max_epochs=1, random_state=0)
    >>> sources, target = trials[~new], trials[new].unlabelled()
    >>> model.fit(sources, sources.y, X_target_unlabeled=target).transform(target).shape
    (20, 256)
    """

    former_parameters: ClassVar[tuple[str, ...]] = (
        "backbone_params",
        "adversary_weight",
        "domain_hidden",
        "gamma",
        "domain_smoothing",
    )
    # A preset adds these terms in front of those of the user.
    default_terms: ClassVar[Mapping[str, Any]] = {}

    history_: list[dict[str, float]]
    center_: NDArray[np.float32]
    scale_: NDArray[np.float32]
    adapted_: bool
    head_penalties_: Sequence[HeadPenalty] = ()
    _followed: FollowedStatistics | None = None

    def __init__(
        self,
        backbone: Any = "EEGNet",
        *,
        alignment: Any = "euclidean",
        terms: Terms | None = None,
        weighting: Any = None,
        domains: str = "subject",
        guard: bool = False,
        batch_norm: str = "pooled",
        augmentation: Augmentation | None = None,
        n_members: int = 1,
        sfreq: float | None = None,
        max_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        device: str = "auto",
        random_state: Any = None,
        **former: Any,
    ) -> None:
        if former:
            check_former(type(self), former)
            backbone, terms = present_network_arguments(
                type(self).__name__, backbone, terms, former
            )
        self.backbone = backbone
        self.alignment = alignment
        self.terms = terms
        self.weighting = weighting
        self.domains = domains
        self.guard = guard
        self.batch_norm = batch_norm
        self.augmentation = augmentation
        self.n_members = n_members
        self.sfreq = sfreq
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.device = device
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        for name in ("max_epochs", "batch_size", "n_members"):
            check_count(name, getattr(self, name))
        check_option("batch_norm", self.batch_norm, BATCH_NORMS)
        check_option("domains", self.domains, DOMAINS)
        check_between("lr", self.lr, 0.0, math.inf)
        check_between("weight_decay", self.weight_decay, 0.0, math.inf, inclusive=True)
        training.check_augmentation(self.augmentation)
        resolve("backbone", self.backbone)
        objectives.check_terms(self.training_terms())
        read_weighting(self.source_weighting())
        training.resolve_device(self.device)
        check_random_state(self.random_state)

    @property
    def trains_network(self) -> bool:
        """Whether ``fit`` trains the backbone."""
        return True

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` re-centres, or finds batch normalisation in the networks."""
        return super().can_adapt or any(
            map(training.has_batch_norm, getattr(self, "networks_", []))
        )

    @property
    def uses_labels(self) -> bool:
        """Whether ``adapt`` fits the heads to labels: where there are penalties that hold them."""
        return self.trains_network and bool(self.head_penalties_)

    def training_terms(self) -> Terms:
        """Return the terms of the objective, those of the preset first. See :class:`Objective`."""
        return objectives.with_default_terms(self.default_terms, self.terms)

    def source_weighting(self) -> Any:
        """Return ``weighting``; a preset may compose it. See :class:`NetworkClassifier`."""
        return self.weighting

    def training_settings(self) -> TrainingSettings:
        """Return how long and how fast the networks learn; see :class:`TrainingSettings`."""
        return training.TrainingSettings(
            self.max_epochs,
            self.batch_size,
            self.lr,
            self.weight_decay,
            training.resolve_device(self.device),
        )

    def build_network(self) -> Decoder:
        """Return an untrained network for the kind of trials that :meth:`fit` has read.

        Returns
        -------
        Decoder
            With initial weights.
        """
        models.check_input_kind(self.backbone, self.n_times_)
        backbone = resolve("backbone", self.backbone)(
            **self.aligned_shape, sfreq=self.sampling_rate
        )
        return models.Decoder(backbone, len(self.classes_))

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
        return self._features(self.read_aligned(X))

    def _features(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the backbones' features of aligned trials."""
        signals = networks.standardise(X, self.center_, self.scale_)
        return np.hstack(
            [networks.features_and_logits(network, signals)[0] for network in self.networks_]
        )

    def plan(self, trials: TrainingTrials, name: str = "the network") -> TrainingPlan:
        """Weigh and standardise trials, and build what is to be trained on them.

        Parameters
        ----------
        trials : TrainingTrials
            Aligned; their array is overwritten.
        name : str
            Which training it is, for messages.

        Returns
        -------
        TrainingPlan
            :meth:`complete` takes it once it was trained.
        """
        weights = self.weigh(
            self.source_weighting(), trials, self.random_state, self._features_without_weights
        )
        self.center_, self.scale_ = networks.center_and_scale(trials.select(~trials.is_target).X)
        networks.standardise(trials.X, self.center_, self.scale_, out=trials.X)
        return networks.build_plan(self, trials, weights, name)

    def complete(self, plan: TrainingPlan, histories: Sequence[History | TrainingError]) -> None:
        """Use the networks of a plan that was trained.

        Parameters
        ----------
        plan : TrainingPlan
            From :meth:`plan`.
        histories : sequence
            The history of each member, or the error that has stopped it.

        Raises
        ------
        TrainingError
            When no network was trained to the end.
        """
        self._followed = None
        self.networks_, histories_used, self.adapted_ = networks.trained_by_plan(plan, histories)
        self.history_ = [networks.mean_losses(epoch) for epoch in zip(*histories_used, strict=True)]
        self.head_penalties_ = networks.head_penalties(self.networks_, plan.trials.labelled().X)
        if self.batch_norm != "pooled":
            unlabelled = plan.trials.select(plan.trials.is_unlabelled_target)
            networks.adapt_batch_norm(self.networks_, unlabelled.X)

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Train the networks; see :meth:`TransferClassifier.fit_aligned`."""
        plan = self.plan(trials)
        self.complete(plan, networks.train_plan(plan, self.training_settings()))

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean probabilities of the members; see the base class."""
        return networks.mean_probabilities(
            self.networks_, networks.standardise(X, self.center_, self.scale_)
        )

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt batch normalisation, and the heads to labels; see the base class."""
        self._followed = None
        signals = networks.standardise(trials.X, self.center_, self.scale_)
        networks.adapt_batch_norm(self.networks_, signals)
        networks.fit_heads(self.networks_, self.head_penalties_, signals, trials.labels)

    def follow_aligned(self, trials: TrainingTrials) -> None:
        """Move the statistics of batch normalisation by the next trial; see the base class."""
        (signal,) = networks.standardise(trials.X, self.center_, self.scale_)
        followed = self._followed or networks.FollowedStatistics()
        self._followed, self.networks_ = followed.follow(self.networks_, signal)

    def to_state(self) -> ModelState:
        """Return weights and scaling of the networks; see the base class."""
        state = super().to_state()
        if self.trains_network:
            scaling = {"center": self.center_, "scale": self.scale_}
            state.arrays.update(**scaling, **networks.network_arrays(self.networks_))
            state.arrays.update(networks.penalty_arrays(self.head_penalties_))
            state.description.update(n_networks=len(self.networks_), adapted=self.adapted_)
            if self._followed is not None:
                self._followed.add_to(state)
        self.add_weights_to(state)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the networks; see the base class."""
        super().from_state(state)
        if self.trains_network:
            self.center_, self.scale_ = state.arrays["center"], state.arrays["scale"]
            self.adapted_ = bool(state.description.get("adapted", True))
            self.networks_ = networks.restore_networks(self.build_network, state)
            self.head_penalties_ = networks.penalties_from_state(state, len(self.networks_))
            self._followed = networks.FollowedStatistics.from_state(state)
        self.take_weights_from(state)

    def _features_without_weights(self, trials: TrainingTrials) -> NDArray[np.float32]:
        """Return features of a network that was trained on the sources without weights."""
        parameters = {name: getattr(self, name) for name in NetworkClassifier().get_params()}
        plain = NetworkClassifier(**{**parameters, "terms": None, "weighting": None})
        seen = ("alignment_", "classes_", "n_features_in_", "n_times_", "ch_names_", "sfreq_")
        for name in seen:
            setattr(plain, name, getattr(self, name))
        plain.fit_aligned(replace(trials, X=trials.X.copy()))
        return plain._features(trials.X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
