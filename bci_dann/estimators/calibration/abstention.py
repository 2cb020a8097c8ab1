"""Abstention: no class for trials whose largest probability is below a threshold.

Geifman and El-Yaniv (2017), "Selective classification for deep neural networks", NeurIPS,
arXiv:1705.08500: the trade-off between the error among answered trials and their share (coverage).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.subject_weights import (
    WEIGHT_TOLERANCE,
    subject_balanced_weights,
)

__all__ = ["LEAST_ANSWERED", "NOTHING_ANSWERED", "is_abstained", "threshold_for_error"]

Floats = NDArray[np.float64]

# Smallest share of answered source trials for which the error is considered: with a hundred trials
# in each subject, a smaller share would have fewer than ten. Empirical.
LEAST_ANSWERED = 0.1
# Threshold that no probability reaches.
NOTHING_ANSWERED = np.inf


def is_abstained(probabilities: Floats, threshold: float) -> NDArray[np.bool_]:
    """Return which trials are left without a class.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows of sum 1.
    threshold : float
        Smallest accepted probability of the most probable class.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True below the threshold, and where all classes are equally probable, as for a trial without
        signal.
    """
    confidence = probabilities.max(axis=1)
    undecided: NDArray[np.bool_] = confidence == probabilities.min(axis=1)
    return undecided | (confidence < threshold)


def threshold_for_error(
    probabilities: Floats,
    labels: NDArray[np.int64],
    subjects: NDArray[np.str_],
    max_error: float,
) -> float:
    """Find the lowest threshold with at most a given error among answered trials.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Class probabilities from models that have not seen the labels of these trials.
    labels : ndarray of int, shape (n_trials,)
        Indices of the true classes.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial; all subjects have equal weight.
    max_error : float
        Largest allowed error rate among answered trials.

    Returns
    -------
    float
        0 where every trial can be answered; :data:`NOTHING_ANSWERED` where even the answers to a
        tenth of the trials have a larger error.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    weights = subject_balanced_weights(subjects)[order]
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    ordered = confidence[order]
    # a threshold answers all trials of the same confidence, or none of them
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    answered = np.cumsum(weights)[ends]
    error = np.cumsum(weights * wrong)[ends] / answered
    enough = answered >= LEAST_ANSWERED * answered[-1] - WEIGHT_TOLERANCE
    allowed = np.flatnonzero(enough & (error <= max_error + WEIGHT_TOLERANCE))
    if not len(allowed):
        return NOTHING_ANSWERED
    last = allowed[-1]
    return 0.0 if last == len(ends) - 1 else float(ordered[ends[last]])
