"""Source weights in a method: their settings, computation and saving."""

from __future__ import annotations

import inspect
import logging
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._random import stream
from bci_dann._validation import check_between, check_count, check_option
from bci_dann.components import resolve
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.exceptions import BCIDannWarning, ConfigError
from bci_dann.persistence import ModelState
from bci_dann.reweighting.weighting import weighting_name

__all__ = [
    "SourceWeighted",
    "SourceWeights",
    "WeightingSettings",
    "find_source_weights",
    "read_weighting",
]

logger = logging.getLogger(__name__)

# Features from which weights can be computed: those of aligned signals in every method, and those
# of the backbone in networks.
SIGNAL_FEATURES = ("tangent_space", "csp")
FEATURES = (*SIGNAL_FEATURES, "network")
COVARIANCE_FEATURES = ("tangent_space", "network")
UNITS = ("trial", "subject")

# Maps all trials to the features of a network that was trained on the sources.
NetworkFeatures = Callable[[TrainingTrials], NDArray[np.float32]]


@dataclass(frozen=True)
class WeightingSettings:
    """Settings of the computation of source weights.

    Parameters
    ----------
    weighting : callable
        See :class:`bci_dann.reweighting.SourceWeighting`.
    features : {"tangent_space", "csp", "network"}
        Features from which weights are computed: tangent vectors of covariances, log-power of
        common spatial patterns, or features of a network that was trained on the sources. Plain
        vectors are used as they are.
    n_components : int
        Number of features after PCA; at most the number of target trials.
    temper : float or "auto"
        Weights are raised to this power; 0 makes them equal, 1 leaves them as they are.
        ``"auto"`` chooses the power by importance-weighted validation on held-out source subjects;
        see :func:`bci_dann.reweighting.choose_temper`.
    unit : {"trial", "subject"}
        Whether each trial has its own weight, or all trials of a source subject their mean.
    n_subjects : int or None
        With ``unit="subject"``, the number of source subjects to keep, by largest weight.
    """

    weighting: Callable[..., Any]
    features: str = "tangent_space"
    n_components: int = 10
    temper: float | str = 1.0
    unit: str = "trial"
    n_subjects: int | None = None

    def __post_init__(self) -> None:
        check_option("features", self.features, FEATURES)
        check_option("unit", self.unit, UNITS)
        check_count("n_components", self.n_components)
        if self.temper != "auto":
            check_between("temper", self.temper, 0.0, math.inf, inclusive=True)
        if self.n_subjects is not None:
            check_count("n_subjects", self.n_subjects)
            if self.unit != "subject":
                raise ConfigError("n_subjects keeps whole subjects: it needs unit='subject'.")


# Keys of a `weighting` mapping that belong to WeightingSettings, not to the weighting itself.
SETTINGS = ("features", "n_components", "temper", "unit", "n_subjects")


def read_weighting(spec: Any, *, offered: Sequence[str] = FEATURES) -> WeightingSettings | None:
    """Return the settings that the parameter ``weighting`` of a method describes.

    Parameters
    ----------
    spec : str, mapping, callable or None
        A name, ``"logistic"``, ``"forest"``, ``"boosting"``, ``"gaussian"``, ``"neighbours"``,
        ``"kmm"``, ``"kliep"``, ``"ulsif"``, ``"rulsif"``, or ``"module:Class"``; a mapping
        ``{"name": ...}`` with parameters of the weighting and those of
        :class:`WeightingSettings`; or a callable. ``None`` is no weighting.
    offered : sequence of str
        The features that the method can compute.

    Returns
    -------
    WeightingSettings or None
        ``None`` for no weighting.

    Raises
    ------
    ConfigError
        With the accepted values.
    """
    if spec is None:
        return None
    settings: dict[str, Any] = {}
    if isinstance(spec, Mapping):
        settings = {key: spec[key] for key in SETTINGS if key in spec}
        spec = {key: value for key, value in spec.items() if key not in settings}
        spec = spec["name"] if set(spec) == {"name"} else spec  # which may be an instance
    weighting = resolve("weighting", spec)
    _check_signature(weighting)
    if "features" in settings:
        check_option("features of the weighting", settings["features"], offered)
    return WeightingSettings(weighting, **settings)


def _check_signature(weighting: Callable[..., Any]) -> None:
    try:
        signature = inspect.signature(weighting)
    except (TypeError, ValueError):  # compiled functions may have none
        return
    try:
        signature.bind(None, None)
    except TypeError as error:
        raise ConfigError(
            "weighting: expected a callable with arguments (X_source, X_target); got "
            f"{weighting_name(weighting)}{signature}: {error}."
        ) from error


@dataclass(frozen=True)
class SourceWeights:
    """Weights of the source trials, and diagnostics of their reliability.

    Parameters
    ----------
    weights : ndarray, shape (n_source,)
        Finite, not negative, of mean 1.
    domain_auc : float
        Out-of-fold ROC AUC of source against target; NaN without a target.
    effective_sample_size : float
        Number of equally weighted trials with the same information.
    temper : float
        The power that the weights were raised to.
    """

    weights: NDArray[np.float64] = field(repr=False)
    domain_auc: float
    effective_sample_size: float
    temper: float


def find_source_weights(
    settings: WeightingSettings,
    trials: TrainingTrials,
    random_state: Any,
    network: NetworkFeatures | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> SourceWeights:
    """Compute the weights of the source trials.

    Parameters
    ----------
    settings : WeightingSettings
        Settings of the computation.
    trials : TrainingTrials
        Aligned.
    random_state : None, int or numpy random generator
        Seeds the weighting.
    network : callable or None
        Computes the features of a network; ``None`` where the method has none.
    vectors : ndarray, shape (n_trials, n_features), or None
        Features of the method itself, used instead of ``settings.features``.

    Returns
    -------
    SourceWeights
        Equal weights, with a warning, where the target has too few trials.
    """
    from bci_dann.reweighting import (
        N_FOLDS,
        average_by_subject,
        temper_weights,
        warn_without_overlap,
        weigh_with,
    )

    n_target = int(trials.is_target.sum())
    n_source = len(trials.labels) - n_target
    if min(n_source, n_target) < N_FOLDS:
        return _equal_weights(n_source, n_target, N_FOLDS)
    features = _domain_features(settings, trials, network, vectors)
    seed = stream(random_state, "weights")
    sources = ~trials.is_target
    by_trial = weigh_with(settings.weighting, features[sources], features[trials.is_target], seed)
    temper = settings.temper
    if temper == "auto":
        used = trials if vectors is None else replace(trials, X=vectors)
        temper = _chosen_temper(used.select(sources), by_trial.weights)
    result = temper_weights(by_trial, float(temper))
    if settings.unit == "subject":
        result = average_by_subject(result, trials.subjects[sources], settings.n_subjects)
    warn_without_overlap(result)
    return SourceWeights(
        result.weights, result.domain_auc, result.effective_sample_size, float(temper)
    )


class SourceWeighted:
    """Mixin for methods with a source weighting: fitted weights and their diagnostics.

    Attributes
    ----------
    source_weights_ : SourceWeights or None
        ``None`` without a weighting.
    """

    source_weights_: SourceWeights | None = None

    @property
    def weights_(self) -> NDArray[np.float64] | None:
        """The weights of the source trials, shape (n_source,); see :class:`SourceWeights`."""
        return None if self.source_weights_ is None else self.source_weights_.weights

    @property
    def domain_auc_(self) -> float | None:
        """The ROC AUC of source against target; see :class:`SourceWeights`."""
        return None if self.source_weights_ is None else self.source_weights_.domain_auc

    @property
    def effective_sample_size_(self) -> float | None:
        """The effective sample size of the weighted sources; see :class:`SourceWeights`."""
        return None if self.source_weights_ is None else self.source_weights_.effective_sample_size

    @property
    def temper_(self) -> float | None:
        """The power that the weights were raised to; see :class:`SourceWeights`."""
        return None if self.source_weights_ is None else self.source_weights_.temper

    def weigh(
        self,
        spec: Any,
        trials: TrainingTrials,
        random_state: Any,
        network: NetworkFeatures | None = None,
        vectors: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """Compute the weights of all trials, and store those of the sources.

        Parameters
        ----------
        spec : str, mapping, callable or None
            See :func:`read_weighting`.
        trials : TrainingTrials
            Aligned.
        random_state : None, int or numpy random generator
            Seeds the weighting.
        network : callable or None
            Computes the features of a network.
        vectors : ndarray, shape (n_trials, n_features), or None
            Features of the method itself.

        Returns
        -------
        ndarray, shape (n_trials,)
            Weights for the label loss. Target trials have weight 1, as do all trials without a
            weighting.
        """
        weights = np.ones(len(trials.labels))
        settings = read_weighting(spec)
        self.source_weights_ = None
        if settings is not None:
            alignment = getattr(self, "alignment_", None)
            if alignment is not None and alignment.returns_covariances:
                check_option("features of the weighting", settings.features, COVARIANCE_FEATURES)
                if settings.features == "tangent_space":
                    from bci_dann.features.tangent_space import vectors_of_covariances

                    vectors = vectors_of_covariances(trials.X)
            self.source_weights_ = find_source_weights(
                settings, trials, random_state, network, vectors
            )
            weights[~trials.is_target] = self.source_weights_.weights
        return weights

    def add_weights_to(self, state: ModelState) -> None:
        """Add the weights to a state that is to be saved.

        Parameters
        ----------
        state : ModelState
            Changed in place.
        """
        weights = self.source_weights_
        if weights is not None:
            state.arrays["weights"] = weights.weights
            state.description.update(
                domain_auc=None if np.isnan(weights.domain_auc) else weights.domain_auc,
                effective_sample_size=weights.effective_sample_size,
                temper=weights.temper,
            )

    def take_weights_from(self, state: ModelState) -> None:
        """Restore the weights of a saved state.

        Parameters
        ----------
        state : ModelState
            As it was saved.
        """
        self.source_weights_ = None
        if "weights" in state.arrays:
            saved = state.description
            auc = saved["domain_auc"]
            self.source_weights_ = SourceWeights(
                state.arrays["weights"],
                float("nan") if auc is None else auc,
                saved["effective_sample_size"],
                saved["temper"],
            )


def _equal_weights(n_source: int, n_target: int, n_folds: int) -> SourceWeights:
    if n_target:
        warnings.warn(
            f"{n_target} target trials are too few for out-of-fold domain probabilities, which "
            f"need {n_folds}: all source weights are 1.",
            BCIDannWarning,
            stacklevel=2,
        )
    logger.info("no domain classifier: all source weights are 1")
    return SourceWeights(np.ones(n_source), float("nan"), float(n_source), 0.0)


def _domain_features(
    settings: WeightingSettings,
    trials: TrainingTrials,
    network: NetworkFeatures | None,
    vectors: NDArray[Any] | None,
) -> NDArray[np.float64]:
    from bci_dann.features.tangent_space import reduce_features, tangent_space

    X = trials.X
    if X.ndim == 2 and vectors is None:
        return X.astype(np.float64)
    if vectors is not None:
        vectors = vectors.astype(np.float64)
    elif settings.features == "network":
        if network is None:
            raise ConfigError(
                "weighting: features='network' needs a method that has a network. Take "
                f"{' or '.join(map(repr, SIGNAL_FEATURES))}."
            )
        vectors = network(trials).astype(np.float64)
    elif settings.features == "csp":
        vectors = _spatial_patterns(trials, settings.n_components)
    else:
        vectors = tangent_space().fit_transform(X.astype(np.float64))
    return reduce_features(vectors, min(settings.n_components, int(trials.is_target.sum())))


def _spatial_patterns(trials: TrainingTrials, n_components: int) -> NDArray[np.float64]:
    import mne

    from bci_dann.features.spatial_patterns import rank_of_trials, spatial_patterns

    known, X = trials.is_labelled, trials.X
    patterns = spatial_patterns(n_components, rank_of_trials(X[known]))
    with mne.use_log_level("error"):  # CSP reports each covariance that it estimates
        patterns.fit(X[known].astype(np.float64), trials.labels[known])
    powers: NDArray[np.float64] = patterns.transform(X.astype(np.float64))
    return powers


def _chosen_temper(sources: TrainingTrials, weights: NDArray[np.float64]) -> float:
    """Choose the power by logistic regression in the tangent space, which is fast."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    from bci_dann.features.tangent_space import tangent_space
    from bci_dann.reweighting import choose_temper

    X = sources.X.astype(np.float64)
    vectors = (StandardScaler() if X.ndim == 2 else tangent_space()).fit_transform(X)
    classifier = LogisticRegression(max_iter=1000)
    return choose_temper(classifier, vectors, sources.labels, weights, sources.subjects)
