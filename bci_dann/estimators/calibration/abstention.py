"""Abstention: trials whose most probable class is not probable enough get no class.

Geifman and El-Yaniv (2017), "Selective classification for deep neural networks", NeurIPS,
arXiv:1705.08500: the error among the trials that are answered, and its trade against their share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.subject_weights import equal_subjects

__all__ = ["LEAST_ANSWERED", "NOTHING_ANSWERED", "is_abstained", "threshold_for_error"]

Floats = NDArray[np.float64]

# The error among fewer of the source trials than this share is left out of account: of a hundred
# trials a subject it would stand on fewer than ten. Empirical.
LEAST_ANSWERED = 0.1
# Far above the rounding of sums of weights, far below the weight of a trial.
TOLERANCE = 1e-9
# No probability reaches it.
NOTHING_ANSWERED = np.inf


def is_abstained(probabilities: Floats, threshold: float) -> NDArray[np.bool_]:
    """Return which trials get no class.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows of sum 1.
    threshold : float
        What the most probable class must reach.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True below the threshold, and where all classes are equally probable, as of a trial without
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
    """Find the lowest threshold that keeps the error among answered trials small enough.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Of models that have not seen the labels of these trials.
    labels : ndarray of int, shape (n_trials,)
        The column of the true class.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial; all subjects count the same.
    max_error : float
        The largest share of errors among the trials that are answered.

    Returns
    -------
    float
        0 where every trial may be answered; :data:`NOTHING_ANSWERED` where no threshold that
        answers a tenth of the trials is enough.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    weights = equal_subjects(subjects)[order]
    wrong = (probabilities.argmax(axis=1) != labels)[order]
    ordered = confidence[order]
    # a threshold answers all trials of the same confidence, or none of them
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    answered = np.cumsum(weights)[ends]
    error = np.cumsum(weights * wrong)[ends] / answered
    enough = answered >= LEAST_ANSWERED * answered[-1] - TOLERANCE
    allowed = np.flatnonzero(enough & (error <= max_error + TOLERANCE))
    if not len(allowed):
        return NOTHING_ANSWERED
    last = allowed[-1]
    return 0.0 if last == len(ends) - 1 else float(ordered[ends[last]])
