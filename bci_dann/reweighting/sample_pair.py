"""Validation of a pair of samples: the features of source and target trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

from bci_dann.exceptions import DataError

__all__ = ["check_sample_pair", "stack_sample_pair"]


def check_sample_pair(
    X_source: ArrayLike, X_target: ArrayLike, at_least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check the features of source and target, and return them as arrays.

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    at_least : int
        Smallest number of trials of source and target.

    Returns
    -------
    source, target : ndarray
        The features in double precision.

    Raises
    ------
    DataError
        When a side has fewer trials, or the feature counts differ.
    """
    source = check_array(X_source, dtype=np.float64, input_name="X_source")
    target = check_array(X_target, dtype=np.float64, input_name="X_target")
    if source.shape[1] != target.shape[1]:
        raise DataError(
            f"X_source has {source.shape[1]} features and X_target {target.shape[1]}: "
            "compute the same features on both."
        )
    for name, part in (("X_source", source), ("X_target", target)):
        if len(part) < at_least:
            raise DataError(
                f"{name} has {len(part)} trials: of {len(source)} source and {len(target)} target "
                f"trials a comparison needs at least {at_least} each. Record more."
            )
    return source, target


def stack_sample_pair(
    source: NDArray[np.float64], target: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Concatenate the features of source and target, with labels for a domain classifier.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.

    Returns
    -------
    X : ndarray, shape (n_source + n_target, n_features)
        Sources first.
    is_target : ndarray of int, shape (n_source + n_target,)
        0 for source, 1 for target.
    """
    return np.concatenate([source, target]), np.repeat([0, 1], [len(source), len(target)])
