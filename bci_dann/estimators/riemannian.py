"""A linear decoder on re-centred covariances that adapts to the target."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bci_dann._validation import check_between
from bci_dann.alignment import Alignment, TangentViews
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.guard import strongest_trusted
from bci_dann.estimators.prior import estimate_prior
from bci_dann.estimators.training_trials import TrainingTrials
from bci_dann.exceptions import ConfigError
from bci_dann.objectives import Objective, Sizes, Term, find_term
from bci_dann.persistence import ModelState
from bci_dann.training import LinearHead, TrainingData, fit_linear

__all__ = ["RiemannianClassifier"]

logger = logging.getLogger(__name__)

# How strongly to adapt, as shares of the terms' weights, from not at all.
STRENGTHS = (0.0, 0.125, 0.25, 0.5, 1.0)


class RiemannianClassifier(TransferClassifier):
    """Tangent vectors of several views, each domain re-centred, and a linear head.

    Without terms this is regularised logistic regression on the sources. With terms the same
    head also fits the structure of the unlabelled target. It is trained to the end on all
    trials at once, in seconds, and there is no chance in it.

    Parameters
    ----------
    alignment : {"riemannian", "euclidean"} or None
        The mean by which the covariances of each domain are re-centred.
    n_windows, n_delays : int
        The views; see :class:`TangentViews`.
    delay : float
        Time between the delayed copies of the channels (s); half a period of the mu rhythm.
        Where the sampling frequency is not known, the data say how long that is.
    sfreq : float, optional
        Sampling frequency (Hz) of arrays; epochs bring their own.
    C : float
        Inverse strength of the ridge.
    terms : dict of str to float, optional
        Terms for the target with their weights; see :class:`DANNClassifier`. Only terms that
        look at the outputs have an influence, since the features are fixed.
    target_label_weight : float
        How much a labelled trial of the target counts in the label loss, where one of a source
        counts 1.
    guard : bool
        Whether to adapt only as strongly as the outputs do not begin to drift; see
        :mod:`bci_dann.estimators.guard`. The target's trials must be in the order of recording.

    Attributes
    ----------
    weights_ : ndarray, shape (n_features, n_classes)
        The head.
    biases_ : ndarray, shape (n_classes,)
        The head.
    prior_ : ndarray, shape (n_classes,)
        How often the target is thought to imagine each movement; equal shares where its
        unlabelled trials were not seen. Terms that take account of it do.
    strength_ : float
        The share of the terms' weights that was used; 0 where nothing was adapted.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(0, 10, size=(40, 3, 100))
    >>> X[::2, 0] *= 2
    >>> RiemannianClassifier().fit(X, np.arange(40) % 2).score(X, np.arange(40) % 2)
    1.0
    """

    weights_: NDArray[np.float64]
    biases_: NDArray[np.float64]
    prior_: NDArray[np.float64]
    strength_: float

    def __init__(
        self,
        *,
        alignment: str | None = "riemannian",
        n_windows: int = 3,
        n_delays: int = 3,
        delay: float = 0.05,
        sfreq: float | None = None,
        C: float = 0.03,
        terms: dict[str, float] | None = None,
        target_label_weight: float = 5.0,
        guard: bool = True,
    ) -> None:
        self.alignment = alignment
        self.n_windows = n_windows
        self.n_delays = n_delays
        self.delay = delay
        self.sfreq = sfreq
        self.C = C
        self.terms = terms
        self.target_label_weight = target_label_weight
        self.guard = guard

    def check_parameters(self) -> None:
        """Raise on a parameter that ``fit`` could not use; see the base class."""
        self._views().check_parameters()
        for name in ("C", "delay", "target_label_weight"):
            check_between(name, getattr(self, name), 0.0, math.inf)
        for name, weight in (self.terms or {}).items():
            check_between(f"the weight of {name}", weight, 0.0, math.inf, inclusive=True)
            if list(find_term(name).build(Sizes(1, 2, 2, True)).parameters()):
                raise ConfigError(
                    f"terms: {name!r} changes features, which are fixed here. Take a term that "
                    "looks at the outputs: 'information_maximisation', 'mcc', 'entropy'."
                )

    def _views(self, sfreq: float | None = None) -> TangentViews:
        lag = None if sfreq is None else max(1, round(self.delay * sfreq))
        return TangentViews(self.alignment, self.n_windows, self.n_delays, lag)

    def _new_alignment(self) -> Alignment | None:
        if self.n_times_ is None:
            return None
        return self._views(self.sfreq if self.sfreq is not None else self.sfreq_)

    def _fit_aligned(self, trials: TrainingTrials) -> None:
        data = _as_data(trials, self.target_label_weight)
        base = self._head(data, 0.0, None)
        self.prior_ = self._prior(base, data, trials)
        data = replace(data, prior=torch.from_numpy(self.prior_))
        adapts = bool(trials.is_target.any()) and any((self.terms or {}).values())
        guarded = self.guard and bool(trials.to_adapt_to.any())
        strengths = [0.0] if not adapts else list(STRENGTHS) if guarded else [0.0, 1.0]
        heads = [base, *(self._head(data, strength, base) for strength in strengths[1:])]
        chosen = self._trusted(heads, trials) if guarded else len(heads) - 1
        self.strength_ = strengths[chosen]
        self.weights_, self.biases_ = (part.numpy() for part in heads[chosen])

    def _prior(
        self, base: LinearHead, data: TrainingData, trials: TrainingTrials
    ) -> NDArray[np.float64]:
        """Return the shares of the classes in the target; equal where it is not seen."""
        n_classes = len(self.classes_)
        counts = np.bincount(trials.labels[trials.is_labelled], minlength=n_classes)
        probabilities = _probabilities(data.X[torch.from_numpy(trials.to_adapt_to)], *base)
        return estimate_prior(probabilities, counts / counts.sum())

    def _head(self, data: TrainingData, strength: float, start: LinearHead | None) -> LinearHead:
        terms: dict[str, Term] = {}
        sizes = Sizes(data.X.shape[1], len(self.classes_), 2, bool(data.is_target.any()))
        for name, weight in (self.terms or {}).items():
            if strength * weight > 0:
                terms[name.rpartition(":")[2]] = find_term(name).build(sizes)
        weights = {name.rpartition(":")[2]: strength * w for name, w in (self.terms or {}).items()}
        return fit_linear(data, Objective(terms, weights), len(self.classes_), self.C, start)

    def _trusted(self, heads: list[LinearHead], trials: TrainingTrials) -> int:
        there = trials.to_adapt_to
        target = torch.from_numpy(trials.X[there]).double()
        scores = [(target @ weights + biases).numpy() for weights, biases in heads]
        chosen = strongest_trusted(scores, trials.domains[there])
        logger.info("the guard trusts %d of %d strengths", chosen, len(heads) - 1)
        return chosen

    def _predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        head = (torch.from_numpy(self.weights_), torch.from_numpy(self.biases_))
        return _probabilities(torch.from_numpy(X).double(), *head)

    def _state(self) -> ModelState:
        state = super()._state()
        state.arrays.update(weights=self.weights_, biases=self.biases_, prior=self.prior_)
        state.description["strength"] = self.strength_
        return state

    def _restore(self, state: ModelState) -> None:
        super()._restore(state)
        self.weights_, self.biases_ = state.arrays["weights"], state.arrays["biases"]
        self.prior_ = state.arrays["prior"]
        self.strength_ = state.description["strength"]


def _probabilities(X: Tensor, weights: Tensor, biases: Tensor) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = (X @ weights + biases).softmax(dim=1).numpy()
    return probabilities


def _as_data(trials: TrainingTrials, target_weight: float) -> TrainingData:
    weights = np.where(trials.is_target, target_weight, 1.0)
    return TrainingData(
        X=torch.from_numpy(trials.X).double(),
        labels=torch.from_numpy(trials.labels),
        domains=torch.from_numpy(trials.is_target.astype(np.int64)),
        weights=torch.from_numpy(weights),
        is_target=torch.from_numpy(trials.is_target),
    )
