"""Ensembles of methods: their log-odds, brought to one spread, are averaged."""

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
    check_shares,
    estimate_prior,
    offsets_to_decided_shares,
    offsets_to_mean_shares,
    shares_by_class,
)
from bci_dann.alignment import ResultCache
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.former import (
    FORMER_ENSEMBLE_PARAMETERS,
    check_former,
    present_ensemble_members,
    present_ensemble_state,
)
from bci_dann.estimators.methods import (
    build_method,
    default_members,
    depends_on_seed,
    describe_method,
    weighted_methods,
)
from bci_dann.estimators.saved_models import model_from_state
from bci_dann.exceptions import ConfigError
from bci_dann.persistence import ModelState

__all__ = ["EnsembleClassifier"]

# Trials that spreads and offsets follow, as many as the head of RiemannianClassifier.
MOST_TRIALS = 100

# What all members have learned alike, since they have read the same trials.
SHARED = ("classes_", "n_features_in_", "n_times_", "ch_names_", "sfreq_", "met_target_")


class EnsembleClassifier(TransferClassifier):
    """Methods of any kind, averaged.

    Each member adapts to the unlabelled target in its own way. Networks give far more extreme
    probabilities than linear decoders, right or wrong; so the log-odds of all members are brought
    to the spread of the member of the largest weight over the target's trials before they are
    averaged. The average is shifted so that its mean probabilities are the estimated class shares
    (:mod:`bci_dann.adaptation.label_shift`) [1]_.

    Parameters
    ----------
    members : sequence of (method, float), or None
        Methods with their weights. A method is the name of a pipeline, as ``"rts_im"``, a
        mapping ``{"name": "DANNClassifier", ...}`` with parameters, or an estimator; see
        :func:`bci_dann.estimators.build_method`. ``None`` takes the default recipe, the members
        listed in the pipeline file ``bci_dann.yml``.
    weights : sequence of float, optional
        One for each member, in the place of those that ``members`` gives.
    member_parameters : dict of str to object, optional
        Values that are set in every member that has such a parameter.
    target_prior : dict of str to float, optional
        Class shares of the target by class name, where they are known; see
        :class:`RiemannianClassifier`.
    sfreq : float, optional
        Sampling frequency (Hz) of arrays; epochs bring their own.
    random_state : None, int or numpy random generator
        Seeds the members that have a ``random_state``: the first as if it were alone, the others
        by streams of their own.
    **former : Any
        Parameters of the networks, ``tangent_terms`` and ``network_weight`` of the version
        before, with a warning that says the new form.

    Attributes
    ----------
    members_ : list of TransferClassifier
        The fitted methods.
    spreads_ : list of float
        Standard deviation of each member's log-odds over the target's trials.
    offsets_ : ndarray, shape (n_classes,)
        What is added to the averaged log-odds.
    prior_ : ndarray, shape (n_classes,)
        Known or estimated class shares of the target.

    See Also
    --------
    RiemannianClassifier : The linear decoder of the default recipe.
    bci_dann.estimators.build_method : What a member may be.

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

    former_parameters: ClassVar[tuple[str, ...]] = FORMER_ENSEMBLE_PARAMETERS

    members_: list[TransferClassifier]
    spreads_: list[float]
    offsets_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    # log-odds of each member for the last trials that were handed over
    _passed: NDArray[np.float64] | None = None

    def __init__(
        self,
        members: Sequence[Any] | None = None,
        *,
        weights: Sequence[float] | None = None,
        member_parameters: dict[str, Any] | None = None,
        target_prior: dict[str, float] | None = None,
        sfreq: float | None = None,
        random_state: Any = None,
        **former: Any,
    ) -> None:
        if isinstance(members, str):  # the first parameter of the version before
            former, members = {"backbone": members, **former}, None
        if former:
            check_former(type(self), former)
            members = present_ensemble_members(type(self).__name__, members, former)
        self.members = members
        self.weights = weights
        self.member_parameters = member_parameters
        self.target_prior = target_prior
        self.sfreq = sfreq
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        check_shares(self.target_prior)
        check_random_state(self.random_state)
        members = self.weighted_members()
        names = sorted({name for member, _ in members for name in member.get_params(deep=False)})
        for name in self.member_parameters or {}:
            check_option("each name in member_parameters", name, names)
        for member, weight in members:
            check_between("the weight of each member", weight, 0.0, math.inf)
            member.check_parameters()

    def weighted_members(self) -> list[tuple[TransferClassifier, float]]:
        """Return fresh members with their weights.

        Returns
        -------
        list of (TransferClassifier, float)
            Unfitted, in the order given.

        Raises
        ------
        ConfigError
            When a member cannot be built.
        """
        built = []
        seeded = 0
        for method, weight in self._pairs():
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
        self._forget_passed()
        if self.target_prior is not None:  # training takes minutes: check before
            shares_by_class(self.target_prior, np.unique(np.asarray(y)))
        given = (X, y, subjects, X_target_unlabeled, X_target_labeled, y_target_labeled)
        self._set_members(
            [m.use_cache(self._cache).fit(*given) for m, _ in self.weighted_members()]
        )
        labels = np.asarray(y)
        self._source_prior = np.array([np.mean(labels == name) for name in self.classes_])
        self._calibrate(X_target_unlabeled)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities; see :meth:`TransferClassifier.predict_proba`."""
        check_is_fitted(self)
        averaged = self._averaged(self.log_odds(X))
        probabilities: NDArray[np.float64] = softmax(averaged + self.offsets_, axis=1)
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
            Rows of sum 0.
        """
        logs = [log_probabilities(member.predict_proba(X)) for member in self.members_]
        return [log - log.mean(axis=1, keepdims=True) for log in logs]

    def adapted(self, X: Any, y: ArrayLike | None = None) -> Self:  # numpydoc ignore=PR01,RT01
        """Return a copy whose members are adapted, to labels where they can use them.

        Parameters and return value are those of :meth:`SubjectAdaptation.adapted`.
        """
        adapted = copy.copy(self)
        adapted._set_members([m.adapted(X, y if m.uses_labels else None) for m in self.members_])
        adapted._calibrate(X)
        return adapted

    def partial_adapt(self, X: Any) -> Self:
        """Adapt every member to the next trials; see :meth:`TransferClassifier.partial_adapt`.

        Spreads and offsets follow the last hundred trials, as the members have predicted them.
        """
        check_is_fitted(self)
        followed = self.copied()
        for start in range(len(X)):
            trial = X[start : start + 1]
            odds = np.stack(followed.log_odds(trial))  # before the members have seen it
            followed._set_members([m.partial_adapt(trial) for m in followed.members_])
            passed = [odds] if followed._passed is None else [followed._passed, odds]
            followed._passed = np.concatenate(passed, axis=1)[:, -MOST_TRIALS:]
            followed._calibrate_on(list(followed._passed))
        return followed

    @property
    def follows(self) -> bool:
        """Whether all members follow trials one by one; see :meth:`partial_adapt`."""
        return all(member.follows for member in self.members_)

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
        """Whether a member learns from labels in ``adapt``; the others adapt without."""
        return any(member.uses_labels for member in self.members_)

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes a member."""
        return any(member.can_adapt for member in self.members_)

    def plain_parameters(self) -> dict[str, Any]:
        """Return the parameters as a file can hold them; see the base class."""
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
        if self._passed is not None:
            state.arrays["passed"] = self._passed
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
        state = present_ensemble_state(state)
        self._set_members(
            [
                model_from_state(ModelState(description, state.part(f"members.{index}")))
                for index, description in enumerate(state.description["members"])
            ]
        )
        self.spreads_ = list(state.description["spreads"])
        self.offsets_ = state.arrays["offsets"]
        equal = np.full(len(self.classes_), 1.0 / len(self.classes_))
        self.prior_ = state.arrays.get("prior", equal)
        self._source_prior = state.arrays.get("source_prior", equal)
        self._passed = state.arrays.get("passed")

    def use_cache(self, cache: ResultCache | None) -> Self:
        """Share a cache among the members; see :meth:`TransferClassifier.use_cache`."""
        super().use_cache(cache)
        for member in getattr(self, "members_", []):
            member.use_cache(cache)
        return self

    def _seed(self, index: int) -> Any:
        """Return the seed of a member; the first is as if it were alone."""
        if index == 0 or self.random_state is None:
            return self.random_state
        return int(stream(self.random_state, "ensemble", index).generate_state(1)[0])

    def _set_members(self, members: list[TransferClassifier]) -> None:
        self.members_, self.alignment_, self.domains_ = members, None, []
        for name in SHARED:
            setattr(self, name, getattr(members[0], name))

    def _pairs(self) -> list[tuple[Any, float]]:
        """Return the methods and their weights."""
        pairs = weighted_methods(default_members() if self.members is None else self.members)
        if self.weights is None:
            return pairs
        if len(self.weights) != len(pairs):
            raise ConfigError(
                f"weights must be one for each of the {len(pairs)} members; got {self.weights!r}."
            )
        methods = [method for method, _ in pairs]
        return list(zip(methods, self.weights, strict=True))

    def _weights(self) -> list[float]:
        return [float(weight) for _, weight in self._pairs()]

    def _averaged(self, odds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        weights = self._weights()
        unit = self.spreads_[int(np.argmax(weights))]
        parts = [
            (weight / sum(weights)) * (log_odds * (unit / spread))
            for weight, spread, log_odds in zip(weights, self.spreads_, odds, strict=True)
        ]
        return np.asarray(sum(parts[1:], parts[0]))

    def _calibrate(self, X: Any) -> None:
        """Learn spreads and offsets from the target's unlabelled trials, where there are any."""
        self._passed = None
        n_classes = len(self.classes_)
        self.spreads_ = [1.0] * len(self.members_)
        self.offsets_ = np.zeros(n_classes)
        self.prior_ = np.full(n_classes, 1.0 / n_classes)
        if X is not None:
            self._calibrate_on(self.log_odds(X))

    def _calibrate_on(self, odds: Sequence[NDArray[np.float64]]) -> None:
        if len(odds[0]) < MIN_TRIALS:
            return
        self.spreads_ = [float(one.std()) or 1.0 for one in odds]
        averaged = self._averaged(odds)
        self.prior_ = self._prior(averaged)
        known = self.target_prior is not None
        offsets = offsets_to_decided_shares if known else offsets_to_mean_shares
        self.offsets_ = offsets(averaged, self.prior_)

    def _prior(self, averaged: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return known class shares, those that a member has estimated, or an estimate."""
        if self.target_prior is not None:
            return shares_by_class(self.target_prior, self.classes_)
        for index in np.argsort(self._weights())[::-1]:
            estimated = getattr(self.members_[index], "prior_", None)
            if estimated is not None:
                return np.asarray(estimated)
        return estimate_prior(softmax(averaged, axis=1), self._source_prior)
