"""Online adaptation of a linear head to unlabelled trials, in constant time and memory per trial.

After each trial, a few steps of L-BFGS from the current head minimise the unsupervised terms over
the last trials, plus the quadratic penalty that replaces the source trials. The minimum over all
features lies in the span of these trials, the directions of the penalty, and the weights of the
reference head (representer theorem, Schölkopf, Herbrich and Smola 2001, COLT). The optimisation
therefore runs in coordinates of this span, which follow from inner products; a new trial adds one
row of these.

Slow changes are removed from the features by local means, as in an adaptation to all trials: for
the trials that the head is adapted to, over the trials before and after them; for the next trial,
over past trials only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann.adaptation.drift_guard import (
    LEAST_AGREEMENT,
    MIN_TRIALS,
    agreement,
    strongest_without_drift,
)
from bci_dann.adaptation.head_adaptation import head_arrays, head_from_arrays
from bci_dann.features.local_centring import local_weights_within
from bci_dann.objectives import UNLABELLED, Sizes, WeightedTerm, build_objective
from bci_dann.training import HeadPenalty, LinearHead, TrainingData, fit_linear

__all__ = ["FULL_STRENGTH", "OnlineHead"]

Floats = NDArray[np.float64]

# Number of last trials that are kept, four sessions of MI-OpenBCI. Empirical: with 100 trials
# accuracy is half a point to a point lower on this dataset reduced to five channels.
MOST_TRIALS = 160
# Number of trials from which on terms have their full weight. Empirical: 150, as in an adaptation
# to all trials at once, costs .01 of ROC AUC on the same data, and 30 is no better.
FULL_STRENGTH = 60
# Iterations of L-BFGS after each trial, starting from the current head. Empirical: as good as
# iterating to convergence.
STEPS = 3
# Time constant (trials) of the exponentially weighted mean of past trials, which is subtracted from
# the features of the next one: Vidaurre et al. (2011), "Toward unsupervised adaptation of LDA for
# brain-computer interfaces", IEEE Trans. Biomed. Eng. 58(3), 587-597. As many trials as a running
# reference averages over, 1 / MOMENTUM. Empirical, knowing the scores: accuracies with 15 and 30
# are equal within a point on MI-OpenBCI, whole and reduced, and two simulated datasets.
SPAN = 20.0
# Weight, in trials, of the initial mean: that of the sources, which is zero after re-centring.
PRIOR_TRIALS = 10.0
# Added to the squared norm of each vector, as a share of it: above the rounding error of hundreds
# of inner products in single precision.
JITTER = 1e-5


@dataclass(frozen=True)
class OnlineHead:
    """State of the online adaptation: last trials, their inner products, and the adapted head.

    Parameters
    ----------
    base : LinearHead
        The reference head of the penalty: the head before the first trial.
    fixed : ndarray, shape (n_fixed, n_features)
        Directions of the penalty, then the weights of the base, one row for each class; in single
        precision.
    rows : ndarray, shape (n_rows, n_features)
        Features of the last trials, without centring, in single precision.
    domains : tuple of str
        The domain of each of these trials.
    products : ndarray, shape (n_fixed + n_rows, n_fixed + n_rows)
        Inner products between all vectors in ``fixed`` and ``rows``.
    coefficients : ndarray, shape (n_fixed + n_rows, n_classes)
        Weights of the head minus those of the base, as linear combination of ``fixed`` and
        ``rows``.
    biases : ndarray, shape (n_classes,)
        Biases of the head, for centred features.
    mean : ndarray, shape (n_features,)
        Exponentially weighted mean of the features of all past trials, which is subtracted from the
        next one; zero without ``local_span``.
    local_span : float or None
        Standard deviation (trials) of the weights of the local means that are subtracted from the
        last trials; ``None`` subtracts no mean, neither from these nor from the next trial.
    weight : float
        Weight of ``mean`` (trials).
    count : int
        Number of past trials.

    See Also
    --------
    bci_dann.adaptation.head_adaptation.adapt_head : Adapts a head to all trials at once.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from bci_dann.adaptation.online_head import OnlineHead
    >>> from bci_dann.training import LinearHead, ridge_penalty
    >>> penalty = ridge_penalty(n_features=3, n_classes=2, C=1.0, n_labelled=100)
    >>> online = OnlineHead.start(penalty, penalty.head)
    >>> len(online.with_trial(np.ones(3), "1/0").rows)
    1
    """

    base: LinearHead
    fixed: NDArray[np.float32]
    rows: NDArray[np.float32]
    domains: tuple[str, ...]
    products: Floats
    coefficients: Floats
    biases: Floats
    mean: Floats
    local_span: float | None = None
    weight: float = PRIOR_TRIALS
    count: int = 0

    @classmethod
    def start(
        cls, penalty: HeadPenalty, base: LinearHead, local_span: float | None = None
    ) -> OnlineHead:
        """Return the initial state, before the first trial.

        Parameters
        ----------
        penalty : HeadPenalty
            The penalty that replaces the source trials.
        base : LinearHead
            The reference head, which may already be adapted.
        local_span : float or None
            See the class.

        Returns
        -------
        OnlineHead
            Without trials.
        """
        n_features, n_classes = base.weights.shape
        directions = penalty.factor[:, :-1].numpy()
        fixed = np.vstack([directions, base.weights.numpy().T]).astype(np.float32)
        in_double = fixed.astype(np.float64)
        products, biases = in_double @ in_double.T, base.biases.numpy()
        rows, mean = np.empty((0, n_features), dtype=np.float32), np.zeros(n_features)
        no_change = np.zeros((len(fixed), n_classes))
        return cls(base, fixed, rows, (), products, no_change, biases, mean, local_span)

    def with_trial(self, features: NDArray[Any], domain: str) -> OnlineHead:
        """Return the state with one more trial; the oldest is dropped where there are too many.

        Parameters
        ----------
        features : ndarray, shape (n_features,)
            Features of the trial.
        domain : str
            Its domain.

        Returns
        -------
        OnlineHead
            With the same head, minus the contribution of a dropped trial.
        """
        row = features.astype(np.float32)
        # one more row and column of inner products; the new trial has no part in the head yet
        new = np.array([*(self.fixed @ row), *(self.rows @ row), row @ row])
        size = len(new)
        products, coefficients = np.empty((size, size)), np.zeros((size, len(self.biases)))
        products[:-1, :-1], products[-1], products[:, -1] = self.products, new, new
        coefficients[:-1] = self.coefficients
        rows, domains = np.concatenate([self.rows, row[None]]), (*self.domains, domain)
        if len(rows) > MOST_TRIALS:
            oldest = len(self.fixed)
            products = np.delete(np.delete(products, oldest, 0), oldest, 1)
            coefficients = np.delete(coefficients, oldest, 0)
            rows, domains = rows[1:], domains[1:]
        weight = 1.0 + (1.0 - 1.0 / SPAN) * self.weight
        mean = self.mean
        if self.local_span is not None:
            mean = mean + (features - mean) / weight
        return replace(
            self,
            rows=rows,
            domains=domains,
            products=products,
            coefficients=coefficients,
            mean=mean,
            weight=weight,
            count=self.count + 1,
        )

    def with_optimised_head(
        self, penalty: HeadPenalty, terms: Sequence[WeightedTerm], prior: Floats
    ) -> OnlineHead:
        """Return the state after a few steps of optimisation of the head.

        Parameters
        ----------
        penalty : HeadPenalty
            The same as in :meth:`start`; of its parts that depend on features, those given there
            are used.
        terms : sequence of WeightedTerm
            Unsupervised terms, functions of the outputs.
        prior : ndarray, shape (n_classes,)
            Class shares of the target, known or estimated.

        Returns
        -------
        OnlineHead
            With new coefficients and biases.

        Raises
        ------
        TrainingError
            When the loss is not finite.
        """
        n_fixed, n_classes = len(self.fixed), len(self.biases)
        n_directions = n_fixed - n_classes
        # in coordinates of the span: directions of the penalty, weights of the base, last trials
        coordinates = self._coordinates()
        directions, base_weights, trials = np.split(coordinates, [n_directions, n_fixed])
        in_span = HeadPenalty(
            self._head(base_weights.T, self.base.biases.numpy()),
            penalty.ridge,
            torch.cat([torch.from_numpy(directions), penalty.factor[:, -1:]], 1),
        )
        current = self._head(base_weights.T + coordinates.T @ self.coefficients, self.biases)
        objective = build_objective(terms, Sizes(1, n_classes, n_domains=2, has_target=True))
        data = _data_without_labels(self._centred(trials), prior)
        head = fit_linear(data, objective, in_span, current, max_iter=STEPS)
        # back from coordinates to coefficients of `fixed` and `rows`
        change = head.weights.numpy() - in_span.head.weights.numpy()
        coefficients = np.linalg.solve(coordinates.T, change)
        return replace(self, coefficients=coefficients, biases=head.biases.numpy())

    def base_scores(self) -> Floats:
        """Return the logits of the last trials by the base.

        Returns
        -------
        ndarray, shape (n_rows, n_classes)
            Oldest trial first.
        """
        n_fixed, n_classes = len(self.fixed), len(self.biases)
        products = self.products[n_fixed:, n_fixed - n_classes : n_fixed]
        return self._centred(products) + self.base.biases.numpy()

    def scores(self) -> Floats:
        """Return the logits of the last trials by the adapted head.

        Returns
        -------
        ndarray, shape (n_rows, n_classes)
            Oldest trial first.
        """
        changes = self._centred(self.products[len(self.fixed) :] @ self.coefficients)
        return self.base_scores() - self.base.biases.numpy() + changes + self.biases

    def head(self) -> LinearHead:
        """Return the adapted head, as weights of all features.

        Returns
        -------
        LinearHead
            For features without centring; the mean is part of the biases.
        """
        coefficients = self.coefficients.astype(np.float32)
        n_fixed = len(self.fixed)
        change = self.fixed.T @ coefficients[:n_fixed]
        change += self.rows.T @ coefficients[n_fixed:]
        return self._for_uncentred(self.base.weights.numpy() + change, self.biases)

    def base_head(self) -> LinearHead:
        """Return the base, as weights of all features.

        Returns
        -------
        LinearHead
            For features without centring; the mean is part of the biases.
        """
        return self._for_uncentred(self.base.weights.numpy(), self.base.biases.numpy())

    def _for_uncentred(self, weights: Floats, biases: Floats) -> LinearHead:
        """Return a head for features from which the mean has not been subtracted."""
        return self._head(weights, biases - self.mean @ weights)

    def is_trusted(self) -> bool:
        """Return whether the adapted head is to be used.

        Its outputs must not drift, and must agree with those of the base, which names the classes.

        Returns
        -------
        bool
            Judged by the last trials.
        """
        before, after = self.base_scores(), self.scores()
        if agreement(before, after) < LEAST_AGREEMENT:
            return False
        return strongest_without_drift([before, after], np.array(self.domains)) == 1

    @property
    def has_enough(self) -> bool:
        """Whether there are enough trials for adaptation; see :data:`MIN_TRIALS`."""
        return len(self.rows) >= MIN_TRIALS

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state without domains and span, for saving; see :meth:`from_arrays`.

        Returns
        -------
        dict of str to ndarray
            The fields by name.
        """
        return {
            **head_arrays("base", self.base),
            "fixed": self.fixed,
            "rows": self.rows,
            "products": self.products,
            "coefficients": self.coefficients,
            "biases": self.biases,
            "mean": self.mean,
            "weight": np.array(self.weight),
            "count": np.array(self.count),
        }

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        domains: Sequence[str],
        local_span: float | None = None,
    ) -> OnlineHead:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As returned.
        domains : sequence of str
            The domain of each trial.
        local_span : float or None
            See the class.

        Returns
        -------
        OnlineHead
            The same.
        """
        base = head_from_arrays({part: arrays[f"base.{part}"] for part in LinearHead._fields})
        names = ("fixed", "rows", "products", "coefficients", "biases", "mean")
        return cls(
            base,
            domains=tuple(domains),
            local_span=local_span,
            weight=float(arrays["weight"].item()),
            count=int(arrays["count"].item()),
            **{name: arrays[name] for name in names},
        )

    def _centred(self, rows: Floats) -> Floats:
        """Return linear functions of the last trials, one row each, minus their local means."""
        if self.local_span is None:
            return rows
        return rows - local_weights_within(self.domains, self.local_span) @ rows

    def _coordinates(self) -> Floats:
        """Return coordinates of ``fixed`` and ``rows`` in their span, with these inner products."""
        norms = np.sqrt(np.maximum(np.diag(self.products), np.finfo(np.float64).tiny))
        cosines = self.products / np.outer(norms, norms)
        factor = np.linalg.cholesky(cosines + JITTER * np.eye(len(norms)))
        return np.asarray(norms[:, None] * factor)

    @staticmethod
    def _head(weights: Floats, biases: Floats) -> LinearHead:
        return LinearHead(torch.from_numpy(np.ascontiguousarray(weights)), torch.from_numpy(biases))


def _data_without_labels(X: Floats, prior: Floats) -> TrainingData:
    """Return trials of the target, in coordinates of the span, as the input of a training."""
    count = len(X)
    return TrainingData(
        X=torch.from_numpy(X),
        labels=torch.full((count,), UNLABELLED),
        domains=torch.ones(count, dtype=torch.int64),
        weights=torch.ones(count, dtype=torch.float64),
        is_target=torch.ones(count, dtype=torch.bool),
        prior=torch.from_numpy(prior),
    )
