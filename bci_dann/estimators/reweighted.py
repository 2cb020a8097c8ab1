"""Sample reweighting: train on the sources that look like the target."""

from __future__ import annotations

import logging
import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from bci_dann._random import stream
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.estimators.fitted_steps import read_steps, write_steps
from bci_dann.estimators.neural import NeuralClassifier, Plan
from bci_dann.estimators.tangent import reduced_tangent_space, tangent_space
from bci_dann.estimators.training_trials import TrainingTrials, labelled_only
from bci_dann.exceptions import BCIDannWarning
from bci_dann.persistence import ModelState
from bci_dann.reweighting import N_FOLDS, RATIOS, DomainWeights, weigh_sources

__all__ = ["ReweightedClassifier"]

logger = logging.getLogger(__name__)

LEARNERS = ("network", "tangent_space")


class ReweightedClassifier(NeuralClassifier):
    """Train on source trials weighted by a domain classifier's odds.

    Three steps: label source trials 0 and target trials 1; fit a domain classifier on
    reduced tangent-space features (plain vectors are used as they are) and take its
    out-of-fold probabilities p; train with the weights p / (1 - p), clipped and of mean 1.
    Without a target all weights are 1.

    Parameters
    ----------
    backbone, backbone_params, alignment, sfreq, max_epochs, batch_size, lr, weight_decay, \
n_members, device, random_state
        As in :class:`NeuralClassifier`; they concern ``learner="network"``, but for
        ``alignment`` and ``random_state``.
    classifier : str
        The domain classifier, ``"logistic"``, ``"forest"`` or ``"boosting"``; or another density
        ratio: ``"gaussian"``, ``"neighbours"``, ``"kmm"``, ``"kliep"``, ``"ulsif"``,
        ``"rulsif"``; see :mod:`bci_dann.reweighting.density_ratio`.
    learner : {"network", "tangent_space"}
        What is trained with the weights: the network with a weighted loss, or logistic
        regression on tangent-space features.
    n_components : int
        Number of features that the domain classifier sees.
    clip : float
        Domain probabilities are held within ``[clip, 1 - clip]``.
    temper : float
        Weights are raised to this power; 0 makes them even, 1 leaves them as they are.

    Attributes
    ----------
    weights_ : ndarray, shape (n_source,)
        The weights of the source trials.
    domain_auc_ : float
        Out-of-fold ROC-AUC of source against target; NaN without a target.
    effective_sample_size_ : float
        How many equally weighted trials the weighted sources are worth.
    """

    weights_: NDArray[np.float64]
    domain_auc_: float
    effective_sample_size_: float
    shallow_: Pipeline

    def __init__(
        self,
        backbone: str = "EEGNet",
        *,
        classifier: str = "logistic",
        learner: str = "network",
        n_components: int = 10,
        clip: float = 0.01,
        temper: float = 1.0,
        backbone_params: dict[str, Any] | None = None,
        alignment: str | None = None,
        sfreq: float | None = None,
        max_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        n_members: int = 1,
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
            device=device,
            random_state=random_state,
        )
        self.classifier = classifier
        self.learner = learner
        self.n_components = n_components
        self.clip = clip
        self.temper = temper

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        check_option("learner", self.learner, LEARNERS)
        check_option("classifier", self.classifier, RATIOS)
        check_between("temper", self.temper, 0.0, math.inf, inclusive=True)
        check_count("n_components", self.n_components)
        check_between("clip", self.clip, 0.0, 0.5)

    @property
    def trains_network(self) -> bool:
        """Whether the weights are for the network, not for tangent-space features."""
        return self.learner == "network"

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
            self._keep_weights(self._weigh(trials))
            self._fit_shallow(labelled_only(trials))

    def _plan(self, trials: TrainingTrials, name: str = "the network") -> Plan:
        self._keep_weights(self._weigh(trials))
        return super()._plan(labelled_only(trials), name)

    def _keep_weights(self, found: DomainWeights) -> None:
        self.weights_ = found.weights
        self.domain_auc_ = found.domain_auc
        self.effective_sample_size_ = found.effective_sample_size

    def _weigh(self, trials: TrainingTrials) -> DomainWeights:
        n_source = int((~trials.is_target).sum())
        n_target = int(trials.is_target.sum())
        if min(n_source, n_target) < N_FOLDS:
            if n_target:
                warnings.warn(
                    f"{n_target} target trials are too few for out-of-fold domain "
                    f"probabilities, which take {N_FOLDS}: all source weights are 1.",
                    BCIDannWarning,
                    stacklevel=2,
                )
            logger.info("no domain classifier: all source weights are 1")
            return DomainWeights(np.ones(n_source), float("nan"), float(n_source))
        features = self._domain_features(trials.X, n_source)
        return weigh_sources(
            features[~trials.is_target],
            features[trials.is_target],
            self.classifier,
            stream(self.random_state, "weights"),
            clip=self.clip,
            temper=self.temper,
        )

    def _domain_features(self, X: NDArray[np.float32], n_source: int) -> NDArray[np.float64]:
        if X.ndim == 2:
            return X.astype(np.float64)
        n_tangent = X.shape[1] * (X.shape[1] + 1) // 2
        n_components = min(self.n_components, n_tangent, n_source)
        features: NDArray[np.float64] = reduced_tangent_space(n_components).fit_transform(
            X.astype(np.float64)
        )
        return features

    def _weights(self, trials: TrainingTrials) -> NDArray[np.float64]:
        """Source weights; labelled target trials, the very thing wanted, count 1."""
        weights = np.ones(len(trials.labels))
        weights[~trials.is_target] = self.weights_
        return weights

    def _fit_shallow(self, trials: TrainingTrials) -> None:
        self.shallow_ = self._build_shallow()
        self.shallow_.fit(
            trials.X.astype(np.float64),
            trials.labels,
            logisticregression__sample_weight=self._weights(trials),
        )

    def _build_shallow(self) -> Pipeline:
        steps: list[Any] = [StandardScaler(), LogisticRegression(max_iter=1000)]
        features = [] if self.n_times_ is None else tangent_space().steps
        return make_pipeline(*(step for _, step in features), *steps)

    def _state(self) -> ModelState:
        state = super()._state()
        state.arrays["weights"] = self.weights_
        state.description.update(
            domain_auc=None if np.isnan(self.domain_auc_) else self.domain_auc_,
            effective_sample_size=self.effective_sample_size_,
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
        if not self.trains_network:
            self.shallow_ = read_steps(self._build_shallow(), state.arrays)

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.trains_network:
            return super()._predict_proba_aligned(X)
        probabilities: NDArray[np.float64] = self.shallow_.predict_proba(X.astype(np.float64))
        return probabilities
