"""Weights of trials that give all subjects equal weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["subject_balanced_weights"]


def subject_balanced_weights(subjects: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights of trials that sum to one in each subject.

    Parameters
    ----------
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.

    Returns
    -------
    ndarray, shape (n_trials,)
        The inverse of the number of trials of the subject.
    """
    _, index, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[index])
