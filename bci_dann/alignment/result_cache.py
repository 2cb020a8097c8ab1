"""What was computed once in a process and is asked for again.

Leaving one subject out asks in every fold for the means and features of the same source domains,
and these take longer than all else that a shallow decoder does.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Memory"]

Result = TypeVar("Result", bound="NDArray[Any] | tuple[NDArray[Any], ...]")
Key = tuple[Hashable, ...]


class Memory(Generic[Result]):
    """The latest results of a pure function of an array, found again by the array's content.

    Parameters
    ----------
    function : callable
        From an array, and settings that can be hashed, to an array or a tuple of arrays. They
        are kept, and cannot be changed in place.
    n_bytes : int
        How much is kept; the oldest is forgotten first.
    """

    def __init__(self, function: Callable[..., Result], n_bytes: int) -> None:
        self._function = function
        self._n_bytes = n_bytes
        self._kept = 0
        self._lock = threading.Lock()
        self._results: OrderedDict[Key, Result] = OrderedDict()

    def __call__(self, array: NDArray[Any], *settings: Hashable) -> Result:
        """Return what the function returns, from memory where it is there."""
        array = np.ascontiguousarray(array)
        key = _key(array, settings)
        with self._lock:
            result = self._results.get(key)
            if result is not None:
                self._results.move_to_end(key)
                return result
        result = self._function(array, *settings)
        for part in _arrays(result):
            part.flags.writeable = False
        with self._lock:
            if key not in self._results:  # another thread may have been first
                self._results[key] = result
                self._kept += _nbytes(result)
            while self._kept > self._n_bytes:
                self._kept -= _nbytes(self._results.popitem(last=False)[1])
        return result

    def find(self, array: NDArray[Any], *settings: Hashable) -> Result | None:
        """Return what is remembered, and compute nothing."""
        return self._results.get(_key(np.ascontiguousarray(array), settings))


def _key(array: NDArray[Any], settings: Key) -> Key:
    digest = hashlib.blake2b(array.view(np.uint8).data, digest_size=16).digest()
    return digest, array.shape, array.dtype.str, settings


def _arrays(result: NDArray[Any] | tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
    return result if isinstance(result, tuple) else (result,)


def _nbytes(result: NDArray[Any] | tuple[NDArray[Any], ...]) -> int:
    return sum(part.nbytes for part in _arrays(result))
