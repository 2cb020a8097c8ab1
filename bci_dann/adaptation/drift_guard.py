"""Drift guard: a test, without labels, of whether adaptation made the outputs drift.

A decoder that adapts to unlabelled trials may learn whatever varies most in them. In EEG that is
often the slow change of the alpha rhythm with alertness. Cues are in random order, so class scores
have no positive serial correlation, while scores that depend on alertness do. The guard therefore
rejects an adaptation whose outputs drift more than those before adaptation, and more than chance
allows.

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
    "LEAST_AGREEMENT",
    "MIN_TRIALS",
    "agreement",
    "cues_in_blocks",
    "drift_limit",
    "serial_correlation",
    "strongest_without_drift",
    "unlabelled_cues_in_blocks",
]

# Level of the test: the probability of rejecting a decoder whose outputs do not drift.
LEVEL = 0.05
# With fewer trials the standard error of the serial correlation exceeds 0.22, too much to detect a
# drift.
MIN_TRIALS = 20
# Level of the first of the two conditions in `unlabelled_cues_in_blocks`.
BLOCKS_LEVEL = 0.01
# Second condition: largest share of the squared difference between class means that may lie in
# directions of drift. Empirical: in MI-OpenBCI one of ten subjects has more; with cues in blocks of
# twenty nearly all.
MAX_SHARE_IN_DRIFT = 0.25
# Least correlation of the outputs before and after adaptation trial by trial. Empirical: at least
# 0.75 in the ten subjects of MI-OpenBCI who are decoded trial by trial, and below 0.55 where
# adaptation to windows that are mostly rest had exchanged the classes of a subject.
LEAST_AGREEMENT = 0.7


def serial_correlation(scores: NDArray[Any], domains: NDArray[np.str_]) -> float:
    """Return the first serial correlation of outputs.

    ``sum_d sum_i s_i s_(i+1) / sum_d sum_i s_i^2`` over the domains d, with the mean of each
    domain removed [1]_.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Log-probabilities or logits; the trials of each domain in the order of recording.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    float
        From -1 to 1; 0 where the outputs do not vary.

    See Also
    --------
    drift_limit : The limit that it rarely exceeds by chance.

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
    relative = scores - scores.mean(axis=1, keepdims=True)  # logits are defined up to a constant
    covariance = variance = 0.0
    for name in np.unique(domains):
        scores_of_domain = relative[domains == name]
        centred = scores_of_domain - scores_of_domain.mean(axis=0)
        covariance += float((centred[1:] * centred[:-1]).sum())
        variance += float((centred**2).sum())
    return covariance / variance if variance > 0 else 0.0


def agreement(before: NDArray[Any], after: NDArray[Any]) -> float:
    """Return the correlation of the outputs before and after adaptation.

    Adaptation without labels finds classes, but not which is which: their names come from the
    decoder before adaptation. Where hardly any correlation is left, classes may be exchanged.

    Parameters
    ----------
    before, after : ndarray, shape (n_trials, n_classes)
        Log-probabilities or logits of the same trials.

    Returns
    -------
    float
        From -1 to 1; 0 where one of them does not vary.

    See Also
    --------
    serial_correlation : Detects outputs that follow slow changes instead of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import agreement
    >>> before = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    >>> round(agreement(before, before * 3 + 1), 3), round(agreement(before, before[:, ::-1]), 3)
    (1.0, -1.0)
    """
    # logits are defined up to a constant of each trial
    first, second = (scores - scores.mean(axis=1, keepdims=True) for scores in (before, after))
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = math.sqrt(float((first**2).sum()) * float((second**2).sum()))
    return float((first * second).sum()) / norm if norm > 0 else 0.0


def drift_limit(n_trials: int, level: float = LEVEL) -> float:
    """Return the serial correlation that chance exceeds in 5 % of cases.

    Parameters
    ----------
    n_trials : int
        Number of trials.
    level : float
        Share of cases, where it is not 5 %.

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
    """Test from labels whether cues come in blocks, in which case class scores drift, too.

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
    unlabelled_cues_in_blocks : The same without labels.

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


def unlabelled_cues_in_blocks(
    X: NDArray[Any], domains: NDArray[np.str_], class_means: NDArray[Any]
) -> bool:
    """Test without labels whether the cues of a subject seem to come in blocks.

    Two conditions must hold. The projections of the trials on the differences between class means
    of other subjects are serially correlated; and more than a quarter of the squared length of
    these differences, within the span of the trials, lies in the directions in which the trials
    drift. Changes of alertness alone seldom fulfil both.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features; the trials of each domain in the order of recording.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.
    class_means : ndarray, shape (n_classes, n_features)
        Mean of each class over other subjects.

    Returns
    -------
    bool
        False where there is no evidence of blocks.

    See Also
    --------
    cues_in_blocks : The same with labels.
    bci_dann.features.drift_directions : The directions of drift.

    Examples
    --------
    Cues in two blocks, and in random order:

    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import unlabelled_cues_in_blocks
    >>> rng = np.random.default_rng(0)
    >>> means = np.array([[-1.0, 0.0], [1.0, 0.0]])
    >>> blocks, domains = np.repeat([0, 1], 50), np.repeat("1/0", 100)
    >>> noise = 0.3 * rng.normal(size=(100, 2))
    >>> unlabelled_cues_in_blocks(means[blocks] + noise, domains, means)
    True
    >>> unlabelled_cues_in_blocks(means[rng.permutation(blocks)] + noise, domains, means)
    False
    """
    differences = (class_means - class_means.mean(axis=0)).T
    if serial_correlation(X @ differences, domains) <= drift_limit(len(X), BLOCKS_LEVEL):
        return False
    in_drift = drift_directions(X, domains).T @ differences
    in_trials = Subspace.spanned_by(X)[0].coordinates(differences.T)
    return bool((in_drift**2).sum() > MAX_SHARE_IN_DRIFT * (in_trials**2).sum())


def strongest_without_drift(candidates: Sequence[NDArray[Any]], domains: NDArray[np.str_]) -> int:
    """Return the strongest adaptation whose outputs do not drift.

    Candidates are checked in order; the last one before the first that drifts is taken.

    Parameters
    ----------
    candidates : sequence of ndarray, shape (n_trials, n_classes)
        Scores of the target's trials, first without adaptation, then with increasing strength.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    int
        Index of the candidate; 0 where no adaptation passes the test.

    See Also
    --------
    serial_correlation : The statistic.
    bci_dann.adaptation.head_adaptation.adapt_head : Chooses the strength of adaptation by it.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.adaptation.drift_guard import strongest_without_drift
    >>> noise, rising = np.random.default_rng(0).normal(size=100), np.linspace(-3, 3, 100)
    >>> candidates = [np.column_stack([s, -s]) for s in (noise, noise + rising)]
    >>> strongest_without_drift(candidates, np.repeat("1/0", 100))
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
