"""Class names and their indices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from bci_dann.exceptions import DataError

__all__ = ["encode", "encode_first"]


def encode_first(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find the classes in the labels of the sources.

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
        When there is one class only.
    """
    check_classification_targets(y)
    classes, labels = np.unique(column_or_1d(y, warn=True), return_inverse=True)
    if len(classes) < 2:
        raise DataError(f"y has one class only, {classes.tolist()}; at least 2 are needed.")
    return classes, labels.astype(np.int64)


def encode(y: ArrayLike | None, classes: NDArray[Any], n_trials: int) -> NDArray[np.int64]:
    """Return the indices of the target's labels.

    Parameters
    ----------
    y : array-like, shape (n_trials,), or None
        Labels.
    classes : ndarray, shape (n_classes,)
        What the sources have, sorted.
    n_trials : int
        How many labels are wanted.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices into ``classes``.

    Raises
    ------
    DataError
        When labels are missing, too few or many, or unknown to the sources.
    """
    values = np.asarray(y)
    if y is None or values.shape != (n_trials,):
        raise DataError(f"y_target_labeled must have shape ({n_trials},); got {values.shape}.")
    strange = sorted(set(values.tolist()) - set(classes.tolist()))
    if strange:
        raise DataError(
            f"the target has labels {strange} that the sources do not have; "
            f"the sources have {classes.tolist()}."
        )
    return np.searchsorted(classes, values).astype(np.int64)
