"""A linear head that follows an unlabelled target trial by trial, in constant time and memory.

The terms of the target are minimised over its last trials, by a few steps of L-BFGS from the head
before, under the penalty that stands for the sources. All of this happens in the span of these
trials, the penalty's directions and the head that it holds to: a minimum over all features lies in
this span (representer theorem, Schölkopf, Herbrich and Smola 2001, COLT), whose coordinates follow
from inner products. One trial adds one row of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bci_dann.adaptation.drift_guard import MIN_TRIALS, strongest_trusted
from bci_dann.adaptation.head_adaptation import head_arrays, head_from_arrays
from bci_dann.objectives import UNLABELLED, Sizes, WeightedTerm, build_objective
from bci_dann.training import HeadPenalty, LinearHead, TrainingData, fit_linear

__all__ = ["FULL_STRENGTH", "FollowedHead"]

Floats = NDArray[np.float64]

# Trials that are kept: four sessions of MI-OpenBCI. Empirical: with 100 accuracy is half a point
# to a point lower on this data set cut to five channels.
MOST_TRIALS = 160
# Trials from which on terms have their full weight. Empirical: 150, as in a single adaptation to
# all trials, costs .01 of ROC AUC on the same data, and 30 is no better.
FULL_STRENGTH = 60
# Iterations of L-BFGS for each trial, which start from the head before. Empirical: as good as to
# the end.
STEPS = 3
# Features are taken relative to the mean of the trials before, which looks back on so many:
# Vidaurre et al. (2011), "Toward unsupervised adaptation of LDA for brain-computer interfaces",
# IEEE Trans. Biomed. Eng. 58(3), 587-597. References follow more slowly. Empirical: it brings
# subjects with large changes up by several points, and costs others one or two.
SPAN = 15.0
# As how many trials the mean of the sources, zero after re-centring, counts at the start.
PRIOR_TRIALS = 10.0
# Added to the squared norm of each vector, as a share of it: more than rounding in single precision
# makes of hundreds of inner products.
JITTER = 1e-5


@dataclass(frozen=True)
class FollowedHead:
    """The last trials of a new subject, their inner products, and the head that follows them.

    Parameters
    ----------
    base : LinearHead
        The head when the subject came, to which the penalty holds.
    fixed : ndarray, shape (n_fixed, n_features)
        Directions of the penalty and columns of the base, in single precision.
    rows : ndarray, shape (n_rows, n_features)
        Features of the last trials, in single precision.
    domains : tuple of str
        The domain of each of them.
    products : ndarray, shape (n_fixed + n_rows, n_fixed + n_rows)
        Inner products of ``fixed`` and ``rows``.
    coefficients : ndarray, shape (n_fixed + n_rows, n_classes)
        Weights of the head minus those of the base, as sums of ``fixed`` and ``rows``.
    biases : ndarray, shape (n_classes,)
        Of the head, for features relative to ``mean``.
    mean : ndarray, shape (n_features,)
        Exponentially weighted mean of the features of all trials that have passed.
    weight : float
        As how many trials it counts.
    count : int
        How many trials have passed.

    See Also
    --------
    bci_dann.adaptation.head_adaptation.adapt_head : Adapts a head to all trials at once.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from bci_dann.adaptation.followed_head import FollowedHead
    >>> from bci_dann.training import LinearHead, ridge_penalty
    >>> penalty = ridge_penalty(n_features=3, n_classes=2, C=1.0, n_labelled=100)
    >>> followed = FollowedHead.of(penalty, penalty.head)
    >>> len(followed.with_trial(np.ones(3), "1/0").rows)
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
    weight: float = PRIOR_TRIALS
    count: int = 0

    @classmethod
    def of(cls, penalty: HeadPenalty, base: LinearHead) -> FollowedHead:
        """Return the start, before the first trial.

        Parameters
        ----------
        penalty : HeadPenalty
            That stands for the sources.
        base : LinearHead
            The head to hold to, which may have been adapted before.

        Returns
        -------
        FollowedHead
            Without trials.
        """
        directions = penalty.factor[:, :-1].numpy()
        fixed = np.vstack([directions, base.weights.numpy().T]).astype(np.float32)
        wide = fixed.astype(np.float64)
        none = np.zeros((len(fixed), base.weights.shape[1]))
        mean = np.zeros(fixed.shape[1])
        rows = np.empty((0, fixed.shape[1]), dtype=np.float32)
        return cls(base, fixed, rows, (), wide @ wide.T, none, base.biases.numpy(), mean)

    def with_trial(self, features: NDArray[Any], domain: str, centred: bool = True) -> FollowedHead:
        """Return the same with one more trial, and without the oldest where there are too many.

        Parameters
        ----------
        features : ndarray, shape (n_features,)
            Of the trial.
        domain : str
            Its domain.
        centred : bool
            Whether features are taken relative to the mean of the trials before.

        Returns
        -------
        FollowedHead
            With the same head, but for what the oldest trial has contributed.
        """
        row = (features - self.mean).astype(np.float32)
        weight = 1.0 + (1.0 - 1.0 / SPAN) * self.weight
        new = np.array([*(self.fixed @ row), *(self.rows @ row), row @ row])
        size = len(new)
        products, coefficients = np.empty((size, size)), np.zeros((size, len(self.biases)))
        products[:-1, :-1], products[-1], products[:, -1] = self.products, new, new
        coefficients[:-1] = self.coefficients
        too_many = len(self.rows) == MOST_TRIALS
        rows = np.concatenate([self.rows[1:] if too_many else self.rows, row[None]])
        domains = (*self.domains, domain)
        if too_many:
            oldest = len(self.fixed)
            products = np.delete(np.delete(products, oldest, 0), oldest, 1)
            coefficients = np.delete(coefficients, oldest, 0)
            domains = domains[1:]
        return replace(
            self,
            rows=rows,
            domains=domains,
            products=products,
            coefficients=coefficients,
            mean=self.mean + (features - self.mean) / weight if centred else self.mean,
            weight=weight,
            count=self.count + 1,
        )

    def stepped(
        self, penalty: HeadPenalty, terms: Sequence[WeightedTerm], prior: Floats
    ) -> FollowedHead:
        """Return the same with a head that is a few steps nearer to the minimum.

        Parameters
        ----------
        penalty : HeadPenalty
            As given to :meth:`of`.
        terms : sequence of WeightedTerm
            Functions of the outputs for trials without labels.
        prior : ndarray, shape (n_classes,)
            Class shares of the target, known or estimated.

        Returns
        -------
        FollowedHead
            With other coefficients and biases.

        Raises
        ------
        TrainingError
            When the loss is not finite.
        """
        coordinates = self._coordinates()
        n_fixed, n_classes = len(self.fixed), len(self.biases)
        n_directions = n_fixed - n_classes
        start = coordinates[n_directions:n_fixed].T + coordinates.T @ self.coefficients
        held = HeadPenalty(
            self._head(coordinates[n_directions:n_fixed].T, self.base.biases.numpy()),
            penalty.ridge,
            torch.cat([torch.from_numpy(coordinates[:n_directions]), penalty.factor[:, -1:]], 1),
        )
        objective = build_objective(terms, Sizes(1, n_classes, n_domains=2, has_target=True))
        data = _unlabelled(coordinates[n_fixed:], prior)
        head = fit_linear(data, objective, held, self._head(start, self.biases), max_iter=STEPS)
        moved = head.weights.numpy() - held.head.weights.numpy()
        coefficients = np.linalg.solve(coordinates.T, moved)
        return replace(self, coefficients=coefficients, biases=head.biases.numpy())

    def base_scores(self) -> Floats:
        """Return the logits of the trials that are kept, by the base.

        Returns
        -------
        ndarray, shape (n_rows, n_classes)
            Of the oldest trial first.
        """
        n_fixed, n_classes = len(self.fixed), len(self.biases)
        products = self.products[n_fixed:, n_fixed - n_classes : n_fixed]
        return products + self.base.biases.numpy()

    def scores(self) -> Floats:
        """Return the logits of the trials that are kept, by the head that follows them.

        Returns
        -------
        ndarray, shape (n_rows, n_classes)
            Of the oldest trial first.
        """
        changes = self.products[len(self.fixed) :] @ self.coefficients
        return self.base_scores() - self.base.biases.numpy() + changes + self.biases

    def head(self) -> LinearHead:
        """Return the head for all features: the base, and what the trials have changed.

        Returns
        -------
        LinearHead
            For the next trial.
        """
        coefficients = self.coefficients.astype(np.float32)
        n_fixed = len(self.fixed)
        change = self.fixed.T @ coefficients[:n_fixed]
        change += self.rows.T @ coefficients[n_fixed:]
        return self._for_next(self.base.weights.numpy() + change, self.biases)

    def base_head(self) -> LinearHead:
        """Return the base for all features of the next trial.

        Returns
        -------
        LinearHead
            With the mean of the trials before in its biases.
        """
        return self._for_next(self.base.weights.numpy(), self.base.biases.numpy())

    def _for_next(self, weights: Floats, biases: Floats) -> LinearHead:
        """Return a head that takes the mean of the trials before from features."""
        return self._head(weights, biases - self.mean @ weights)

    def is_trusted(self) -> bool:
        """Return whether the outputs drift no more than those of the base; see the drift guard.

        Returns
        -------
        bool
            Of the trials that are kept.
        """
        candidates = [self.base_scores(), self.scores()]
        return strongest_trusted(candidates, np.array(self.domains)) == 1

    @property
    def has_enough(self) -> bool:
        """Whether there are enough trials to adapt to; see :data:`MIN_TRIALS`."""
        return len(self.rows) >= MIN_TRIALS

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state, to be saved, but for the names of domains; see :meth:`from_arrays`.

        Returns
        -------
        dict of str to ndarray
            By field.
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
        cls, arrays: Mapping[str, NDArray[Any]], domains: Sequence[str]
    ) -> FollowedHead:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As returned.
        domains : sequence of str
            The domain of each trial.

        Returns
        -------
        FollowedHead
            The same.
        """
        base = head_from_arrays({part: arrays[f"base.{part}"] for part in LinearHead._fields})
        names = ("fixed", "rows", "products", "coefficients", "biases", "mean")
        return cls(
            base,
            domains=tuple(domains),
            weight=float(arrays["weight"].item()),
            count=int(arrays["count"].item()),
            **{name: arrays[name] for name in names},
        )

    def _coordinates(self) -> Floats:
        """Return coordinates of ``fixed`` and ``rows`` with the inner products that they have."""
        norms = np.sqrt(np.maximum(np.diag(self.products), np.finfo(np.float64).tiny))
        cosines = self.products / np.outer(norms, norms)
        factor = np.linalg.cholesky(cosines + JITTER * np.eye(len(norms)))
        return np.asarray(norms[:, None] * factor)

    @staticmethod
    def _head(weights: Floats, biases: Floats) -> LinearHead:
        return LinearHead(torch.from_numpy(np.ascontiguousarray(weights)), torch.from_numpy(biases))


def _unlabelled(X: Floats, prior: Floats) -> TrainingData:
    count = len(X)
    return TrainingData(
        X=torch.from_numpy(X),
        labels=torch.full((count,), UNLABELLED),
        domains=torch.ones(count, dtype=torch.int64),
        weights=torch.ones(count, dtype=torch.float64),
        is_target=torch.ones(count, dtype=torch.bool),
        prior=torch.from_numpy(prior),
    )
