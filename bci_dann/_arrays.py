"""Array operations that several layers need: slices, chunks, and logarithms with a floor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHUNK", "as_slice", "chunks", "floored_log", "log_probabilities"]

# Trials in double precision that are held in memory at a time. Empirical: 256 trials of 64
# channels and 500 samples are 65 MB, and larger chunks were no faster.
CHUNK = 256

# Far below what single precision resolves beside a probability near one (6e-8).
SMALLEST_PROBABILITY = 1e-12


def as_slice(chosen: NDArray[np.bool_]) -> slice | NDArray[np.bool_]:
    """Return the index that selects rows without a copy, where they are contiguous.

    Parameters
    ----------
    chosen : ndarray of bool, shape (n_rows,)
        The rows to select.

    Returns
    -------
    slice or ndarray of bool
        ``chosen`` itself where the rows are not contiguous, or none is selected.

    Examples
    --------
    >>> import numpy as np
    >>> as_slice(np.array([False, True, True]))
    slice(1, 3, None)
    """
    where = np.flatnonzero(chosen)
    if len(where) and where[-1] - where[0] + 1 == len(where):
        return slice(int(where[0]), int(where[-1]) + 1)
    return chosen


def chunks(n_rows: int, size: int = CHUNK) -> Iterator[slice]:
    """Yield slices that cover rows in order.

    Parameters
    ----------
    n_rows : int
        How many rows there are, 0 or more.
    size : int
        Rows of a chunk, 1 or more; the last one may be shorter.

    Yields
    ------
    slice
        With start and stop between 0 and ``n_rows``.

    Examples
    --------
    >>> [(part.start, part.stop) for part in chunks(5, 2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


def floored_log(
    values: NDArray[Any], floor: float = float(np.finfo(np.float64).tiny)
) -> NDArray[np.float64]:
    """Return the natural logarithm, that of ``floor`` where values are smaller.

    Parameters
    ----------
    values : ndarray
        Probabilities, powers or eigenvalues: not negative but for rounding.
    floor : float
        Above 0; by default the smallest normal number in double precision.

    Returns
    -------
    ndarray
        Finite where ``values`` are, of their shape.

    Examples
    --------
    >>> floored_log(np.array([1.0, 0.0]), floor=np.exp(-3)).tolist()
    [0.0, -3.0]
    """
    logarithms: NDArray[np.float64] = np.log(np.maximum(values, floor))
    return logarithms


def log_probabilities(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms of probabilities, finite where one is zero.

    Parameters
    ----------
    probabilities : ndarray
        From 0 to 1.

    Returns
    -------
    ndarray
        At least the logarithm of :data:`SMALLEST_PROBABILITY`.
    """
    return floored_log(probabilities, SMALLEST_PROBABILITY)
