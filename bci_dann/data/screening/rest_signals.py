"""Rest windows of trials as arrays; missing windows are NaN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["Rest", "joined_rest", "rest_mask"]

Rest = NDArray[np.float32] | None


def rest_mask(rest: Any) -> NDArray[np.bool_]:
    """Find the trials that have a rest window.

    Parameters
    ----------
    rest : ndarray, shape (n_trials, n_chans, n_times)
        Rest windows; missing windows are NaN.

    Returns
    -------
    ndarray of bool, shape (n_trials,)
        True for trials with a rest window. Only the first sample of each window is checked, so
        that a memory-mapped array is not read completely.
    """
    return np.asarray(~np.isnan(np.asarray(rest)[:, 0, 0]))


def joined_rest(parts: Sequence[Rest], shapes: Sequence[tuple[int, int]]) -> Rest:
    """Concatenate the rest windows of trials.

    Parameters
    ----------
    parts : sequence of (ndarray, shape (n_trials, n_chans, n_times), or None)
        Rest windows; ``None`` if a part has none.
    shapes : sequence of (int, int)
        Numbers of trials and channels of each part.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times), or None
        Rest windows, NaN for parts without; ``None`` if no part has any.

    Raises
    ------
    DataError
        When rest windows differ in length.
    """
    lengths = {rest.shape[2] for rest in parts if rest is not None}
    if not lengths:
        return None
    if len(lengths) > 1:
        raise DataError(
            f"rest windows to be joined have {sorted(lengths)} samples: cut the same rest_window "
            "at the same sampling frequency."
        )
    n_times = lengths.pop()
    return np.concatenate(
        [
            np.full((*shape, n_times), np.nan, dtype=np.float32) if rest is None else rest
            for rest, shape in zip(parts, shapes, strict=True)
        ]
    )
