"""A linear head on fixed features that adapts to unlabelled trials, all at once or online."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann._arrays import as_slice
from bci_dann.adaptation.drift_guard import MIN_TRIALS
from bci_dann.adaptation.head_adaptation import (
    adapt_head,
    fit_to_labels,
    head_arrays,
    head_from_arrays,
    head_probabilities,
)
from bci_dann.adaptation.label_shift import (
    estimate_prior,
    offsets_for_decisions,
    prior_by_class,
    prior_from_labels,
)
from bci_dann.adaptation.online_head import FULL_STRENGTH, OnlineHead
from bci_dann.adaptation.slow_changes import SlowChanges
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.inputs.domain_alignment import align
from bci_dann.estimators.inputs.seen_trials import SeenTrials
from bci_dann.estimators.inputs.source_weights import SourceWeighted
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.features import Subspace, without_directions
from bci_dann.objectives import Objective, Terms, WeightedTerm, check_terms, read_terms
from bci_dann.persistence import ModelState
from bci_dann.training import (
    HeadPenalty,
    LinearHead,
    TrainingData,
    fit_linear,
    penalty_without_directions,
    ridge_penalty,
    source_penalty,
)

__all__ = ["AdaptiveHead"]

# Iterations of the estimate of class shares after each trial of `partial_adapt`; the shares hardly
# change from trial to trial.
PRIOR_ITERATIONS = 5
# Keys of the state of `partial_adapt`, and of the head before adaptation, in saved models; new
# names would make old files unreadable.
ONLINE_KEY, SOURCE_HEAD_KEY = "followed", "base"


class AdaptiveHead(SourceWeighted, TransformerMixin, TransferClassifier):
    """Base of :class:`RiemannianClassifier`: a linear head on the features of an alignment.

    A subclass has the parameters below; :class:`RiemannianClassifier` documents them, and the
    fitted attributes.
    """

    C: float
    terms: Terms | None
    enough_trials: int
    target_prior: dict[str, float] | None
    target_label_weight: float
    local_span: float | None
    remove_drift: bool
    guard: bool
    weighting: Any
    random_state: Any

    head_: LinearHead
    slow_changes_: SlowChanges
    seen_: SeenTrials
    source_penalty_: HeadPenalty
    source_prior_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    strength_: float
    # whether class shares were given, or estimated from labels of the target
    _shares_are_known: bool = False
    # state of `partial_adapt`, from the first trial of a new subject on
    _online_head: OnlineHead | None = None

    @property
    def drift_(self) -> NDArray[np.float64]:
        """The directions of drift that are projected out; see :class:`SlowChanges`."""
        return self.slow_changes_.directions

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` changes anything: re-centring, terms, or a target prior."""
        has_terms = any(one.weight for one in check_terms(self.terms))
        return super().can_adapt or has_terms or self.target_prior is not None

    @property
    def uses_labels(self) -> bool:
        """Whether ``adapt`` learns from labels: yes, with the source penalty."""
        return True

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt the head to a new subject, with the source penalty; see the base class.

        An earlier adaptation is replaced, also its directions of drift and what
        :meth:`partial_adapt` has learned. For a subject with more trials than before, give all of
        them. If an earlier version has saved the model after an adaptation, its directions are
        kept, since they cannot be told from those of the sources.
        """
        cleaned = self._remove_slow_changes(trials)
        penalty = self._penalty_without_new_drift()
        data = self._as_data(cleaned, trials, np.ones(len(trials.labels)))
        data, base = fit_to_labels(data, penalty, 1.0 / (self.C * penalty.ridge))
        self._adapt_head(data, trials, penalty, base)

    def partial_adapt_aligned(self, trials: TrainingTrials) -> None:
        """Update the head with the next trial of a new subject; see the base class.

        Terms act from the 20th trial on, and with their full weight from the 60th. With
        ``local_span``, the mean over the past trials is subtracted from the features, of the trials
        of an earlier :meth:`adapt` as well, instead of their local means. The directions of drift
        do not change.
        """
        terms = [one for one in read_terms(self.terms) if one.weight]
        if not terms and not self._shares_are_known:
            return
        penalty = self.source_penalty_
        online = self._online_head or self._first_online_head()
        features = without_directions(trials.X, self.drift_)[0]
        self._online_head = online = online.with_trial(features, str(trials.domains[0]))
        if not online.has_enough:
            return
        self.prior_ = self._updated_prior(online)
        if terms:
            share = min(1.0, online.count / min(self.enough_trials, FULL_STRENGTH))
            scaled = [one.scaled(share) for one in terms]
            self._online_head = online = online.with_optimised_head(penalty, scaled, self.prior_)
        is_trusted = not self.guard or online.is_trusted()
        self.strength_ = float(is_trusted)
        head = online.head() if is_trusted else online.base_head()
        scores = online.scores() if is_trusted else online.base_scores()
        self.head_ = self._with_known_shares(head, scores)
        # its biases contain the mean over past trials, which replaces the local means of all
        self.seen_ = SeenTrials.from_arrays({}, len(self.classes_))

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Fit the head to labels and terms; see the base class."""
        weights = self.weigh(self.weighting, trials, self.random_state, vectors=trials.X)
        subspace, X = Subspace.spanned_by_few(trials.X)
        self._fit_head(replace(trials, X=X), weights)
        # map what was learned in coordinates back to features
        self.slow_changes_ = self.slow_changes_.in_feature_space(subspace)
        self.source_penalty_ = self.source_penalty_.in_feature_space(subspace)
        self.head_ = self.head_.in_feature_space(subspace)

    def _fit_head(self, trials: TrainingTrials, weights: NDArray[np.float64]) -> None:
        """Remove slow changes, fit the head to labels, then adapt it to the unlabelled target."""
        labelled = trials.labelled()
        n_classes = len(self.classes_)
        counts = np.bincount(labelled.labels, minlength=n_classes)
        self.source_prior_ = counts / counts.sum()
        self.slow_changes_ = SlowChanges.from_sources(
            labelled.X,
            labelled.labels,
            labelled.domains,
            n_classes,
            self.local_span,
            self.remove_drift,
        )
        cleaned = self._remove_slow_changes(trials)
        chosen = as_slice(trials.is_labelled)
        labelled_data = self._as_data(cleaned[chosen], labelled, weights[chosen])
        ridge = ridge_penalty(cleaned.shape[1], n_classes, self.C, len(labelled.X))
        head = fit_linear(labelled_data, Objective(), ridge)
        self.source_penalty_ = source_penalty(head, labelled_data.X, ridge.ridge)
        data = self._as_data(cleaned, trials, weights)
        self._adapt_head(data, trials, ridge, self.source_penalty_.head)

    def _remove_slow_changes(self, trials: TrainingTrials) -> NDArray[np.float64]:
        """Return features without slow changes, and store the directions of drift."""
        self.slow_changes_, cleaned = self.slow_changes_.remove(
            trials.X,
            trials.labels,
            trials.domains,
            trials.is_unlabelled_target,
            includes_sources=not trials.is_target.all(),
        )
        return cleaned

    def _adapt_head(
        self,
        data: TrainingData,
        trials: TrainingTrials,
        penalty: HeadPenalty,
        base: LinearHead,
    ) -> None:
        """Adapt the head ``base`` as strongly as the drift guard allows."""
        is_unlabelled = trials.is_unlabelled_target
        unlabelled = data.X[torch.from_numpy(is_unlabelled)]
        target_labels = trials.labels[trials.is_target & trials.is_labelled]
        self.prior_ = self._prior(unlabelled, target_labels, base)
        self._shares_are_known = self.target_prior is not None or len(target_labels) > 0
        adapted = adapt_head(
            data,
            trials.domains,
            is_unlabelled,
            base,
            penalty,
            self.prior_,
            self._terms_for(int(trials.is_target.sum())),
            self.guard,
        )
        self.strength_, self.head_ = adapted.strength, self.slow_changes_.project_head(adapted.head)
        if len(unlabelled) >= MIN_TRIALS:
            scores = (unlabelled @ self.head_.weights + self.head_.biases).numpy()
            self.head_ = self._with_known_shares(self.head_, scores)
        # the effect of local means on the logits of these trials, for later predictions
        is_target = as_slice(trials.is_target)
        removed = trials.X[is_target] - data.X.numpy()[is_target]
        changes = removed @ self.head_.weights.numpy()
        self.seen_ = SeenTrials(trials.digests[trials.is_target], changes)

    def _penalty_without_new_drift(self) -> HeadPenalty:
        """Return the source penalty, with a head that ignores the drift of the new subject."""
        return penalty_without_directions(self.source_penalty_, self.slow_changes_.new_directions)

    def _first_online_head(self) -> OnlineHead:
        """Return the state of `partial_adapt` before its first trial."""
        return OnlineHead.start(self._penalty_without_new_drift(), self.head_, self.local_span)

    def _with_known_shares(self, head: LinearHead, scores: NDArray[np.float64]) -> LinearHead:
        """Return the head, shifted so that its decisions match known class shares."""
        if not self._shares_are_known:
            return head
        offsets = torch.from_numpy(offsets_for_decisions(scores, self.prior_))
        return head._replace(biases=head.biases + offsets)

    def _prior(
        self, unlabelled: torch.Tensor, labels: NDArray[np.int64], base: LinearHead
    ) -> NDArray[np.float64]:
        """Return the class shares of the target.

        They are given, or estimated from its labels, or from predictions by the head ``base``.
        """
        if self.target_prior is not None:
            return prior_by_class(self.target_prior, self.classes_)
        if len(labels):
            return prior_from_labels(labels, len(self.classes_))
        probabilities = head_probabilities(unlabelled, base)
        return estimate_prior(probabilities, self.source_prior_)

    def _updated_prior(self, online: OnlineHead) -> NDArray[np.float64]:
        """Return the class shares after one more trial, by a few iterations from the last ones."""
        if self._shares_are_known:
            return self.prior_
        probabilities = softmax(online.base_scores(), axis=1)
        return estimate_prior(probabilities, self.source_prior_, self.prior_, PRIOR_ITERATIONS)

    def _terms_for(self, n_target: int) -> list[WeightedTerm]:
        share = min(1.0, n_target / self.enough_trials)
        return [one.scaled(share) for one in read_terms(self.terms)]

    def _as_data(
        self, X: NDArray[np.float64], trials: TrainingTrials, weights: NDArray[np.float64]
    ) -> TrainingData:
        weights = np.where(trials.is_target, self.target_label_weight, weights)
        return TrainingData(
            X=torch.from_numpy(X),
            labels=torch.from_numpy(trials.labels),
            domains=torch.from_numpy(trials.is_target.astype(np.int64)),
            weights=torch.from_numpy(weights),
            is_target=torch.from_numpy(trials.is_target),
        )

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the features of trials, without directions of drift.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).

        Returns
        -------
        ndarray, shape (n_trials, n_features)
            Tangent vectors of all views. Local means, which predictions of trials that the model
            was adapted to take into account, are not subtracted.
        """
        check_is_fitted(self)
        features = without_directions(self.read_aligned(X), self.drift_)
        return np.asarray(features, dtype=np.float32)

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities; see the base class."""
        return head_probabilities(torch.from_numpy(X.astype(np.float64)), self.head_)

    def predict_proba_checked(
        self, X: NDArray[np.float32], domains: NDArray[np.str_] | None
    ) -> NDArray[np.float64]:
        """Return probabilities, with local means subtracted where known; see the base class."""
        # a copy by numpy, since vectors are not aligned, and torch takes no reversed view of them
        features = torch.from_numpy(align(self.alignment_, X, domains).astype(np.float64))
        return head_probabilities(features, self.head_, self.seen_.values_of(X))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _reset_online_state(self) -> None:
        super()._reset_online_state()
        self._online_head = None

    def to_state(self) -> ModelState:
        """Return the head and its source penalty; see the base class."""
        state = super().to_state()
        self.add_weights_to(state)
        for name, part in (("head", self.head_), (SOURCE_HEAD_KEY, self.source_penalty_.head)):
            state.arrays.update(head_arrays(name, part))
        state.arrays.update(prior=self.prior_, source_prior=self.source_prior_)
        state.arrays.update(factor=self.source_penalty_.factor.numpy())
        state.arrays.update(**self.slow_changes_.to_arrays(), **self.seen_.to_arrays())
        state.description.update(strength=self.strength_, ridge=self.source_penalty_.ridge)
        state.description["shares_are_known"] = self._shares_are_known
        if self._online_head is not None:
            online = self._online_head.to_arrays().items()
            state.arrays.update({f"{ONLINE_KEY}.{name}": array for name, array in online})
            state.description[ONLINE_KEY] = list(self._online_head.domains)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the head and its source penalty; see the base class."""
        super().from_state(state)
        self.take_weights_from(state)
        self.head_ = head_from_arrays(state.part("head"))
        source_head = head_from_arrays(state.part(SOURCE_HEAD_KEY))
        factor = torch.from_numpy(state.arrays["factor"])
        self.source_penalty_ = HeadPenalty(source_head, state.description["ridge"], factor)
        self.prior_, self.source_prior_ = state.arrays["prior"], state.arrays["source_prior"]
        span = self.local_span
        self.slow_changes_ = SlowChanges.from_arrays(state.arrays, span, self.remove_drift)
        self.seen_ = SeenTrials.from_arrays(state.arrays, len(self.classes_))
        self.strength_ = state.description["strength"]
        has_shares = self.target_prior is not None
        self._shares_are_known = state.description.get("shares_are_known", has_shares)
        self._online_head = None
        if ONLINE_KEY in state.description:
            domains = state.description[ONLINE_KEY]
            self._online_head = OnlineHead.from_arrays(state.part(ONLINE_KEY), domains, span)
