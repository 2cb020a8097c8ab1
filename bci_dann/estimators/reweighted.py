"""Sample reweighting: train on the sources that look like the target."""

from __future__ import annotations

import copy
import logging
import math
import warnings
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from bci_dann._random import stream
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.estimators.network import NetworkClassifier, Plan
from bci_dann.estimators.source_only import SourceOnlyClassifier
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.features.tangent_space import reduced, tangent_space
from bci_dann.persistence import ModelState
from bci_dann.persistence.fitted_steps import read_steps, write_steps
from bci_dann.reweighting import (
    N_FOLDS,
    RATIOS,
    DomainWeights,
    choose_temper,
    per_subject,
    tempered,
    warn_without_overlap,
    weigh_sources,
)

if TYPE_CHECKING:
    from bci_dann.training import Augmentation

__all__ = ["ReweightedClassifier"]

logger = logging.getLogger(__name__)

LEARNERS = ("network", "tangent_space")
FEATURES = ("tangent_space", "csp", "network")
UNITS = ("trial", "subject")


class ReweightedClassifier(NetworkClassifier):
    """Train on source trials weighted by the density ratio of target to source.

    Three steps: reduce features of all trials (plain vectors are used as they are); find the
    weight of each source trial, by default the odds p / (1 - p) of a domain classifier, out of
    fold, calibrated, clipped and of mean 1; train with these weights. Without a target all
    weights are 1.

    Parameters
    ----------
    backbone, backbone_params, alignment, sfreq, max_epochs, batch_size, lr, weight_decay, \
n_members, batch_norm, augmentation, device, random_state
        As in :class:`NetworkClassifier`; they concern ``learner="network"``, but for
        ``alignment`` and ``random_state``.
    classifier : str
        The domain classifier, ``"logistic"``, ``"forest"`` or ``"boosting"``; or another density
        ratio: ``"gaussian"``, ``"neighbours"``, ``"kmm"``, ``"kliep"``, ``"ulsif"``,
        ``"rulsif"``; see :mod:`bci_dann.reweighting.density_ratio`.
    learner : {"network", "tangent_space"} or classifier
        What is trained with the weights: the network with a weighted loss, logistic regression
        on tangent-space features, or on these a scikit-learn classifier that takes
        ``sample_weight`` and gives probabilities (such a model cannot be saved).
    features : {"tangent_space", "csp", "network"}
        What the weights are found on: covariances in the tangent space, log-power of common
        spatial patterns, or features of a network that was trained on the sources.
    n_components : int
        Number of features that remain after PCA; never more than the target has trials.
    clip : float
        Domain probabilities are held within ``[clip, 1 - clip]``.
    temper : float or "auto"
        Weights are raised to this power; 0 makes them even, 1 leaves them as they are.
        ``"auto"`` takes what predicts held-out source subjects best, by importance-weighted
        validation; see :func:`bci_dann.reweighting.choose_temper`.
    unit : {"trial", "subject"}
        Whether each trial has its own weight, or all trials of a source subject their mean.
    n_subjects : int, optional
        With ``unit="subject"``, how many source subjects are kept, the most similar ones.

    Attributes
    ----------
    weights_ : ndarray, shape (n_source,)
        The weights of the source trials.
    domain_auc_ : float
        Out-of-fold ROC-AUC of source against target; NaN without a target.
    effective_sample_size_ : float
        How many equally weighted trials the weighted sources are worth.
    temper_ : float
        The power that was used.
    """

    weights_: NDArray[np.float64]
    domain_auc_: float
    effective_sample_size_: float
    temper_: float
    shallow_: Pipeline

    def __init__(
        self,
        backbone: str = "EEGNet",
        *,
        classifier: str = "logistic",
        learner: str | ClassifierMixin = "network",
        features: str = "tangent_space",
        n_components: int = 10,
        clip: float = 0.01,
        temper: float | str = 1.0,
        unit: str = "trial",
        n_subjects: int | None = None,
        backbone_params: dict[str, Any] | None = None,
        alignment: str | None = None,
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
        super().__init__(
            backbone,
            backbone_params=backbone_params,
            alignment=alignment,
            sfreq=sfreq,
            max_epochs=max_epochs,
            batch_size=batch_size,
            lr=lr,
            weight_decay=weight_decay,
            n_members=n_members,
            batch_norm=batch_norm,
            augmentation=augmentation,
            device=device,
            random_state=random_state,
        )
        self.classifier = classifier
        self.learner = learner
        self.features = features
        self.n_components = n_components
        self.clip = clip
        self.temper = temper
        self.unit = unit
        self.n_subjects = n_subjects

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        _check_learner(self.learner)
        check_option("classifier", self.classifier, RATIOS)
        check_option("features", self.features, FEATURES)
        check_option("unit", self.unit, UNITS)
        if self.temper != "auto":
            check_between("temper", self.temper, 0.0, math.inf, inclusive=True)
        check_count("n_components", self.n_components)
        check_between("clip", self.clip, 0.0, 0.5)
        if self.n_subjects is not None:
            check_count("n_subjects", self.n_subjects)
            if self.unit != "subject":
                raise ConfigError("n_subjects keeps whole subjects: it needs unit='subject'.")

    @property
    def trains_network(self) -> bool:
        """Whether the weights are for the network, not for tangent-space features."""
        return isinstance(self.learner, str) and self.learner == "network"

    def transform(self, X: Any) -> NDArray[Any]:
        """Return what the last layer sees: the network's features, or tangent-space ones.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_features)
        """
        if self.trains_network:
            return super().transform(X)
        check_is_fitted(self)
        features = self.shallow_[:-1].transform(self._read_aligned(X).astype(np.float64))
        return np.asarray(features, dtype=np.float32)

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        if self.trains_network:
            super()._fit_aligned(trials)
        else:
            self._keep_weights(trials)
            self._fit_shallow(labelled_only(trials))

    def _plan(self, trials: TrainingTrials, name: str = "the network") -> Plan:
        self._keep_weights(trials)
        return super()._plan(labelled_only(trials), name)

    def _keep_weights(self, trials: TrainingTrials) -> None:
        self.temper_, found = self._weigh(trials)
        self.weights_ = found.weights
        self.domain_auc_ = found.domain_auc
        self.effective_sample_size_ = found.effective_sample_size

    def _weigh(self, trials: TrainingTrials) -> tuple[float, DomainWeights]:
        """Return the power of the weights, and the weights."""
        n_target = int(trials.is_target.sum())
        n_source = len(trials.labels) - n_target
        if min(n_source, n_target) < N_FOLDS:
            if n_target:
                warnings.warn(
                    f"{n_target} target trials are too few for out-of-fold domain "
                    f"probabilities, which take {N_FOLDS}: all source weights are 1.",
                    BCIDannWarning,
                    stacklevel=2,
                )
            logger.info("no domain classifier: all source weights are 1")
            return 0.0, DomainWeights(np.ones(n_source), float("nan"), float(n_source))
        features = self._domain_features(trials)
        seed = stream(self.random_state, "weights")
        whole = weigh_sources(
            features[~trials.is_target],
            features[trials.is_target],
            self.classifier,
            seed,
            clip=self.clip,
        )
        temper = self._chosen_temper(trials, whole) if self.temper == "auto" else self.temper
        found = tempered(whole, float(temper))
        if self.unit == "subject":
            found = per_subject(found, trials.subjects[~trials.is_target], self.n_subjects)
        warn_without_overlap(found)
        return float(temper), found

    def _chosen_temper(self, trials: TrainingTrials, whole: DomainWeights) -> float:
        """Judge on tangent-space features whatever is trained: they cost seconds."""
        source = ~trials.is_target
        X = trials.X[source].astype(np.float64)
        vectors = self._build_shallow()[:-1].fit_transform(X)
        return choose_temper(
            _classifier(self.learner),
            vectors,
            trials.labels[source],
            whole.weights,
            trials.subjects[source],
        )

    def _domain_features(self, trials: TrainingTrials) -> NDArray[np.float64]:
        X = trials.X
        if X.ndim == 2:
            return X.astype(np.float64)
        if self.features == "network":
            vectors = self._network_features(trials)
        elif self.features == "csp":
            from mne.decoding import CSP

            labelled = trials.is_labelled
            patterns = CSP(n_components=min(self.n_components, X.shape[1]))
            with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
                patterns.fit(X[labelled].astype(np.float64), trials.labels[labelled])
            vectors = patterns.transform(X.astype(np.float64))
        else:
            vectors = tangent_space().fit_transform(X.astype(np.float64))
        return reduced(vectors, min(self.n_components, int(trials.is_target.sum())))

    def _network_features(self, trials: TrainingTrials) -> NDArray[np.float64]:
        """Return features of a network that was trained on the sources without weights."""
        plain = SourceOnlyClassifier(
            **{name: getattr(self, name) for name in SourceOnlyClassifier().get_params()}
        )
        for name, learned in vars(self).items():
            if name.endswith("_"):
                setattr(plain, name, learned)
        own = copy.copy(trials.X)  # training standardises it in place
        plain._fit_aligned(TrainingTrials(**{**vars(trials), "X": own}))
        features = np.hstack([values for values, _ in plain._run(trials.X)])
        return features.astype(np.float64)

    def _weights(self, trials: TrainingTrials) -> NDArray[np.float64]:
        """Source weights; labelled target trials, the very thing wanted, count 1."""
        weights = np.ones(len(trials.labels))
        weights[~trials.is_target] = self.weights_
        return weights

    def _fit_shallow(self, trials: TrainingTrials) -> None:
        self.shallow_ = self._build_shallow()
        # step by step: how a pipeline hands weights on depends on scikit-learn's global settings
        features = self.shallow_[:-1].fit_transform(trials.X.astype(np.float64))
        self.shallow_[-1].fit(features, trials.labels, sample_weight=self._weights(trials))

    def _build_shallow(self) -> Pipeline:
        # tangent vectors have one unit, and distances between them are to be kept
        vectors: list[Any] = [("scaler", StandardScaler())]
        features = vectors if self.n_times_ is None else tangent_space().steps
        return Pipeline([*features, ("classifier", _classifier(self.learner))])

    def _state(self) -> ModelState:
        if not isinstance(self.learner, str):
            raise ConfigError(
                f"a model with learner={self.learner!r} cannot be saved; take "
                "learner='tangent_space' or 'network'."
            )
        state = super()._state()
        state.arrays["weights"] = self.weights_
        state.description.update(
            domain_auc=None if np.isnan(self.domain_auc_) else self.domain_auc_,
            effective_sample_size=self.effective_sample_size_,
            temper=self.temper_,
        )
        if not self.trains_network:
            state.arrays.update(write_steps(self.shallow_))
        return state

    def _restore(self, state: ModelState) -> None:
        super()._restore(state)
        self.weights_ = state.arrays["weights"]
        auc = state.description["domain_auc"]
        self.domain_auc_ = float("nan") if auc is None else auc
        self.effective_sample_size_ = state.description["effective_sample_size"]
        self.temper_ = state.description["temper"]
        if not self.trains_network:
            self.shallow_ = read_steps(self._build_shallow(), state.arrays)

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.trains_network:
            return super()._predict_proba_aligned(X)
        probabilities: NDArray[np.float64] = self.shallow_.predict_proba(X.astype(np.float64))
        return probabilities


def _classifier(learner: str | ClassifierMixin) -> ClassifierMixin:
    return LogisticRegression(max_iter=1000) if isinstance(learner, str) else clone(learner)


def _check_learner(learner: str | ClassifierMixin) -> None:
    if isinstance(learner, str):
        check_option("learner", learner, LEARNERS)
    elif not (has_fit_parameter(learner, "sample_weight") and hasattr(learner, "predict_proba")):
        raise ConfigError(
            f"learner {learner!r} must take `sample_weight` in fit and have `predict_proba`; "
            f"or be one of {', '.join(LEARNERS)}."
        )
