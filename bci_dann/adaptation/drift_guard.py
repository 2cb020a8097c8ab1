"""Drift guard: evidence, without labels, that adaptation made the outputs drift.

A decoder that adapts to unlabelled trials may follow whatever varies most in them. In EEG that is
often the slow change of the alpha rhythm with alertness. The cues of an experiment come in random
order, so that class scores have no positive serial correlation; scores that follow alertness have.
An adaptation that makes the outputs drift, more than they did and more than chance allows, is
therefore not used.

The statistic is the first serial correlation (Anderson 1942, "Distribution of the serial
correlation coefficient", Ann. Math. Stat. 13(1), 1-13), whose standard error is
``1 / sqrt(n)`` where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.features.drift import drift_directions
from bci_dann.features.subspace import Subspace

__all__ = [
    "MIN_TRIALS",
    "classes_follow_drift",
    "cues_in_blocks",
    "drift_limit",
    "serial_correlation",
    "strongest_trusted",
]

# Chance of rejecting a decoder whose outputs do not drift: the usual level of a test.
LEVEL = 0.05
# With fewer trials the standard error of the serial correlation exceeds 0.22, and no drift can be
# detected.
MIN_TRIALS = 20
# Chance of the first of two conditions for cues in blocks, where cues are in random order.
RARE = 0.01
# Share of the squared difference between class means that may lie in directions of drift by chance.
# Empirical: in MI-OpenBCI one of ten subjects has more; with cues in blocks of twenty nearly all.
LARGEST_SHARE = 0.25


def serial_correlation(scores: NDArray[Any], domains: NDArray[np.str_]) -> float:
    """Return the first serial correlation of outputs.

    ``sum_d sum_i s_i s_(i+1) / sum_d sum_i s_i^2`` over the domains d, with the mean of each
    domain removed [1]_.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Log-probabilities or logits, trials in the order of recording within each domain.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    float
        From -1 to 1; 0 where the outputs do not vary.

    See Also
    --------
    drift_limit : How large it becomes by chance.

    References
    ----------
    .. [1] Anderson, R. L. (1942). Distribution of the serial correlation coefficient. Annals of
       Mathematical Statistics 13(1), 1-13. doi:10.1214/aoms/1177731638.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import serial_correlation
    >>> rising = np.linspace(-1, 1, 100)
    >>> scores = np.column_stack([rising, -rising])
    >>> round(serial_correlation(scores, np.repeat("1/0", 100)), 2)
    0.97
    """
    relative = scores - scores.mean(axis=1, keepdims=True)  # logits are known but for a constant
    covariance = variance = 0.0
    for name in np.unique(domains):
        scores_of_domain = relative[domains == name]
        centred = scores_of_domain - scores_of_domain.mean(axis=0)
        covariance += float((centred[1:] * centred[:-1]).sum())
        variance += float((centred**2).sum())
    return covariance / variance if variance > 0 else 0.0


def drift_limit(n_trials: int, level: float = LEVEL) -> float:
    """Return the serial correlation that chance exceeds in 5 % of cases.

    Parameters
    ----------
    n_trials : int
        Number of trials.
    level : float
        Another share of cases.

    Returns
    -------
    float
        The quantile of a normal distribution of standard deviation ``1 / sqrt(n_trials)``.

    See Also
    --------
    serial_correlation : The statistic.

    Examples
    --------
    >>> from bci_dann.adaptation.drift_guard import drift_limit
    >>> round(drift_limit(100), 3)
    0.164
    """
    return NormalDist().inv_cdf(1 - level) / math.sqrt(n_trials)


def cues_in_blocks(labels: NDArray[np.int64], domains: NDArray[np.str_]) -> bool:
    """Test whether cues come in blocks, so that class scores drift, too.

    Parameters
    ----------
    labels : ndarray of int, shape (n_trials,)
        Class indices of labelled trials, in the order of recording within each domain.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    bool
        Whether neighbouring trials have the same class more often than chance allows.

    See Also
    --------
    classes_follow_drift : A test without labels.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import cues_in_blocks
    >>> domains = np.repeat("1/0", 40)
    >>> cues_in_blocks(np.repeat([0, 1], 20), domains), cues_in_blocks(np.tile([0, 1], 20), domains)
    (True, False)
    """
    cues = np.eye(labels.max() + 1)[labels]
    return serial_correlation(cues, domains) > drift_limit(len(labels))


def classes_follow_drift(
    X: NDArray[Any], domains: NDArray[np.str_], class_means: NDArray[Any]
) -> bool:
    """Test without labels whether the cues of a subject seem to come in blocks.

    Two conditions must hold: the projections of the trials on the differences between class means
    of other subjects are serially correlated; and the directions in which the trials drift hold
    more than a quarter of these differences, within the space that the trials span. Changes of
    alertness alone seldom fulfil both.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Trials in the order of recording within each domain.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.
    class_means : ndarray, shape (n_classes, n_features)
        Mean of each class over other subjects.

    Returns
    -------
    bool
        False where there is no sign of blocks.

    See Also
    --------
    cues_in_blocks : A test with labels.
    bci_dann.features.drift_directions : The directions of drift.

    Examples
    --------
    Cues in two blocks, and in random order:

    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import classes_follow_drift
    >>> rng = np.random.default_rng(0)
    >>> means = np.array([[-1.0, 0.0], [1.0, 0.0]])
    >>> blocks, domains = np.repeat([0, 1], 50), np.repeat("1/0", 100)
    >>> noise = 0.3 * rng.normal(size=(100, 2))
    >>> classes_follow_drift(means[blocks] + noise, domains, means)
    True
    >>> classes_follow_drift(means[rng.permutation(blocks)] + noise, domains, means)
    False
    """
    differences = (class_means - class_means.mean(axis=0)).T
    if serial_correlation(X @ differences, domains) <= drift_limit(len(X), RARE):
        return False
    in_drift = drift_directions(X, domains).T @ differences
    in_trials = Subspace.of(X).coordinates(differences.T)
    return bool((in_drift**2).sum() > LARGEST_SHARE * (in_trials**2).sum())


def strongest_trusted(candidates: Sequence[NDArray[Any]], domains: NDArray[np.str_]) -> int:
    """Return the last candidate before the outputs begin to drift.

    Parameters
    ----------
    candidates : sequence of ndarray, shape (n_trials, n_classes)
        Scores of the target's trials: not adapted, then adapted more and more strongly.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    int
        An index; 0 where no adaptation is to be trusted.

    See Also
    --------
    serial_correlation : The statistic.
    bci_dann.adaptation.head_adaptation.adapt_head : Chooses its strength by it.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import strongest_trusted
    >>> noise, rising = np.random.default_rng(0).normal(size=100), np.linspace(-3, 3, 100)
    >>> candidates = [np.column_stack([s, -s]) for s in (noise, noise + rising)]
    >>> strongest_trusted(candidates, np.repeat("1/0", 100))
    0
    """
    if len(domains) < MIN_TRIALS:
        return 0
    drifts = [serial_correlation(scores, domains) for scores in candidates]
    limit = max(drifts[0], drift_limit(len(domains)))
    for index, drift in enumerate(drifts[1:], start=1):
        if drift > limit:
            return index - 1
    return len(candidates) - 1
