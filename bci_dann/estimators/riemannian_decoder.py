"""A linear decoder of re-centred covariances that adapts to the unlabelled target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann._class_paths import is_class_path
from bci_dann._validation import check_between, check_count
from bci_dann.adaptation.drift_guard import MIN_TRIALS
from bci_dann.adaptation.head_adaptation import (
    adapt_head,
    fitted_to_labels,
    head_arrays,
    head_from_arrays,
    head_probabilities,
)
from bci_dann.adaptation.label_shift import (
    check_shares,
    estimate_prior,
    offsets_to_decided_shares,
    shares_by_class,
)
from bci_dann.adaptation.slow_changes import SlowChanges
from bci_dann.alignment import Alignment
from bci_dann.alignment.filter_bank import BANDS
from bci_dann.components import resolve
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.inputs.domain_alignment import align
from bci_dann.estimators.inputs.seen_trials import SeenTrials
from bci_dann.estimators.inputs.source_weights import SourceWeighted, read_weighting
from bci_dann.estimators.inputs.training_trials import TrainingTrials
from bci_dann.exceptions import ConfigError
from bci_dann.features import (
    AlignedViews,
    Subspace,
    TangentViews,
    without_directions,
)
from bci_dann.features.rest_reference import rest_weight
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

__all__ = ["RiemannianClassifier"]


class RiemannianClassifier(SourceWeighted, TransferClassifier):
    """Tangent vectors of several views, each domain re-centred, and a linear head.

    Covariances are mapped to the tangent space [1]_, those of delayed channels too [2]_. Without
    terms this is regularised logistic regression on the sources. With terms the same head also
    fits the structure of the unlabelled target. It is trained to the end on all trials at once, in
    seconds, and without randomness. ``adapt`` does the same without source data: a quadratic
    penalty on deviation from the source-trained head stands for their trials.

    Parameters
    ----------
    alignment : {"riemannian", "euclidean"}, mapping, Alignment or None
        The mean by which the covariances of each domain are re-centred; or an alignment of
        one's own (see :func:`bci_dann.resolve`), which the signals pass before their covariances
        are taken.
    n_windows, n_delays : int
        The views; see :class:`TangentViews`.
    filter_bank : bool
        Whether five bands, 4 Hz wide from 8 to 28 Hz, are views, too; this needs the sampling
        frequency.
    span : float
        Time from the first to the last of the delayed copies of the channels (s); a period of the
        mu rhythm. Where the sampling frequency is not known, the data say how long that is.
    sfreq : float, optional
        Sampling frequency (Hz) of arrays; epochs bring their own.
    C : float
        Inverse strength of the ridge.
    terms : dict of str to float, optional
        Terms for the target with their weights; see :class:`DANNClassifier`. Only terms that
        look at the outputs have an influence, since the features are fixed.
    enough_trials : int
        Where there are fewer trials of the target, terms weigh less in proportion.
    target_prior : dict of str to float, optional
        Class shares of the target, by class name, where they are known from the plan of the
        session. Re-centring takes the mean of all trials for the subject's reference, so that
        without known shares a subject who mostly rests is decoded as if resting half of the
        time. The decisions have these shares where 20 trials or more were seen without labels.
    target_label_weight : float
        How much a labelled trial of the target counts in the label loss, where one of a source
        counts 1.
    robust : bool
        Whether outlying samples of each trial are pulled in; see
        :mod:`bci_dann.features.winsorising`.
    local_span : float or None
        Slow changes within a session are followed by the mean of the features over the trials
        around each trial; this is the standard deviation of their weights (trials); see
        :func:`bci_dann.features.local_deviations`. A trial of the target that was not adapted to
        is taken as it is. All trials must be in the order of recording; where the cues of a subject
        seem to come in blocks, and for ``None``, nothing is followed.
    remove_drift : bool
        Whether to leave out the directions in which the features still drift from trial to trial;
        see :mod:`bci_dann.features.drift`. The order matters as for ``local_span``.
    guard : bool
        Whether to adapt only as strongly as the outputs do not begin to drift; see
        :mod:`bci_dann.adaptation.drift_guard`. The target's trials must be in the order of
        recording.
    weighting : str, mapping, callable or None
        Weights of source trials, found on tangent vectors; see :class:`NetworkClassifier`.
    random_state : None, int or numpy random generator
        Seeds the weighting; nothing else is random.
    reference : {"trials", "rest"} or mapping
        What each domain is re-centred by: the mean of its trials, that of its rest windows (see
        :class:`EEGTrials`), which does not depend on the shares of the classes, or with
        ``{"name": "rest", "weight": 0.5}`` a point on the geodesic from the first to the second.

    Attributes
    ----------
    head_ : LinearHead
        Weights and biases.
    slow_changes_ : SlowChanges
        What the sources have shown of slow changes.
    seen_ : SeenTrials
        What the trials around each trial of the target change in its outputs.
    source_penalty_ : HeadPenalty
        The head of the labelled trials alone, and the penalty on deviation from it.
    prior_ : ndarray, shape (n_classes,)
        Class shares of the target, as known or estimated; equal shares where its unlabelled trials
        were not seen. Information maximisation uses them.
    strength_ : float
        The share of the terms' weights that the guard has let pass; 0 where nothing was adapted.

    See Also
    --------
    TangentViews : The features.

    References
    ----------
    .. [1] Barachant, A. et al. (2012). Multiclass brain-computer interface classification by
       Riemannian geometry. IEEE Trans. Biomed. Eng. 59(4), 920-928. doi:10.1109/TBME.2011.2172210.
    .. [2] Carrara, I. and Papadopoulo, T. (2024). Classification of BCI-EEG based on the augmented
       covariance matrix. IEEE Trans. Biomed. Eng. 71(9), 2651-2662. arXiv:2302.04508.

    Examples
    --------
    >>> from bci_dann import RiemannianClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> new = trials.subjects == "3"
    >>> model = RiemannianClassifier(n_windows=1, n_delays=1)
    >>> model = model.fit(trials[~new], trials[~new].y).adapt(trials[new].unlabelled())
    >>> model.predict(trials[new]).shape
    (20,)
    """

    head_: LinearHead
    slow_changes_: SlowChanges
    seen_: SeenTrials
    source_penalty_: HeadPenalty
    source_prior_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    strength_: float

    def __init__(
        self,
        *,
        alignment: Any = "riemannian",
        n_windows: int = 3,
        n_delays: int = 7,
        filter_bank: bool = False,
        span: float = 0.1,
        sfreq: float | None = None,
        C: float = 0.03,
        terms: Terms | None = None,
        enough_trials: int = 150,
        target_prior: dict[str, float] | None = None,
        target_label_weight: float = 2.0,
        robust: bool = True,
        local_span: float | None = 10.0,
        remove_drift: bool = True,
        guard: bool = True,
        weighting: Any = None,
        random_state: Any = None,
        reference: Any = "trials",
    ) -> None:
        self.alignment = alignment
        self.n_windows = n_windows
        self.n_delays = n_delays
        self.filter_bank = filter_bank
        self.span = span
        self.sfreq = sfreq
        self.C = C
        self.terms = terms
        self.enough_trials = enough_trials
        self.target_prior = target_prior
        self.target_label_weight = target_label_weight
        self.robust = robust
        self.local_span = local_span
        self.remove_drift = remove_drift
        self.guard = guard
        self.weighting = weighting
        self.random_state = random_state
        self.reference = reference

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        self._views().check_parameters()
        read_weighting(self.weighting, offered=("tangent_space",))
        check_count("enough_trials", self.enough_trials)
        check_shares(self.target_prior)
        for name in ("C", "span", "target_label_weight"):
            check_between(name, getattr(self, name), 0.0, math.inf)
        if self.local_span is not None:
            check_between("local_span", self.local_span, 0.0, math.inf)
        for one in check_terms(self.terms):
            if one.term.features_only or one.has_layers():
                raise ConfigError(
                    f"terms: {one.label!r} changes features, which are fixed here. Take a term "
                    "of the outputs: 'information_maximisation', 'mcc', 'entropy'."
                )

    def _views(self, sfreq: float | None = None) -> TangentViews:
        span = None if sfreq is None else max(1, round(self.span * sfreq))
        bands = BANDS if self.filter_bank else ()
        mean = self.alignment if self._centres_covariances() else None
        if isinstance(mean, Mapping):
            mean = mean["name"]
        views = TangentViews(mean, self.n_windows, self.n_delays, span, bands, sfreq, self.robust)
        return views.set_params(rest_weight=rest_weight(self.reference))

    @property
    def takes_rest(self) -> bool:
        """Whether the references of domains are means of rest windows; see the base class."""
        return self._views().takes_rest

    def _centres_covariances(self) -> bool:
        """Whether the covariances of each domain are re-centred, by a mean that has a name."""
        name = self.alignment.get("name") if isinstance(self.alignment, Mapping) else self.alignment
        return name is None or (isinstance(name, str) and not is_class_path(name))

    def make_alignment(self) -> Alignment | None:
        """Return fresh views, behind an alignment of one's own; see the base class."""
        if self.n_times_ is None:
            return None
        views = self._views(self.sampling_rate)
        if self._centres_covariances():
            return views
        return AlignedViews(resolve("alignment", self.alignment), views)

    @property
    def drift_(self) -> NDArray[np.float64]:
        """The directions that the head ignores; see :class:`SlowChanges`."""
        return self.slow_changes_.directions

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` re-centres, has terms to adapt by, or shares of classes to meet."""
        has_terms = any(one.weight for one in check_terms(self.terms))
        return super().can_adapt or has_terms or self.target_prior is not None

    @property
    def uses_labels(self) -> bool:
        """Whether ``adapt`` learns from labels: it does, held by the source penalty."""
        return True

    def adapt_aligned(self, trials: TrainingTrials) -> None:
        """Adapt the head to a new subject, held by the source penalty; see the base class."""
        known = self.drift_.shape[1]
        local = self._leave_out_slow_changes(trials)
        self.source_penalty_ = penalty_without_directions(
            self.source_penalty_, self.drift_[:, known:]
        )
        data = self._as_data(trials.X - local, trials, np.ones(len(trials.labels)))
        n_sources = 1.0 / (self.C * self.source_penalty_.ridge)
        data, base = fitted_to_labels(data, self.source_penalty_, n_sources)
        self._adapt_head(data, trials, self.source_penalty_, base, local)

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Fit the head to labels and terms; see the base class."""
        weights = self.weigh(self.weighting, trials, self.random_state, vectors=trials.X)
        # with more trials, coordinates take the time that they save
        few = 2 * len(trials.X) <= trials.X.shape[1]
        subspace = Subspace.of(trials.X) if few else Subspace(None)
        self._fit_features(replace(trials, X=subspace.coordinates(trials.X)), weights)
        # what was learned of coordinates holds for features
        self.slow_changes_ = self.slow_changes_.in_feature_space(subspace)
        self.source_penalty_ = self.source_penalty_.in_feature_space(subspace)
        self.head_ = self.head_.in_feature_space(subspace)

    def _fit_features(self, trials: TrainingTrials, weights: NDArray[np.float64]) -> None:
        known = trials.labelled()
        n_classes = len(self.classes_)
        counts = np.bincount(known.labels, minlength=n_classes)
        self.source_prior_ = counts / counts.sum()
        self.slow_changes_ = SlowChanges.of_sources(
            known.X, known.labels, known.domains, n_classes, self.local_span, self.remove_drift
        )
        local = self._leave_out_slow_changes(trials)
        X = trials.X - local
        of_known = self._as_data(X[trials.is_labelled], known, weights[trials.is_labelled])
        ridge = ridge_penalty(X.shape[1], n_classes, self.C, len(known.X))
        self.source_penalty_ = source_penalty(
            fit_linear(of_known, Objective(), ridge), of_known.X, ridge.ridge
        )
        data = self._as_data(X, trials, weights)
        self._adapt_head(data, trials, ridge, self.source_penalty_.head, local)

    def _leave_out_slow_changes(self, trials: TrainingTrials) -> NDArray[np.float64]:
        """Return what is to be subtracted from features, and note the directions of drift."""
        self.slow_changes_, local = self.slow_changes_.find(
            trials.X, trials.labels, trials.domains, trials.is_unlabelled_target
        )
        return local

    def _adapt_head(
        self,
        data: TrainingData,
        trials: TrainingTrials,
        penalty: HeadPenalty,
        base: LinearHead,
        local: NDArray[np.float64],
    ) -> None:
        """Adapt the head of the labelled trials as strongly as the drift guard allows."""
        is_seen = trials.is_unlabelled_target
        seen = data.X[torch.from_numpy(is_seen)]
        self.prior_ = self._prior(seen)
        adapted = adapt_head(
            data,
            trials.domains,
            is_seen,
            base,
            penalty,
            self.prior_,
            self._terms_for(int(trials.is_target.sum())),
            self.guard,
        )
        self.strength_, self.head_ = adapted.strength, self.slow_changes_.removed_from(adapted.head)
        if self.target_prior is not None and len(seen) >= MIN_TRIALS:
            scores = (seen @ self.head_.weights + self.head_.biases).numpy()
            offsets = torch.from_numpy(offsets_to_decided_shares(scores, self.prior_))
            self.head_ = self.head_._replace(biases=self.head_.biases + offsets)
        known = trials.is_target
        self.seen_ = SeenTrials(trials.digests[known], local[known] @ self.head_.weights.numpy())

    def _prior(self, seen: torch.Tensor) -> NDArray[np.float64]:
        """Return the shares of the classes among the target's trials, as known or as estimated."""
        if self.target_prior is not None:
            return shares_by_class(self.target_prior, self.classes_)
        probabilities = head_probabilities(seen, self.source_penalty_.head)
        return estimate_prior(probabilities, self.source_prior_)

    def _terms_for(self, n_target: int) -> list[WeightedTerm]:
        share = min(1.0, n_target / self.enough_trials)
        return [one.scaled(share) for one in read_terms(self.terms)]

    def _as_data(
        self, X: NDArray[np.float64], trials: TrainingTrials, weights: NDArray[np.float64]
    ) -> TrainingData:
        weights = np.where(trials.is_target, self.target_label_weight, weights)
        return TrainingData(
            X=torch.from_numpy(without_directions(X, self.drift_)),
            labels=torch.from_numpy(trials.labels),
            domains=torch.from_numpy(trials.is_target.astype(np.int64)),
            weights=torch.from_numpy(weights),
            is_target=torch.from_numpy(trials.is_target),
        )

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return class probabilities; see the base class."""
        return head_probabilities(torch.from_numpy(X).double(), self.head_)

    def predict_proba_read(
        self, X: NDArray[np.float32], domains: NDArray[np.str_] | None
    ) -> NDArray[np.float64]:
        """Return probabilities, of seen trials relative to their neighbours; see the base class."""
        features = torch.from_numpy(align(self.alignment_, X, domains)).double()
        return head_probabilities(features, self.head_, self.seen_.values_of(X))

    def to_state(self) -> ModelState:
        """Return the head and its source penalty; see the base class."""
        state = super().to_state()
        self.add_weights_to(state)
        for name, part in (("head", self.head_), ("base", self.source_penalty_.head)):
            state.arrays.update(head_arrays(name, part))
        state.arrays.update(prior=self.prior_, source_prior=self.source_prior_)
        state.arrays.update(factor=self.source_penalty_.factor.numpy())
        state.arrays.update(**self.slow_changes_.to_arrays(), **self.seen_.to_arrays())
        state.description.update(strength=self.strength_, ridge=self.source_penalty_.ridge)
        return state

    def from_state(self, state: ModelState) -> None:
        """Restore the head and its source penalty; see the base class."""
        super().from_state(state)
        self.take_weights_from(state)
        self.head_, base = (head_from_arrays(state.part(name)) for name in ("head", "base"))
        factor = torch.from_numpy(state.arrays["factor"])
        self.source_penalty_ = HeadPenalty(base, state.description["ridge"], factor)
        self.prior_, self.source_prior_ = state.arrays["prior"], state.arrays["source_prior"]
        span = self.local_span
        self.slow_changes_ = SlowChanges.from_arrays(state.arrays, span, self.remove_drift)
        self.seen_ = SeenTrials.from_arrays(state.arrays, len(self.classes_))
        self.strength_ = state.description["strength"]
