"""Weights of trials under which every subject counts the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["equal_subjects"]


def equal_subjects(subjects: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights of trials that sum to one in each subject.

    Parameters
    ----------
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.

    Returns
    -------
    ndarray, shape (n_trials,)
        One divided by the number of trials of the subject.
    """
    _, index, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[index])
