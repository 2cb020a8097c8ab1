"""Distances between two domains: domain-classifier error, proxy A-distance, and MMD with a test."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from bci_dann._random import stream
from bci_dann._validation import check_between, check_count
from bci_dann.reweighting.domain_classifier import N_FOLDS, out_of_fold_probability
from bci_dann.reweighting.sample_pair import check_sample_pair, stack_sample_pair

__all__ = ["domain_errors", "maximum_mean_discrepancy", "proxy_a_distance"]

Array = NDArray[np.float64]

# Estimates that differ by less are equal up to rounding errors, for example with constant features.
ROUNDING = 1e-12


def domain_errors(
    X_source: ArrayLike, X_target: ArrayLike, random_state: Any = None
) -> tuple[float, float]:
    """Return the out-of-fold error rates of a domain classifier on source and target trials.

    The classifier is logistic regression. A trial is assigned to the target where its probability
    exceeds the share of target trials, so that both domains have equal weight regardless of their
    numbers of trials.

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
    source_error, target_error : float
        The share of the source trials assigned to the target, and of the target trials assigned
        to the source. Each is about 0.5 where the domains do not differ.

    Raises
    ------
    DataError
        When a side has fewer trials than there are folds, or the feature counts differ.

    See Also
    --------
    proxy_a_distance : A distance computed from their mean.
    maximum_mean_discrepancy : A distance without a classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import domain_errors
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (200, 2)), rng.normal(3, 1, (100, 2))
    >>> source_error, target_error = domain_errors(source, target, random_state=0)
    >>> source_error < 0.1, target_error < 0.1
    (True, True)
    """
    source, target = check_sample_pair(X_source, X_target, at_least=N_FOLDS)
    X, is_target = stack_sample_pair(source, target)
    p = out_of_fold_probability(X, is_target, "logistic", random_state)
    wrong = (p > is_target.mean()) != is_target
    return float(wrong[is_target == 0].mean()), float(wrong[is_target == 1].mean())


def proxy_a_distance(error: float) -> float:
    """Return ``2 (1 - 2 error)``, the proxy A-distance.

    It approximates the A-distance in the bound of Ben-David et al. on the error in the target [1]_.

    Parameters
    ----------
    error : float
        The out-of-fold error of a domain classifier, 0 to 1: the mean of both errors of
        :func:`domain_errors`. Values above 0.5, the chance level, count as 0.5.

    Returns
    -------
    float
        From 0 for indistinguishable domains to 2 for domains without overlap.

    Raises
    ------
    ConfigError
        When ``error`` is outside its range.

    See Also
    --------
    domain_errors : Computes the errors.

    References
    ----------
    .. [1] Ben-David, S. et al. (2010). A theory of learning from different domains. Machine
       Learning 79, 151-175, section 3. doi:10.1007/s10994-009-5152-4.

    Examples
    --------
    >>> from bci_dann.reweighting import proxy_a_distance
    >>> proxy_a_distance(0.25)
    1.0
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
    """Return the squared maximum mean discrepancy (MMD) and the p-value of a permutation test.

    The unbiased estimate of [1]_ (lemma 6), with a Gaussian kernel whose width is the median
    distance (section 8).

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    n_permutations : int
        Number of permutations of trials between source and target; the smallest possible p-value
        is ``1 / (n_permutations + 1)``.
    random_state : None, int or numpy random generator
        Seeds the choice of trials and the permutations.
    max_trials : int
        Where source or target have more trials, so many are drawn at random, since the time grows
        with their square.

    Returns
    -------
    mmd2 : float
        The estimate, at most 2; scatters about 0 where the domains do not differ.
    p_value : float
        One-sided. Trials of one subject are not quite exchangeable, so the p-value is somewhat too
        small.

    Raises
    ------
    DataError
        When a side has fewer than two trials, or the feature counts differ.
    ConfigError
        When ``n_permutations`` or ``max_trials`` is not a positive integer.

    See Also
    --------
    domain_errors : Errors of a classifier of source and target.
    bci_dann.evaluation.diagnose : Both for every subject of a dataset.

    References
    ----------
    .. [1] Gretton, A., Borgwardt, K. M., Rasch, M. J., Schölkopf, B. and Smola, A. (2012). A kernel
       two-sample test. Journal of Machine Learning Research 13, 723-773.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import maximum_mean_discrepancy
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (50, 2)), rng.normal(1, 1, (50, 2))
    >>> mmd2, p_value = maximum_mean_discrepancy(source, target, 99, random_state=0)
    >>> round(p_value, 2)
    0.01
    """
    check_count("n_permutations", n_permutations)
    check_count("max_trials", max_trials)
    rng = np.random.default_rng(stream(random_state, "mmd"))
    sides = [
        part if len(part) <= max_trials else rng.choice(part, max_trials, replace=False)
        for part in check_sample_pair(X_source, X_target, at_least=2)
    ]
    kernel = _gaussian_kernel(np.concatenate(sides))
    is_target = np.repeat([0.0, 1.0], [len(part) for part in sides])
    permuted = rng.permuted(np.tile(is_target, (n_permutations, 1)), axis=1)
    mmd2, *permuted_mmd2 = _unbiased(kernel, np.vstack([is_target, permuted]))
    n_as_large = np.sum(np.asarray(permuted_mmd2) >= mmd2 - ROUNDING)
    return float(mmd2), float((1 + n_as_large) / (1 + n_permutations))


def _gaussian_kernel(X: Array) -> Array:
    """Return the kernel matrix with zeros on the diagonal, which the estimate leaves out."""
    squared = cdist(X, X, "sqeuclidean")
    positive = squared[squared > 0]
    width = float(np.median(positive)) if len(positive) else 1.0
    kernel: Array = np.exp(-0.5 * squared / width)
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _unbiased(kernel: Array, is_target: Array) -> Array:
    """Return the estimate for each row of ``is_target``, one assignment of trials to sides."""
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
