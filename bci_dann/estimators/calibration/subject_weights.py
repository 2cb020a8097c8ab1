"""Weights of trials that give all subjects equal weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["WEIGHT_TOLERANCE", "subject_balanced_weights"]

# Tolerance for comparisons of sums of weights: far above their rounding error, and far below the
# weight of a trial.
WEIGHT_TOLERANCE = 1e-9


def subject_balanced_weights(subjects: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights of trials that sum to one in each subject.

    Parameters
    ----------
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.

    Returns
    -------
    ndarray, shape (n_trials,)
        The weight of a trial is the inverse of the number of trials of its subject.
    """
    _, index, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[index])
