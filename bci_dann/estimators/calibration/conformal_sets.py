"""Prediction sets of classes by conformal thresholds, learned from whole subjects.

The score of a class is its probability, and each class has a threshold of its own, from the trials
that truly are of this class: Vovk (2012), "Conditional validity of inductive conformal
predictors", ACML, arXiv:1209.2673, and Sadinle, Lei and Wasserman (2019), "Least ambiguous
set-valued classifiers with bounded error levels", J. Am. Stat. Assoc. 114(525), 223-234. Trials of
one subject are alike, so that the distributions of subjects are averaged, each with the same
weight: Dunn, Wasserman and Ramdas (2023), "Distribution-free prediction sets for two-layer
hierarchical models", J. Am. Stat. Assoc. 118(544), 2491-2502 ("pooling CDFs"). The further mass
for the new subject is that of Lee, Barber and Willett (2023), "Distribution-free inference with
hierarchical data", arXiv:2306.06342.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.subject_weights import equal_subjects

__all__ = ["class_thresholds", "prediction_sets"]

Floats = NDArray[np.float64]

# Sums of weights are compared with this tolerance, far above rounding and far below one trial.
TOLERANCE = 1e-9


def class_thresholds(
    probabilities: Floats,
    labels: NDArray[np.int64],
    subjects: NDArray[np.str_],
    coverage: float,
    conservative: bool,
) -> Floats:
    """Find for each class the probability that its own trials seldom fall below.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Of models that have not seen the labels of these trials.
    labels : ndarray of int, shape (n_trials,)
        The column of the true class.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.
    coverage : float
        Share of the trials of each class that reaches its threshold; the mean over subjects.
    conservative : bool
        Whether the new subject counts as one whose every trial falls below all thresholds.

    Returns
    -------
    ndarray, shape (n_classes,)
        0, so that the class is in every set, where there are too few subjects for the coverage.
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
        As :func:`class_thresholds` returns them.

    Returns
    -------
    ndarray of bool, shape (n_trials, n_classes)
        The most probable class is in every set; where all classes are equally probable, as of a
        trial without signal, all are.
    """
    most_probable = probabilities == probabilities.max(axis=1, keepdims=True)
    sets: NDArray[np.bool_] = (probabilities >= thresholds) | most_probable
    return sets


def _threshold(
    own: Floats, subjects: NDArray[np.str_], coverage: float, conservative: bool
) -> float:
    order = np.argsort(own)[::-1]
    # each subject has the mass 1
    mass = np.cumsum(equal_subjects(subjects)[order])
    n_subjects = len(np.unique(subjects))
    needed = coverage * (n_subjects + conservative)
    reached = np.flatnonzero(mass >= needed - TOLERANCE)
    return float(own[order][reached[0]]) if len(reached) else 0.0
