"""Sample reweighting: training on the source trials that resemble the target.

Shimodaira (2000), "Improving predictive inference under covariate shift by weighting the
log-likelihood function", J. Stat. Plan. Inference 90(2), 227-244.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from bci_dann._validation import check_option
from bci_dann.estimators.deprecated_arguments import (
    check_deprecated,
    upgrade_weighting,
)
from bci_dann.estimators.inputs.source_weights import SETTINGS
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.estimators.network import NetworkClassifier
from bci_dann.estimators.shallow import fit_weighted, tangent_space_pipeline
from bci_dann.exceptions import ConfigError
from bci_dann.persistence import ModelState
from bci_dann.persistence.fitted_steps import read_steps, write_steps

if TYPE_CHECKING:
    from bci_dann.objectives import Terms
    from bci_dann.training import Augmentation

__all__ = ["ReweightedClassifier"]

LEARNERS = ("network", "tangent_space")


class ReweightedClassifier(NetworkClassifier):
    """A network, or a shallow classifier, trained on weighted source trials.

    This is :class:`NetworkClassifier` with a weighting. By default the weight of a source trial is
    the odds p / (1 - p) of a domain classifier, where p is the out-of-fold, calibrated and clipped
    probability of the target; weights are scaled to mean 1. As far as the domains overlap, the
    weighted loss estimates the loss on the target [1]_. Without a target all weights are 1.

    Parameters
    ----------
    backbone : str, mapping or nn.Module
        See :class:`NetworkClassifier`, for ``learner="network"``.
    weighting : str, mapping or callable
        See :class:`NetworkClassifier`.
    learner : {"network", "tangent_space"} or classifier
        What is trained with the weights: the network, logistic regression on tangent-space
        features, or any other scikit-learn classifier on these that accepts ``sample_weight`` and
        has ``predict_proba`` (such a model cannot be saved).
    features : {"tangent_space", "csp", "network"}
        Features from which weights are computed. For this and the next four parameters see
        :class:`~bci_dann.estimators.inputs.source_weights.WeightingSettings`. Keys of the same
        name in ``weighting`` take precedence.
    n_components : int
        Number of features that remain after PCA.
    temper : float or "auto"
        Weights are raised to this power.
    unit : {"trial", "subject"}
        Whether each trial has its own weight, or all trials of a source subject their mean.
    n_subjects : int or None
        With ``unit="subject"``, how many source subjects are kept.
    alignment : str, mapping, Alignment or None
        See :class:`NetworkClassifier`; by default trials are not aligned.
    terms, domains, guard, batch_norm, augmentation, n_members : object
        See :class:`NetworkClassifier`, for ``learner="network"``.
    sfreq : float, optional
        Sampling frequency (Hz), for arrays; epochs contain it.
    max_epochs, batch_size, lr, weight_decay, device : object
        See :class:`NetworkClassifier`, for ``learner="network"``.
    random_state : None, int or numpy random generator
        Seeds the weighting and the network.
    **deprecated : Any
        Deprecated: ``classifier``, ``clip``, and the deprecated parameters of
        :class:`NetworkClassifier`; a warning shows what to give instead.

    Attributes
    ----------
    source_weights_ : SourceWeights
        The weights of the source trials and their diagnostics.
    shallow_ : sklearn.pipeline.Pipeline
        The fitted classifier, where ``learner`` is not a network.

    See Also
    --------
    NetworkClassifier : The base class, with ``weighting`` among its parameters.
    bci_dann.reweighting.weigh_sources : Computes weights from feature arrays.
    bci_dann.evaluation.diagnose : Shows whether the domains overlap.

    References
    ----------
    .. [1] Shimodaira, H. (2000). Improving predictive inference under covariate shift by weighting
       the log-likelihood function. Journal of Statistical Planning and Inference 90(2), 227-244.
       doi:10.1016/S0378-3758(00)00115-4.

    Examples
    --------
    >>> from bci_dann import ReweightedClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> sources, target = trials[~new], trials[new].unlabelled()
    >>> model = ReweightedClassifier(learner="tangent_space", alignment="riemannian")
    >>> model = model.fit(sources, sources.y, X_target_unlabeled=target)
    >>> model.weights_.shape, 1 <= model.effective_sample_size_ <= 40
    ((40,), True)
    """

    deprecated_parameters: ClassVar[tuple[str, ...]] = (
        "classifier",
        "clip",
        "backbone_params",
        "adversary_weight",
        "domain_hidden",
        "gamma",
        "domain_smoothing",
    )

    shallow_: Pipeline

    def __init__(
        self,
        backbone: Any = "EEGNet",
        *,
        weighting: Any = "logistic",
        learner: str | ClassifierMixin = "network",
        features: str = "tangent_space",
        n_components: int = 10,
        temper: float | str = 1.0,
        unit: str = "trial",
        n_subjects: int | None = None,
        alignment: Any = None,
        terms: Terms | None = None,
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
        check_deprecated(type(self), deprecated)
        super().__init__(
            backbone,
            alignment=alignment,
            terms=terms,
            weighting=upgrade_weighting(type(self).__name__, weighting, deprecated),
            domains=domains,
            guard=guard,
            batch_norm=batch_norm,
            augmentation=augmentation,
            n_members=n_members,
            sfreq=sfreq,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            device=device,
            random_state=random_state,
            **{k: v for k, v in deprecated.items() if k in NetworkClassifier.deprecated_parameters},
        )
        self.learner, self.features, self.n_components = learner, features, n_components
        self.temper, self.unit, self.n_subjects = temper, unit, n_subjects

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        super().check_parameters()
        if isinstance(self.learner, str):
            check_option("learner", self.learner, LEARNERS)
        elif not (
            has_fit_parameter(self.learner, "sample_weight")
            and hasattr(self.learner, "predict_proba")
        ):
            raise ConfigError(
                f"learner {self.learner!r} must take `sample_weight` in fit and have "
                f"`predict_proba`; or be one of {', '.join(LEARNERS)}."
            )
        if self.weighting is None:
            raise ConfigError("ReweightedClassifier needs a weighting, such as 'logistic'.")

    @property
    def trains_network(self) -> bool:
        """Whether ``learner`` is the network."""
        return isinstance(self.learner, str) and self.learner == "network"

    def source_weighting(self) -> Any:
        """Return the weighting with its settings; see the base class."""
        settings = {name: getattr(self, name) for name in SETTINGS}
        if isinstance(self.weighting, Mapping):
            return {**settings, **self.weighting}
        return {**settings, "name": self.weighting}

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the input of the last layer: features of the network, or tangent vectors.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Features of the network, or tangent vectors.
        """
        if self.trains_network:
            return super().transform(X)
        check_is_fitted(self)
        features = self.shallow_[:-1].transform(self.read_aligned(X).astype(np.float64))
        return np.asarray(features, dtype=np.float32)

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Compute the weights and train with them; see the base class."""
        if self.trains_network:
            super().fit_aligned(trials)
            return
        weights = self.weigh(
            self.source_weighting(), trials, self.random_state, self._features_without_weights
        )
        known = trials.labelled()
        self.shallow_ = fit_weighted(
            self._new_shallow(), known.X, known.labels, weights[trials.is_labelled]
        )

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities; see the base class."""
        if self.trains_network:
            return super().predict_proba_aligned(X)
        probabilities: NDArray[np.float64] = self.shallow_.predict_proba(X.astype(np.float64))
        return probabilities

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt the network, where there is one; see the base class."""
        if self.trains_network:
            super().adapt_aligned(trials)

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Update the network, where there is one; see the base class."""
        if self.trains_network:
            super().partial_adapt_aligned(trials)

    def check_savable(self) -> None:
        """Raise where the fitted model could not be saved; see the base class."""
        super().check_savable()
        if not isinstance(self.learner, str):
            raise ConfigError(
                f"a model with learner={self.learner!r} cannot be saved; take "
                "learner='tangent_space' or 'network'."
            )

    def to_state(self) -> ModelState:
        """Return the weights and the classifier; see the base class."""
        state = super().to_state()
        if not self.trains_network:
            state.arrays.update(write_steps(self.shallow_))
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the weights and the classifier; see the base class."""
        super().from_state(state)
        if not self.trains_network:
            self.shallow_ = read_steps(self._new_shallow(), state.arrays)

    def _new_shallow(self) -> Pipeline:
        classifier = None if isinstance(self.learner, str) else clone(self.learner)
        return tangent_space_pipeline(self.n_times_ is not None, classifier)
