"""Encoding of class labels as indices, and checks of labels."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from bci_dann.estimators.inputs.array_checks import MAX_LISTED
from bci_dann.exceptions import DataError
from bci_dann.objectives.batch_view import UNLABELLED

__all__ = [
    "check_labels",
    "check_scored_labels",
    "encode_partial_labels",
    "encode_source_labels",
    "encode_target_labels",
    "missing_labels",
]

# Texts of missing values in arrays of text, as written by numpy and pandas.
MISSING_TEXTS = ("", "nan", "NaN", "None", "<NA>", "NaT")
# A class with a single trial is probably a misspelt label if another class has at least this number
# of trials: classes are usually planned equally often, and artefacts do not remove nine of ten
# trials.
MIN_TRIALS_OF_A_USUAL_CLASS = 10


def missing_labels(y: ArrayLike) -> NDArray[np.bool_]:
    """Find missing labels.

    Parameters
    ----------
    y : array-like, shape (n_trials,)
        Labels, or other names.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True for NaN, None, and their text forms: ``""``, ``"nan"``, ``"None"``.
    """
    values = np.asarray(y, dtype=object)
    missing: NDArray[np.bool_] = pd.isna(values)
    text = [isinstance(value, str) and value.strip() in MISSING_TEXTS for value in values.flat]
    return missing | np.reshape(text, values.shape).astype(bool)


def check_labels(y: ArrayLike) -> None:
    """Raise on missing source labels, and on several labels for one trial.

    Parameters
    ----------
    y : array-like, shape (n_trials,)
        Labels.

    Raises
    ------
    DataError
        With the number of missing labels, or the shape of ``y``.
    """
    shape = np.shape(np.asarray(y, dtype=object))
    if len(shape) == 2 and shape[1] > 1:
        raise DataError(
            f"y must have one label for each trial; got shape {shape}. For one-hot labels, "
            "give y.argmax(axis=1)."
        )
    missing = np.flatnonzero(missing_labels(y))
    if len(missing):
        raise DataError(
            f"{len(missing)} of {shape[0]} labels are missing (NaN, None or empty), the first at "
            f"{missing[:MAX_LISTED].tolist()}. Leave these trials out, or give those of the new "
            "subject as X_target_unlabeled."
        )


def check_scored_labels(y: ArrayLike | None, classes: NDArray[Any]) -> None:
    """Raise where predictions cannot be compared with labels.

    Some labels may be of classes that a model does not have: such trials count as errors.

    Parameters
    ----------
    y : array-like, shape (n_trials,), or None
        The true classes.
    classes : ndarray, shape (n_classes,)
        The classes of the model.

    Raises
    ------
    DataError
        When there are no labels, or not one of them is a class of the model.
    """
    if y is None:
        raise DataError(
            "y is None: an accuracy needs the true class of each trial. Trials of unlabelled() "
            "have none; take y from the labelled trials."
        )
    known = set(classes.tolist())
    given = _python_values(np.asarray(y, dtype=object).ravel())
    if given and known.isdisjoint(given):
        raise DataError(
            f"no label of y is a class of the model, {sorted(known, key=str)}; y has "
            f"{sorted(set(given), key=str)[:MAX_LISTED]}. Name the classes as in training."
        )


def encode_source_labels(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes of the source labels, and the labels as indices.

    Parameters
    ----------
    y : array-like, shape (n_trials,)
        Labels.

    Returns
    -------
    classes : ndarray, shape (n_classes,)
        Sorted.
    labels : ndarray of int, shape (n_trials,)
        Indices into ``classes``.

    Raises
    ------
    DataError
        When there is only one class, or a name seems to be misspelt.
    """
    check_classification_targets(y)
    classes, labels, counts = np.unique(
        column_or_1d(y, warn=True), return_inverse=True, return_counts=True
    )
    if classes.dtype == object:
        classes = np.array(_python_values(classes), dtype=object)
    _check_spelling(dict(zip(classes.tolist(), counts.tolist(), strict=True)))
    if len(classes) < 2:
        raise DataError(
            f"y has one class only, {classes.tolist()}; at least 2 are needed. Add trials of "
            "another class."
        )
    return classes, labels.astype(np.int64)


def encode_target_labels(
    y: ArrayLike | None, classes: NDArray[Any], n_trials: int
) -> NDArray[np.int64]:
    """Return the target's labels as indices.

    Parameters
    ----------
    y : array-like, shape (n_trials,), or None
        Labels.
    classes : ndarray, shape (n_classes,)
        The classes of the sources, sorted.
    n_trials : int
        Expected number of labels.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices into ``classes``.

    Raises
    ------
    DataError
        When labels are missing, their number is wrong, or the sources do not have a label.
    """
    values = np.asarray(y)
    if y is None or values.shape != (n_trials,):
        raise DataError(
            f"y_target_labeled must have shape ({n_trials},); got "
            f"{None if y is None else values.shape}. Give one label for each trial of "
            "X_target_labeled."
        )
    _check_known(values, classes)
    return np.searchsorted(classes, values).astype(np.int64)


def _python_values(values: NDArray[Any]) -> list[Any]:
    """Return values as Python types, since numpy shows its text as ``np.str_('left')``."""
    return [value.item() if isinstance(value, np.generic) else value for value in values.tolist()]


def encode_partial_labels(y: ArrayLike, classes: NDArray[Any], n_trials: int) -> NDArray[np.int64]:
    """Return labels as indices, of which some may be missing.

    Parameters
    ----------
    y : array-like, shape (n_trials,)
        Labels; NaN, None or ``""`` where a trial has none.
    classes : ndarray, shape (n_classes,)
        The classes of the sources, sorted.
    n_trials : int
        Expected number of labels.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices into ``classes``; ``UNLABELLED`` where a label is missing.

    Raises
    ------
    DataError
        When their number is wrong, or the sources do not have a label.
    """
    values = np.asarray(y, dtype=object)
    if values.shape != (n_trials,):
        raise DataError(
            f"y must have shape ({n_trials},); got {values.shape}. Give one label for each trial, "
            "None where it is not known."
        )
    labels = np.full(n_trials, UNLABELLED, dtype=np.int64)
    known = ~missing_labels(values)
    _check_known(values[known], classes)
    index = {name: position for position, name in enumerate(classes.tolist())}
    labels[known] = [index[name] for name in _python_values(values[known])]
    return labels


def _check_known(values: NDArray[Any], classes: NDArray[Any]) -> None:
    strange = sorted(set(_python_values(values)) - set(classes.tolist()), key=str)
    if strange:
        raise DataError(
            f"the target has labels {strange} that the sources do not have; "
            f"the sources have {classes.tolist()}. Name the classes as in the sources, or leave "
            "these trials out."
        )


def _check_spelling(counts: dict[Any, int]) -> None:
    """Raise on names that differ only in case or blanks, and on a class of a single trial."""
    spellings = defaultdict(list)
    for name in counts:
        spellings[str(name).strip().casefold()].append(name)
    for names in spellings.values():
        if len(names) > 1:
            raise DataError(
                f"the classes {names} differ only in capitals or blanks; y has {counts}. Write "
                "them alike."
            )
    once = [name for name, count in counts.items() if count == 1]
    if once and max(counts.values(), default=0) >= MIN_TRIALS_OF_A_USUAL_CLASS:
        raise DataError(
            f"the classes {once} occur once, and are probably misspelt; y has {counts}. Correct "
            "the labels, or leave these trials out."
        )
