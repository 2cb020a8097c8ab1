"""Selected rows of a memory-mapped array, copied only when they are used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["LazyRows"]


class LazyRows:
    """Selected rows of an array, copied each time they are used.

    A fold of leave-one-subject-out evaluation uses nearly all trials, and the estimator keeps
    its own aligned copy of them during training. A second copy would double the memory.

    Parameters
    ----------
    array : ndarray, shape (n, ...)
        Usually memory-mapped; not changed.
    index : ndarray of int, ndarray of bool or slice
        The selected rows and their order.
    """

    def __init__(self, array: NDArray[Any], index: Any) -> None:
        self._array, self._index = array, np.arange(len(array))[index]

    @property
    def shape(self) -> tuple[int, ...]:  # numpydoc ignore=RT01
        """Shape of the selected rows."""
        return len(self), *self._array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:  # numpydoc ignore=RT01
        """Data type of the array."""
        return self._array.dtype

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return a copy of rows; ``index`` refers to the selected rows."""
        rows: NDArray[Any] = self._array[self._index[index]]
        return rows

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("LazyRows copies rows of its array, so copy=False is not possible.")
        return np.asarray(self[:], dtype=dtype)
