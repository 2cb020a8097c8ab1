"""Ensembles of methods, averaged as log-odds that are scaled to the same spread."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.utils.validation import check_is_fitted

from bci_dann._arrays import log_probabilities
from bci_dann._random import check_random_state, stream
from bci_dann._validation import check_between, check_option
from bci_dann.adaptation.drift_guard import MIN_TRIALS
from bci_dann.adaptation.label_shift import (
    check_target_prior,
    estimate_prior,
    offsets_for_decisions,
    offsets_for_mean_probabilities,
    prior_by_class,
)
from bci_dann.alignment import ResultCache
from bci_dann.data.signal_checks import silent_trials
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.deprecated_arguments import (
    DEPRECATED_ENSEMBLE_PARAMETERS,
    check_deprecated,
    upgrade_ensemble_members,
    upgrade_ensemble_state,
)
from bci_dann.estimators.inputs.input_validation import read_for_prediction
from bci_dann.estimators.inputs.signals import in_memory
from bci_dann.estimators.methods import (
    build_method,
    copy_input_attributes,
    default_members,
    depends_on_seed,
    describe_method,
    weighted_methods,
)
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.exceptions import ConfigError
from bci_dann.persistence import ModelState

__all__ = ["EnsembleClassifier"]

# Maximum number of recent trials from which `partial_adapt` computes spreads and offsets.
MAX_RECENT_TRIALS = 100
# Name of the array of recent log-odds in saved models; a new name would make old files unreadable.
RECENT_LOG_ODDS = "passed"


class EnsembleClassifier(TransferClassifier):
    """Weighted average of methods of any kind.

    Each member adapts to the unlabelled target in its own way. Networks give far more extreme
    probabilities than linear decoders, whether they are right or wrong. Before averaging, the
    log-odds of each member are therefore scaled to the same standard deviation over the target's
    trials, that of the member with the largest weight. The average is then shifted so that its mean
    probabilities equal the estimated class shares (:mod:`bci_dann.adaptation.label_shift`) [1]_.

    Parameters
    ----------
    members : sequence of (method, float), or None
        Methods with their weights. A method is the name of a pipeline, such as ``"rts_im"``, a
        mapping ``{"name": "DANNClassifier", ...}`` with parameters, or an estimator; see
        :func:`bci_dann.estimators.build_method`. ``None`` uses the members of the default
        recipe, which are listed in the pipeline file ``bci_dann.yml``.
    weights : sequence of float, optional
        One weight for each member, instead of those in ``members``.
    member_parameters : dict of str to object, optional
        Parameters to set in every member that has them.
    target_prior : dict of str to float, optional
        Class shares of the target by class name, where they are known; see
        :class:`RiemannianClassifier`.
    sfreq : float, optional
        Sampling frequency (Hz), for arrays; epochs contain it.
    random_state : None, int or numpy random generator
        Seeds the members that have a ``random_state``: the first one directly, the others with
        independent streams.
    **deprecated : Any
        Deprecated parameters: those of networks, ``tangent_terms`` and ``network_weight``. A
        warning shows what to give instead.

    Attributes
    ----------
    members_ : list of TransferClassifier
        The fitted methods.
    spreads_ : list of float
        Standard deviation of each member's log-odds over the target's trials.
    offsets_ : ndarray, shape (n_classes,)
        Added to the averaged log-odds.
    prior_ : ndarray, shape (n_classes,)
        Known or estimated class shares of the target.

    See Also
    --------
    RiemannianClassifier : The linear decoder of the default recipe.
    bci_dann.estimators.build_method : The forms of a member.

    References
    ----------
    .. [1] Saerens, M., Latinne, P. and Decaestecker, C. (2002). Adjusting the outputs of a
       classifier to new a priori probabilities. Neural Computation 14(1), 21-41.
       doi:10.1162/089976602753284446.

    Examples
    --------
    >>> from bci_dann import EnsembleClassifier, ShallowClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> members = [(ShallowClassifier("csp"), 1.0), (ShallowClassifier("tangent_space"), 0.5)]
    >>> new = trials.subjects == "3"
    >>> model = EnsembleClassifier(members).fit(trials[~new], trials[~new].y)
    >>> model.predict_proba(trials[new]).shape
    (20, 2)
    """

    deprecated_parameters: ClassVar[tuple[str, ...]] = DEPRECATED_ENSEMBLE_PARAMETERS

    members_: list[TransferClassifier]
    spreads_: list[float]
    offsets_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    # log-odds of each member for the last trials of `partial_adapt`
    _recent_log_odds: NDArray[np.float64] | None = None

    def __init__(
        self,
        members: Sequence[Any] | None = None,
        *,
        weights: Sequence[float] | None = None,
        member_parameters: dict[str, Any] | None = None,
        target_prior: dict[str, float] | None = None,
        sfreq: float | None = None,
        random_state: Any = None,
        **deprecated: Any,
    ) -> None:
        if isinstance(members, str):  # the deprecated first parameter
            deprecated, members = {"backbone": members, **deprecated}, None
        if deprecated:
            check_deprecated(type(self), deprecated)
            members = upgrade_ensemble_members(type(self).__name__, members, deprecated)
        self.members = members
        self.weights = weights
        self.member_parameters = member_parameters
        self.target_prior = target_prior
        self.sfreq = sfreq
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on invalid parameters; see the base class."""
        check_target_prior(self.target_prior)
        check_random_state(self.random_state)
        members = self.weighted_members()
        names = sorted({name for member, _ in members for name in member.get_params(deep=False)})
        for name in self.member_parameters or {}:
            check_option("each name in member_parameters", name, names)
        for member, weight in members:
            check_between("the weight of each member", weight, 0.0, math.inf)
            member.check_parameters()

    def weighted_members(self) -> list[tuple[TransferClassifier, float]]:
        """Return unfitted members with their weights.

        Returns
        -------
        list of (TransferClassifier, float)
            In the given order.

        Raises
        ------
        ConfigError
            When a member cannot be built.
        """
        built = []
        seeded = 0
        for method, weight in self._members_and_weights():
            member = build_method(method)
            names = member.get_params(deep=False)
            given = {k: v for k, v in (self.member_parameters or {}).items() if k in names}
            if "random_state" in names:
                given["random_state"] = self._seed(seeded)
                seeded += depends_on_seed(member)
            for name in ("sfreq", "target_prior"):
                if name in names and getattr(self, name) is not None:
                    given[name] = getattr(self, name)
            built.append((member.set_params(**given), weight))
        return built

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        subjects: ArrayLike | None = None,
        X_target_unlabeled: Any = None,
        X_target_labeled: Any = None,
        y_target_labeled: ArrayLike | None = None,
    ) -> Self:
        """Train all members; see :meth:`TransferClassifier.fit`."""
        self.forget()
        self.check_parameters()
        self._reset_online_state()
        if self.target_prior is not None:  # training may take minutes: check first
            prior_by_class(self.target_prior, np.unique(np.asarray(y)))
        given = (X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled)
        self._set_members(
            [m.use_cache(self._cache).fit(*given) for m, _ in self.weighted_members()]
        )
        labels = np.asarray(y)
        self._source_prior = np.array([np.mean(labels == name) for name in self.classes_])
        self._fit_spreads(X_target_unlabeled)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities; see :meth:`TransferClassifier.predict_proba`."""
        check_is_fitted(self)
        averaged = self._average_log_odds(self.log_odds(X))
        probabilities: NDArray[np.float64] = softmax(averaged + self.offsets_, axis=1)
        probabilities[silent_trials(read_for_prediction(self, X).X)] = 1.0 / len(self.classes_)
        return probabilities

    def log_odds(self, X: Any) -> list[NDArray[np.float64]]:
        """Return each member's log-probabilities, relative to their mean over classes.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        list of ndarray, shape (n_trials, n_classes)
            One array for each member, with rows of sum 0.
        """
        logs = [log_probabilities(member.predict_proba(X)) for member in self.members_]
        return [log - log.mean(axis=1, keepdims=True) for log in logs]

    def adapted(self, X: Any, y: ArrayLike | None = None) -> Self:  # numpydoc ignore=PR01,RT01
        """Return a copy whose members are adapted, to labels where they can use them.

        Parameters and return value are those of :meth:`SubjectAdaptation.adapted`.
        """
        adapted = copy.copy(self)
        adapted._set_members([m.adapted(X, y if m.uses_labels else None) for m in self.members_])
        adapted._fit_spreads(X)
        return adapted

    def partial_adapt(self, X: Any) -> Self:
        """Adapt all members to the next trials; see :meth:`TransferClassifier.partial_adapt`."""
        check_is_fitted(self)
        adapted = self.copied()
        for start in range(len(X := in_memory(X))):
            trial = X[start : start + 1]
            odds = np.stack(adapted.log_odds(trial))  # before the members have seen it
            adapted._set_members([m.partial_adapt(trial) for m in adapted.members_])
            if adapted._recent_log_odds is not None:
                odds = np.concatenate([adapted._recent_log_odds, odds], axis=1)
            adapted._recent_log_odds = odds[:, -MAX_RECENT_TRIALS:]
            adapted._fit_spreads_to(list(adapted._recent_log_odds))
        return adapted

    @property
    def is_incremental(self) -> bool:
        """Whether all members are incremental; see :meth:`partial_adapt`."""
        return all(member.is_incremental for member in self.members_)

    @property
    def trains_network(self) -> bool:
        """Whether a member trains a network."""
        return any(member.trains_network for member, _ in self.weighted_members())

    @property
    def takes_rest(self) -> bool:
        """Whether a member takes rest windows."""
        return any(member.takes_rest for member, _ in self.weighted_members())

    @property
    def uses_labels(self) -> bool:
        """Whether a member learns from labels in ``adapt``; the others ignore them."""
        return any(member.uses_labels for member in self.members_)

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes a member."""
        return any(member.can_adapt for member in self.members_)

    def plain_parameters(self) -> dict[str, Any]:
        """Return the parameters in a form that can be saved; see the base class."""
        parameters = {**super().plain_parameters(), "members": self.members}
        if self.members is not None:
            pairs = weighted_methods(self.members)
            parameters["members"] = [[describe_method(m), weight] for m, weight in pairs]
        return parameters

    def to_state(self) -> ModelState:
        """Return the states of all members; see the base class."""
        state = super().to_state()
        state.arrays.update(offsets=self.offsets_, prior=self.prior_)
        state.arrays.update(source_prior=self._source_prior)
        if self._recent_log_odds is not None:
            state.arrays[RECENT_LOG_ODDS] = self._recent_log_odds
        states = [member.to_state() for member in self.members_]
        state.description.update(
            spreads=self.spreads_,
            members=[member.description for member in states],
        )
        for index, member in enumerate(states):
            state.arrays.update({f"members.{index}.{k}": v for k, v in member.arrays.items()})
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore all members; see the base class."""
        state = upgrade_ensemble_state(state)
        descriptions = enumerate(state.description["members"])
        states = [ModelState(one, state.part(f"members.{index}")) for index, one in descriptions]
        self._set_members([model_from_state(one) for one in states])
        self.spreads_ = list(state.description["spreads"])
        self.offsets_ = state.arrays["offsets"]
        equal = np.full(len(self.classes_), 1.0 / len(self.classes_))
        self.prior_ = state.arrays.get("prior", equal)
        self._source_prior = state.arrays.get("source_prior", equal)
        self._recent_log_odds = state.arrays.get(RECENT_LOG_ODDS)

    def use_cache(self, cache: ResultCache | None) -> Self:
        """Share a cache among the members; see :meth:`TransferClassifier.use_cache`."""
        super().use_cache(cache)
        for member in getattr(self, "members_", []):
            member.use_cache(cache)
        return self

    def _seed(self, index: int) -> Any:
        """Return the seed of a member; the first member gets ``random_state`` itself."""
        if index == 0 or self.random_state is None:
            return self.random_state
        return int(stream(self.random_state, "ensemble", index).generate_state(1)[0])

    def _set_members(self, members: list[TransferClassifier]) -> None:
        self.members_, self.alignment_, self.domains_ = members, None, []
        copy_input_attributes(members[0], self)  # equal in all members

    def _members_and_weights(self) -> list[tuple[Any, float]]:
        """Return the methods and their weights."""
        pairs = weighted_methods(default_members() if self.members is None else self.members)
        if self.weights is None:
            return pairs
        if len(self.weights) != len(pairs):
            raise ConfigError(
                f"weights: expected one for each of the {len(pairs)} members; got {self.weights!r}."
            )
        methods = [method for method, _ in pairs]
        return list(zip(methods, self.weights, strict=True))

    def _weights(self) -> list[float]:
        return [float(weight) for _, weight in self._members_and_weights()]

    def _average_log_odds(self, odds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the weighted mean, each member scaled to the spread of the most weighted one."""
        weights = self._weights()
        common_spread = self.spreads_[int(np.argmax(weights))]
        parts = [
            (weight / sum(weights)) * (log_odds * (common_spread / spread))
            for weight, spread, log_odds in zip(weights, self.spreads_, odds, strict=True)
        ]
        return np.asarray(sum(parts[1:], parts[0]))

    def _fit_spreads(self, X: Any) -> None:
        """Compute spreads and offsets from the target's unlabelled trials, where there are any."""
        self._recent_log_odds = None
        n_classes = len(self.classes_)
        self.spreads_ = [1.0] * len(self.members_)
        self.offsets_ = np.zeros(n_classes)
        self.prior_ = np.full(n_classes, 1.0 / n_classes)
        if X is not None:
            self._fit_spreads_to(self.log_odds(X))

    def _fit_spreads_to(self, odds: Sequence[NDArray[np.float64]]) -> None:
        """Compute spreads, class shares and offsets from log-odds, unless they are too few."""
        if len(odds[0]) < MIN_TRIALS:
            return
        self.spreads_ = [float(one.std()) or 1.0 for one in odds]
        averaged = self._average_log_odds(odds)
        self.prior_ = self._prior(averaged)
        known = self.target_prior is not None
        offsets = offsets_for_decisions if known else offsets_for_mean_probabilities
        self.offsets_ = offsets(averaged, self.prior_)

    def _prior(self, averaged: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the class shares: known ones, those estimated by a member, or a new estimate."""
        if self.target_prior is not None:
            return prior_by_class(self.target_prior, self.classes_)
        for index in np.argsort(self._weights())[::-1]:
            estimated = getattr(self.members_[index], "prior_", None)
            if estimated is not None:
                return np.asarray(estimated)
        return estimate_prior(softmax(averaged, axis=1), self._source_prior)
