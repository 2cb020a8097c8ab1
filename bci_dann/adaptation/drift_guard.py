"""Guard against negative transfer: evidence, without labels, that adaptation went astray.

A decoder that adapts to unlabelled trials may fasten on whatever varies most in them. In EEG
that is often the slow waxing and waning of the alpha rhythm with alertness. The cues of an
experiment come in random order, so what follows them has no positive serial correlation;
what follows alertness has. Adaptation that makes the outputs drift, more than they did and more
than chance allows, is therefore not believed.

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

# Chance of mistrusting a decoder whose outputs do not drift.
LEVEL = 0.05
# Fewer trials say nothing about drift, so nothing speaks for adapting to them either.
MIN_TRIALS = 20
# Chance of the first of two signs that cues come in blocks, where they do not.
RARE = 0.01
# How much of what tells the classes of others apart may lie in directions of drift by accident. In
# MI-OpenBCI one of ten people has more; with cues put into blocks of twenty nearly all have.
LARGEST_SHARE = 0.25


def serial_correlation(scores: NDArray[Any], domains: NDArray[np.str_]) -> float:
    """Return how alike the outputs of neighbouring trials are.

    ``sum_d sum_i s_i s_(i+1) / sum_d sum_i s_i^2`` over the domains d, with the mean of each
    domain removed.

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
    """
    relative = scores - scores.mean(axis=1, keepdims=True)  # logits are known but for a constant
    covariance = variance = 0.0
    for name in np.unique(domains):
        own = relative[domains == name]
        own = own - own.mean(axis=0)
        covariance += float((own[1:] * own[:-1]).sum())
        variance += float((own**2).sum())
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
    """
    return NormalDist().inv_cdf(1 - level) / math.sqrt(n_trials)


def cues_in_blocks(labels: NDArray[np.int64], domains: NDArray[np.str_]) -> bool:
    """Tell whether cues come in blocks, so that what follows them drifts, too.

    Parameters
    ----------
    labels : ndarray of int, shape (n_trials,)
        Class indices of labelled trials, in the order of recording within each domain.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    bool
        Whether neighbours are of one class more often than chance allows.
    """
    cues = np.eye(labels.max() + 1)[labels]
    return serial_correlation(cues, domains) > drift_limit(len(labels))


def classes_follow_drift(
    X: NDArray[Any], domains: NDArray[np.str_], class_means: NDArray[Any]
) -> bool:
    """Tell without labels whether a person's cues seem to come in blocks.

    Two signs together say so. Neighbouring trials are alike in which class of other people they
    resemble; and the directions in which trials drift carry more than a quarter of what tells
    these classes apart, as far as the trials show it. Alertness alone seldom gives both.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Trials in the order of recording within each domain.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.
    class_means : ndarray, shape (n_classes, n_features)
        Mean of each class over other people.

    Returns
    -------
    bool
    """
    apart = (class_means - class_means.mean(axis=0)).T
    if serial_correlation(X @ apart, domains) <= drift_limit(len(X), RARE):
        return False
    drifting = drift_directions(X, domains).T @ apart
    shown = Subspace.of(X).coordinates(apart.T)
    return bool((drifting**2).sum() > LARGEST_SHARE * (shown**2).sum())


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
    """
    if len(domains) < MIN_TRIALS:
        return 0
    drifts = [serial_correlation(scores, domains) for scores in candidates]
    limit = max(drifts[0], drift_limit(len(domains)))
    for index, drift in enumerate(drifts[1:], start=1):
        if drift > limit:
            return index - 1
    return len(candidates) - 1
