"""A linear decoder on re-centred covariances that adapts to the target."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from bci_dann import objectives, training
from bci_dann._validation import check_between, check_count
from bci_dann.adaptation.drift_guard import FEWEST_TRIALS, classes_drift, cues_repeat
from bci_dann.adaptation.head_adaptation import (
    adapt_head,
    head_arrays,
    head_from,
    head_probabilities,
)
from bci_dann.adaptation.label_shift import check_prior, estimate_prior, offsets_to_shares, prior_of
from bci_dann.alignment.filter_bank import BANDS
from bci_dann.alignment.interface import Alignment
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.training_trials import Part, TrainingTrials, join, labelled_only
from bci_dann.exceptions import ConfigError
from bci_dann.features import Subspace, TangentViews, drift_directions, without_directions
from bci_dann.objectives import UNLABELLED
from bci_dann.persistence import ModelState

if TYPE_CHECKING:
    from torch import Tensor

    from bci_dann.training import Anchor, LinearHead, TrainingData

__all__ = ["RiemannianClassifier"]


class RiemannianClassifier(TransferClassifier):
    """Tangent vectors of several views, each domain re-centred, and a linear head.

    Without terms this is regularised logistic regression on the sources. With terms the same
    head also fits the structure of the unlabelled target. It is trained to the end on all
    trials at once, in seconds, and there is no chance in it. ``adapt`` does the same without
    source data: the head is held in its place the more firmly, the more it would change what is
    said of their trials.

    Parameters
    ----------
    alignment : {"riemannian", "euclidean"} or None
        The mean by which the covariances of each domain are re-centred.
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
        Where there are fewer trials of the target, terms weigh less in proportion: each trial
        bears only so much.
    target_prior : dict of str to float, optional
        How often the target imagines each movement, by class name, where it is known from the
        plan of the session. Alignment takes the mean of all trials for the person's own, so
        without it a person who mostly rests is decoded as if they did half the time. Decisions
        meet it where 20 trials or more were seen without labels.
    target_label_weight : float
        How much a labelled trial of the target counts in the label loss, where one of a source
        counts 1.
    robust : bool
        Whether outlying samples of each trial are pulled in; see
        :mod:`bci_dann.features.outliers`.
    remove_drift : bool
        Whether to leave out the directions in which the features drift from trial to trial; see
        :mod:`bci_dann.features.drift`. All trials must be in the order of recording, and cues in
        random order: where the labelled ones come in blocks, nothing is left out, and where the
        target's seem to, nothing that is the target's alone.
    guard : bool
        Whether to adapt only as strongly as the outputs do not begin to drift; see
        :mod:`bci_dann.adaptation.drift_guard`. The target's trials must be in the order of
        recording.

    Attributes
    ----------
    head_ : LinearHead
        Weights and biases.
    class_means_ : ndarray, shape (n_classes, n_features)
        Mean features of the labelled trials of each class.
    drift_ : ndarray, shape (n_features, n_directions)
        The directions that the head makes no use of.
    leaves_out_drift_ : bool
        Whether there may be any: they were asked for, and the labelled cues do not come in blocks.
    anchor_ : Anchor
        The head of the labelled trials alone, and how firmly these hold it.
    prior_ : ndarray, shape (n_classes,)
        How often the target is thought to imagine each movement; equal shares where that is not
        known and its unlabelled trials were not seen. Terms that take account of it do.
    strength_ : float
        The share of the terms' weights that the guard has let pass; 0 where nothing was adapted.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(0, 10, size=(40, 3, 100))
    >>> X[::2, 0] *= 2
    >>> RiemannianClassifier().fit(X, np.arange(40) % 2).score(X, np.arange(40) % 2)
    1.0
    """

    head_: LinearHead
    class_means_: NDArray[Any]
    drift_: NDArray[np.float64]
    leaves_out_drift_: bool
    anchor_: Anchor
    source_prior_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    strength_: float

    def __init__(
        self,
        *,
        alignment: str | None = "riemannian",
        n_windows: int = 3,
        n_delays: int = 7,
        filter_bank: bool = False,
        span: float = 0.1,
        sfreq: float | None = None,
        C: float = 0.03,
        terms: dict[str, float] | None = None,
        enough_trials: int = 150,
        target_prior: dict[str, float] | None = None,
        target_label_weight: float = 2.0,
        robust: bool = True,
        remove_drift: bool = True,
        guard: bool = True,
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
        self.remove_drift = remove_drift
        self.guard = guard

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        super().check_parameters()
        self._views().check_parameters()
        check_count("enough_trials", self.enough_trials)
        check_prior(self.target_prior)
        for name in ("C", "span", "target_label_weight"):
            check_between(name, getattr(self, name), 0.0, math.inf)
        for name, kind in objectives.check_terms(self.terms).items():
            if kind.features_only or list(kind.build(objectives.Sizes(1, 2, 2, True)).parameters()):
                raise ConfigError(
                    f"terms: {name!r} changes features, which are fixed here. Take a term that "
                    "looks at the outputs: 'information_maximisation', 'mcc', 'entropy'."
                )

    def _views(self, sfreq: float | None = None) -> TangentViews:
        span = None if sfreq is None else max(1, round(self.span * sfreq))
        bands = BANDS if self.filter_bank else ()
        return TangentViews(
            self.alignment, self.n_windows, self.n_delays, span, bands, sfreq, self.robust
        )

    def _new_alignment(self) -> Alignment | None:
        if self.n_times_ is None:
            return None
        return self._views(self._rate)

    @property
    def can_adapt(self) -> bool:
        """Whether ``adapt`` re-centres, has terms to adapt by, or shares of classes to meet."""
        has_terms = any((self.terms or {}).values())
        return super().can_adapt or has_terms or self.target_prior is not None

    def _adapted(self, X: Any) -> Self:
        adapted = super()._adapted(X)
        signals = self._read_to_learn(X)
        unknown = np.full(len(signals.X), UNLABELLED)
        own = join([Part(signals, unknown, is_target=True)], adapted.alignment_)
        if not adapted._classes_drift(own):
            adapted._leave_out_drift_of(own)
        adapted._adapt_head(adapted._as_data(own), own, adapted.anchor_)
        return adapted

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        few = 2 * len(trials.X) <= trials.X.shape[1]  # with more, coordinates take what they save
        subspace = Subspace.of(trials.X) if few else Subspace(None)
        self._fit_features(replace(trials, X=subspace.coordinates(trials.X)))
        # what was learned of coordinates is said of features
        self.class_means_ = subspace.vectors(self.class_means_)
        self.drift_ = np.ascontiguousarray(subspace.vectors(self.drift_.T).T)
        self.anchor_ = self.anchor_.of_features(subspace)
        self.head_ = self.head_.of_features(subspace)

    def _fit_features(self, trials: TrainingTrials) -> None:
        known = labelled_only(trials)
        n_classes = len(self.classes_)
        counts = np.bincount(known.labels, minlength=n_classes)
        self.source_prior_ = counts / counts.sum()
        self.class_means_ = np.stack([known.X[known.labels == k].mean(0) for k in range(n_classes)])
        self._find_drift(known, trials)
        data = self._as_data(known)
        held = training.ridge(data.X.shape[1], n_classes, self.C, len(known.X))
        plain = training.fit_linear(data, objectives.Objective(), held)
        self.anchor_ = training.anchor_of(plain, data.X, held.ridge)
        self._adapt_head(self._as_data(trials), trials, held)

    def _find_drift(self, known: TrainingTrials, trials: TrainingTrials) -> None:
        """Find the directions in which all trials drift, or those of known class alone."""
        self.leaves_out_drift_ = self.remove_drift and not cues_repeat(known.labels, known.domains)
        self.drift_ = np.empty((known.X.shape[1], 0))
        if not self.leaves_out_drift_:
            return
        if self._classes_drift(trials):
            # alertness looks the same at first: look again once the sources' is left out
            self.drift_ = drift_directions(known.X, known.domains)
            if self._classes_drift(trials):
                return
        self.drift_ = drift_directions(trials.X, trials.domains)

    def _classes_drift(self, trials: TrainingTrials) -> bool:
        """Tell whether a new person's cues seem to come in blocks; see the guard."""
        new = trials.to_adapt_to
        if not self.leaves_out_drift_ or new.sum() < FEWEST_TRIALS:
            return False
        X = without_directions(trials.X[new], self.drift_)
        return classes_drift(X, trials.domains[new], self.class_means_)

    def _leave_out_drift_of(self, trials: TrainingTrials) -> None:
        """Leave out the directions in which a new person's features drift, too."""
        if not self.leaves_out_drift_ or len(trials.X) < FEWEST_TRIALS:
            return
        own = drift_directions(without_directions(trials.X, self.drift_), trials.domains)
        self.drift_ = np.hstack([self.drift_, own])
        self.anchor_ = training.avoiding(self.anchor_, own)

    def _steady(self, head: LinearHead) -> LinearHead:
        """Return a head that sees in any features what it sees in those without drift."""
        import torch

        weights = without_directions(head.weights.numpy().T, self.drift_).T
        return training.LinearHead(torch.from_numpy(np.ascontiguousarray(weights)), head.biases)

    def _adapt_head(self, data: TrainingData, trials: TrainingTrials, anchor: Anchor) -> None:
        """Go as far from the head of the sources as the guard allows."""
        import torch

        seen = data.X[torch.from_numpy(trials.to_adapt_to)]
        self.prior_ = self._prior(seen)
        found = adapt_head(
            data,
            trials.domains,
            trials.to_adapt_to,
            self.anchor_.head,
            anchor,
            self.prior_,
            self._weighed_terms(int(trials.is_target.sum())),
            self.guard,
        )
        self.strength_, self.head_ = found.strength, self._steady(found.head)
        if self.target_prior is not None and len(seen) >= FEWEST_TRIALS:
            scores = (seen @ self.head_.weights + self.head_.biases).numpy()
            offsets = torch.from_numpy(offsets_to_shares(scores, self.prior_))
            self.head_ = self.head_._replace(biases=self.head_.biases + offsets)

    def _prior(self, seen: Tensor) -> NDArray[np.float64]:
        """Return the shares of the classes among the target's trials, as known or as estimated."""
        if self.target_prior is not None:
            return prior_of(self.target_prior, self.classes_)
        return estimate_prior(head_probabilities(seen, self.anchor_.head), self.source_prior_)

    def _weighed_terms(self, n_target: int) -> dict[str, float]:
        share = min(1.0, n_target / self.enough_trials)
        return {name: share * weight for name, weight in (self.terms or {}).items()}

    def _as_data(self, trials: TrainingTrials) -> TrainingData:
        import torch

        weights = np.where(trials.is_target, self.target_label_weight, 1.0)
        return training.TrainingData(
            X=torch.from_numpy(without_directions(trials.X, self.drift_)),
            labels=torch.from_numpy(trials.labels),
            domains=torch.from_numpy(trials.is_target.astype(np.int64)),
            weights=torch.from_numpy(weights),
            is_target=torch.from_numpy(trials.is_target),
        )

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        import torch

        return head_probabilities(torch.from_numpy(X).double(), self.head_)

    def _state(self) -> ModelState:
        state = super()._state()
        for name, part in (("head", self.head_), ("base", self.anchor_.head)):
            state.arrays.update(head_arrays(name, part))
        state.arrays.update(prior=self.prior_, source_prior=self.source_prior_, drift=self.drift_)
        state.arrays.update(factor=self.anchor_.factor.numpy(), class_means=self.class_means_)
        state.description.update(strength=self.strength_, leaves_out_drift=self.leaves_out_drift_)
        state.description.update(ridge=self.anchor_.ridge)
        return state

    def _restore(self, state: ModelState) -> None:
        for name in self.terms or {}:
            objectives.check_imported(name)
        import torch

        super()._restore(state)
        self.head_, base = (head_from(state.part(name)) for name in ("head", "base"))
        factor = torch.from_numpy(state.arrays["factor"])
        self.anchor_ = training.Anchor(base, state.description["ridge"], factor)
        self.prior_, self.source_prior_ = state.arrays["prior"], state.arrays["source_prior"]
        self.drift_, self.class_means_ = state.arrays["drift"], state.arrays["class_means"]
        self.leaves_out_drift_ = state.description["leaves_out_drift"]
        self.strength_ = state.description["strength"]
