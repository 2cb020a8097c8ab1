"""The network classifier: a backbone, a classification head, and terms that adapt them."""

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
from bci_dann.estimators.deprecated_arguments import check_deprecated, upgrade_network_arguments
from bci_dann.estimators.inputs.source_weights import SourceWeighted, read_weighting
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.estimators.methods import INPUT_ATTRIBUTES
from bci_dann.estimators.saving import PickledNetworks
from bci_dann.exceptions import TrainingError
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from bci_dann.estimators.networks import OnlineBatchNorm, TrainingPlan
    from bci_dann.models import Decoder
    from bci_dann.objectives import Terms
    from bci_dann.training import Augmentation, HeadPenalty, History, TrainingSettings

__all__ = ["NetworkClassifier"]

# Values of the parameters ``batch_norm`` and ``domains``.
BATCH_NORMS = ("pooled", "target", "domain")
DOMAINS = ("subject", "session", "source_target")


class NetworkClassifier(PickledNetworks, SourceWeighted, TransformerMixin, TransferClassifier):
    """A network trained on the sources, with any terms that adapt it to the target.

    Each of ``backbone``, ``alignment``, ``terms`` and ``weighting`` can be a built-in name,
    ``"module:Class"`` for a user-defined class, a mapping ``{"name": ...}`` with parameters, or an
    instance; see :func:`bci_dann.resolve`.

    Parameters
    ----------
    backbone : str, mapping or nn.Module
        A braindecode model by name, ``"SPDNet"`` for covariances, ``"MLP"`` for plain vectors, or a
        callable that takes ``n_chans=, n_times=, sfreq=`` and returns a module that maps ``(batch,
        n_chans, n_times)`` to ``(batch, n_features)``. A mapping may have parameters.
    alignment : {"euclidean", "riemannian", "covariance"}, mapping, Alignment or None
        How each domain is aligned before learning. Plain vectors are never aligned.
    terms : mapping, sequence or None
        Terms of the objective in addition to the label loss, with weights, ``{"mcc": 1.0}``, or
        settings, ``{"mcc": {"weight": 1.0, "schedule": "linear", "temperature": 2.0}}``; see
        :func:`bci_dann.objectives.read_terms`. Built in: ``"domain_adversary"``, ``"cdan"``,
        ``"cdan_e"``, ``"mcc"``, ``"entropy"``, ``"information_maximisation"``, ``"coral"``,
        ``"mmd"``, ``"joint_mmd"``. A term that needs target trials is left out where there are
        none. Without terms the network is trained on labelled trials only.
    weighting : str, mapping, callable or None
        Weights of the source trials in the label loss, by the density ratio of target to source;
        see :func:`bci_dann.estimators.inputs.source_weights.read_weighting`.
    domains : {"subject", "session", "source_target"}
        The domains that an adversary classifies. Batches contain equal numbers of trials of each.
    guard : bool
        Whether networks without terms are trained as well, and used instead where adaptation made
        the outputs drift; see :mod:`bci_dann.adaptation.drift_guard`. This doubles the training
        time. The target's trials must be in the order of recording.
    batch_norm : {"pooled", "target", "domain"}
        Trials from which the statistics of batch normalisation are computed after training: those
        of all domains, or only the unlabelled trials of the target, where there are 20 or more
        [1]_. ``"domain"`` is like ``"target"``, and also normalises source and target separately
        during training [2]_. ``adapt`` always uses the trials of the new subject.
    augmentation : dict of str to dict, optional
        Transforms of ``braindecode.augmentation`` with their parameters, such as
        ``{"FTSurrogate": {"phase_noise_magnitude": 0.5}}``. Each adds one transformed version of
        every trial in memory; the length of an epoch does not change. ``"ChannelsSymmetry"`` swaps
        left and right.
    n_members : int
        Number of networks, trained with different seeds; their probabilities are averaged.
    sfreq : float, optional
        Sampling frequency (Hz), for arrays with backbones that need it; epochs contain it.
    max_epochs : int
        Training epochs; each draws as many trials as there are.
    batch_size : int
        Trials in a batch, over all domains.
    lr : float
        Initial learning rate of AdamW, with cosine decay to zero.
    weight_decay : float
        Decoupled weight decay.
    device : str
        ``"auto"`` uses a GPU where there is one; otherwise a torch device name.
    random_state : None, int or numpy random generator
        Seeds the initial weights, the order of trials and dropout. The same integer gives
        the same network on the same machine.
    **deprecated : Any
        Deprecated parameters; a warning shows what to give instead.

    Attributes
    ----------
    networks_ : list of Decoder
        The trained network of each member: backbone and classification head.
    history_ : list of dict
        For each epoch, the mean of each summand of the loss over batches and members. Of a domain
        adversary also its accuracy and chance level, as ``"domain_adversary.domain_accuracy"``.
    center_, scale_ : ndarray
        Mean and standard deviation by which aligned signals are standardised: one number for all
        channels, or one for each feature of plain vectors.
    head_penalties_ : list of HeadPenalty
        The penalty of each member that replaces source trials where ``adapt`` learns from labels.
    adapted_ : bool
        Whether the networks were trained with terms; False where the guard rejected these.
    source_weights_ : SourceWeights or None
        With a weighting, the source weights and their diagnostics.

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

    deprecated_parameters: ClassVar[tuple[str, ...]] = (
        "backbone_params",
        "adversary_weight",
        "domain_hidden",
        "gamma",
        "domain_smoothing",
    )
    # Terms that a preset adds before those of the user.
    default_terms: ClassVar[Mapping[str, Any]] = {}

    history_: list[dict[str, float]]
    center_: NDArray[np.float32]
    scale_: NDArray[np.float32]
    adapted_: bool
    head_penalties_: Sequence[HeadPenalty] = ()
    _online_batch_norm: OnlineBatchNorm | None = None

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
        **deprecated: Any,
    ) -> None:
        if deprecated:
            check_deprecated(type(self), deprecated)
            backbone, terms = upgrade_network_arguments(
                type(self).__name__, backbone, terms, deprecated
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
        """Raise on invalid parameters; see the base class."""
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
        """Whether ``adapt`` changes anything: re-centring, or batch normalisation."""
        return super().can_adapt or any(
            map(training.has_batch_norm, getattr(self, "networks_", []))
        )

    @property
    def uses_labels(self) -> bool:
        """Whether ``adapt`` fits the heads to labels, which takes the penalties of training."""
        return self.trains_network and bool(self.head_penalties_)

    def training_terms(self) -> Terms:
        """Return the terms of the objective, default terms first; see :class:`Objective`."""
        return objectives.with_default_terms(self.default_terms, self.terms)

    def source_weighting(self) -> Any:
        """Return the weighting with its settings; see :class:`NetworkClassifier`."""
        return self.weighting

    def training_settings(self) -> TrainingSettings:
        """Return the settings of training; see :class:`TrainingSettings`."""
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
        """Return the features of the backbones for trials, aligned as in ``predict_proba``.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_members * n_features)
            The features of all members, side by side.
        """
        check_is_fitted(self)
        return self._features(self.read_aligned(X))

    def _features(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features of the backbones for aligned trials."""
        signals = networks.standardise(X, self.center_, self.scale_)
        return np.hstack(
            [networks.features_and_logits(network, signals)[0] for network in self.networks_]
        )

    def plan(self, trials: TrainingTrials, name: str = "the network") -> TrainingPlan:
        """Compute source weights, standardise trials, and build the networks to be trained on them.

        Parameters
        ----------
        trials : TrainingTrials
            Aligned; their array is overwritten.
        name : str
            Name of this training, for messages.

        Returns
        -------
        TrainingPlan
            To be trained, and then passed to :meth:`complete`.
        """
        weights = self.weigh(
            self.source_weighting(), trials, self.random_state, self._features_without_weights
        )
        sources = trials.select(~trials.is_target)
        self.center_, self.scale_ = networks.scaling_for(self.alignment_, sources.X)
        networks.standardise(trials.X, self.center_, self.scale_, out=trials.X)
        return networks.build_plan(self, trials, weights, name)

    def complete(self, plan: TrainingPlan, histories: Sequence[History | TrainingError]) -> None:
        """Take over the trained networks of a plan.

        Parameters
        ----------
        plan : TrainingPlan
            From :meth:`plan`.
        histories : sequence
            The history of each member, or the error that stopped it.

        Raises
        ------
        TrainingError
            When no network finished its training.
        """
        self._online_batch_norm = None
        self.networks_, histories_used, self.adapted_ = networks.select_trained(plan, histories)
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
        self._online_batch_norm = None
        signals = networks.standardise(trials.X, self.center_, self.scale_)
        networks.adapt_batch_norm(self.networks_, signals)
        networks.fit_heads(self.networks_, self.head_penalties_, signals, trials.labels)

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Update the statistics of batch normalisation with the next trial; see the base class."""
        (signal,) = networks.standardise(trials.X, self.center_, self.scale_)
        online = self._online_batch_norm or networks.OnlineBatchNorm()
        self._online_batch_norm, self.networks_ = online.update(self.networks_, signal)

    def to_state(self) -> ModelState:
        """Return weights and scaling of the networks; see the base class."""
        state = super().to_state()
        if self.trains_network:
            scaling = {"center": self.center_, "scale": self.scale_}
            state.arrays.update(**scaling, **networks.network_arrays(self.networks_))
            state.arrays.update(networks.penalty_arrays(self.head_penalties_))
            state.description.update(n_networks=len(self.networks_), adapted=self.adapted_)
            if self._online_batch_norm is not None:
                self._online_batch_norm.add_to(state)
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
            self._online_batch_norm = networks.OnlineBatchNorm.from_state(state)
        self.take_weights_from(state)

    def _features_without_weights(self, trials: TrainingTrials) -> NDArray[np.float32]:
        """Return the features of a network that is trained on the sources without weights."""
        parameters = {name: getattr(self, name) for name in NetworkClassifier().get_params()}
        plain = NetworkClassifier(**{**parameters, "terms": None, "weighting": None})
        for name in ("alignment_", *INPUT_ATTRIBUTES):  # `plain` gets trials that were already read
            setattr(plain, name, getattr(self, name))
        plain.fit_aligned(replace(trials, X=trials.X.copy()))
        return plain._features(trials.X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
