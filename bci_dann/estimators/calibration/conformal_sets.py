"""Conformal prediction sets of classes, with thresholds from left-out subjects.

The score of a class is its probability. Each class has its own threshold, computed from the trials
of this class: Vovk (2012), "Conditional validity of inductive conformal
predictors", ACML, arXiv:1209.2673, and Sadinle, Lei and Wasserman (2019), "Least ambiguous
set-valued classifiers with bounded error levels", J. Am. Stat. Assoc. 114(525), 223-234. Trials of
one subject are not independent, so the score distributions of subjects are averaged with equal
weights: Dunn, Wasserman and Ramdas (2023), "Distribution-free prediction sets for two-layer
hierarchical models", J. Am. Stat. Assoc. 118(544), 2491-2502 ("pooling CDFs"). The additional
mass for the new subject in the conservative form is that of Lee, Barber and Willett (2023),
"Distribution-free inference with hierarchical data", arXiv:2306.06342.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.subject_weights import (
    WEIGHT_TOLERANCE,
    subject_balanced_weights,
)

__all__ = ["class_thresholds", "prediction_sets"]

Floats = NDArray[np.float64]


def class_thresholds(
    probabilities: Floats,
    labels: NDArray[np.int64],
    subjects: NDArray[np.str_],
    coverage: float,
    conservative: bool,
) -> Floats:
    """Compute, for each class, the probability that a given share of its trials reach.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Class probabilities from models that have not seen the labels of these trials.
    labels : ndarray of int, shape (n_trials,)
        Indices of the true classes.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.
    coverage : float
        Share of the trials of each class that reach its threshold; mean over subjects.
    conservative : bool
        Whether to count the new subject as one whose trials are all below the thresholds.

    Returns
    -------
    ndarray, shape (n_classes,)
        The thresholds; 0 where there are too few subjects for the coverage, so that the class is in
        every set.
    """
    return np.array(
        [
            _threshold(probabilities[own, index], subjects[own], coverage, conservative)
            for index, own in enumerate(labels == np.arange(probabilities.shape[1])[:, None])
        ]
    )


def prediction_sets(probabilities: Floats, thresholds: Floats) -> NDArray[np.bool_]:
    """Return which classes are in the set of each trial.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows of sum 1.
    thresholds : ndarray, shape (n_classes,)
        The result of :func:`class_thresholds`.

    Returns
    -------
    ndarray of bool, shape (n_trials, n_classes)
        The most probable class is in every set; all classes are, where they are equally probable,
        as for a trial without signal.
    """
    most_probable = probabilities == probabilities.max(axis=1, keepdims=True)
    sets: NDArray[np.bool_] = (probabilities >= thresholds) | most_probable
    return sets


def _threshold(
    own: Floats, subjects: NDArray[np.str_], coverage: float, conservative: bool
) -> float:
    order = np.argsort(own)[::-1]
    # each subject has mass 1
    mass = np.cumsum(subject_balanced_weights(subjects)[order])
    n_subjects = len(np.unique(subjects))
    needed = coverage * (n_subjects + conservative)
    reached = np.flatnonzero(mass >= needed - WEIGHT_TOLERANCE)
    return float(own[order][reached[0]]) if len(reached) else 0.0
