"""How far apart two samples are: as a classifier sees it, and without one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from bci_dann._random import stream
from bci_dann._validation import check_between, check_count
from bci_dann.reweighting.domain_classifier import N_FOLDS, out_of_fold_probability
from bci_dann.reweighting.sample_pair import both_sides

__all__ = ["domain_errors", "maximum_mean_discrepancy", "proxy_a_distance"]

Array = NDArray[np.float64]


def domain_errors(
    X_source: ArrayLike, X_target: ArrayLike, random_state: Any = None
) -> tuple[float, float]:
    """Return how many trials of each side a domain classifier takes for the other's.

    Logistic regression judges the trials that it was not trained on. A trial passes for the
    target's where that is likelier than the share of target trials makes it, so both sides count
    alike, however many trials they have.

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    random_state : None, int or numpy random generator
        Seeds the folds.

    Returns
    -------
    tuple of (float, float)
        The share of the source trials taken for the target's, and of the target trials taken
        for the sources'. Each about 0.5 where the sides are alike.

    Raises
    ------
    DataError
        When a side has fewer trials than there are folds, or the feature counts differ.
    """
    source, target = both_sides(X_source, X_target, at_least=N_FOLDS)
    is_target = np.repeat([0, 1], [len(source), len(target)])
    X = np.concatenate([source, target])
    p = out_of_fold_probability(X, is_target, "logistic", random_state)
    judged = p > is_target.mean()
    wrong = judged != is_target
    return float(wrong[is_target == 0].mean()), float(wrong[is_target == 1].mean())


def proxy_a_distance(error: float) -> float:
    """Return ``2 (1 - 2 error)``, the proxy A-distance.

    Ben-David, Blitzer, Crammer, Kulesza, Pereira and Vaughan (2010), "A theory of learning from
    different domains", Machine Learning 79, 151-175, section 3.

    Parameters
    ----------
    error : float
        The error of a domain classifier on trials that it was not trained on, 0 to 1: the mean
        of what :func:`domain_errors` returns. More than 0.5 is chance, and counts as 0.5.

    Returns
    -------
    float
        From 0, where the domains cannot be told apart, to 2, where they always can.

    Raises
    ------
    ConfigError
        When the error is outside its range.
    """
    if error != 1:
        check_between("error", error, 0.0, 1.0, inclusive=True)
    return 2.0 * (1.0 - 2.0 * min(float(error), 0.5))


def maximum_mean_discrepancy(
    X_source: ArrayLike,
    X_target: ArrayLike,
    n_permutations: int = 500,
    random_state: Any = None,
    *,
    max_trials: int = 250,
) -> tuple[float, float]:
    """Return the squared maximum mean discrepancy and how likely chance gives as much.

    Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), "A kernel two-sample test", JMLR 13,
    723-773: the unbiased estimate of lemma 6, with a Gaussian kernel as wide as the median
    distance (section 8), against random exchanges of the trials.

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    n_permutations : int
        Exchanges; the least p-value is ``1 / (n_permutations + 1)``.
    random_state : None, int or numpy random generator
        Seeds the choice of trials and the exchanges.
    max_trials : int
        A side with more trials is represented by that many, drawn at random, since the cost
        grows with their square.

    Returns
    -------
    tuple of (float, float)
        The estimate, about 0 (and as often below) where the sides are alike, at most 2; and the
        one-sided p-value. That takes trials as exchangeable, which those of one person are not
        quite: very small shifts are seen.

    Raises
    ------
    DataError
        When a side has fewer than two trials, or the feature counts differ.
    ConfigError
        When a count is no whole number above 0.
    """
    check_count("n_permutations", n_permutations)
    check_count("max_trials", max_trials)
    rng = np.random.default_rng(stream(random_state, "mmd"))
    sides = [
        part if len(part) <= max_trials else rng.choice(part, max_trials, replace=False)
        for part in both_sides(X_source, X_target, at_least=2)
    ]
    kernel = _gaussian_kernel(np.concatenate(sides))
    is_target = np.repeat([0.0, 1.0], [len(part) for part in sides])
    exchanged = rng.permuted(np.tile(is_target, (n_permutations, 1)), axis=1)
    found, *chance = _unbiased(kernel, np.vstack([is_target, exchanged]))
    # rounding must not tell apart what is equal, as for features that are constant
    as_much = np.sum(np.asarray(chance) >= found - 1e-12)
    return float(found), float((1 + as_much) / (1 + n_permutations))


def _gaussian_kernel(X: Array) -> Array:
    """Return the kernel matrix with a zero diagonal: no trial is compared with itself."""
    squared = cdist(X, X, "sqeuclidean")
    positive = squared[squared > 0]
    width = float(np.median(positive)) if len(positive) else 1.0
    kernel: Array = np.exp(-0.5 * squared / width)
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _unbiased(kernel: Array, is_target: Array) -> Array:
    """Return the estimate for each row of ``is_target``, which says who is on which side."""
    n_target = int(is_target[0].sum())
    n_source = len(kernel) - n_target
    towards_target = is_target @ kernel
    within_target = (towards_target * is_target).sum(1)
    across = (towards_target * (1.0 - is_target)).sum(1)
    within_source = kernel.sum() - within_target - 2.0 * across
    estimate: Array = (
        within_target / (n_target * (n_target - 1))
        + within_source / (n_source * (n_source - 1))
        - 2.0 * across / (n_source * n_target)
    )
    return estimate
