"""A cache for means and features of the trials of a domain, looked up by the content of the trials.

Leave-one-subject-out evaluation needs the means and features of the same source domains in every
fold, and computing them takes most of the time of a shallow decoder.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ResultCache", "cached"]

Result = TypeVar("Result", bound="NDArray[Any] | tuple[NDArray[Any], ...]")
Key = tuple[Hashable, ...]

# Enough for means and tangent vectors of a thousand trials of 22 channels.
DEFAULT_BYTES = 2**28
# Largest size of the cache as a multiple of the trials. The features of the default recipe have
# from half the size of the trials, for trials of 4 s at 128 Hz, to nearly twice it, for 2 s.
FEATURES_PER_TRIAL = 2


class ResultCache:
    """Results of pure functions of an array, keyed by the function and the content of the array.

    A run has one in each of its processes and passes it to the estimators
    (:meth:`bci_dann.estimators.TransferClassifier.use_cache`). Copies of an estimator share it;
    it is empty after unpickling in another process.

    Parameters
    ----------
    n_bytes : int
        Most bytes of results that are kept; the least recently used are dropped first.

    See Also
    --------
    bci_dann.TransferClassifier.use_cache : Gives one to an estimator.

    Examples
    --------
    >>> from bci_dann import ShallowClassifier, load_dataset
    >>> from bci_dann.alignment import ResultCache
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> cache = ResultCache()
    >>> for target in ("1", "2", "3"):  # the same source domains, again and again
    ...     sources = trials[trials.subjects != target]
    ...     model = ShallowClassifier("csp", alignment="riemannian").use_cache(cache)
    ...     model = model.fit(sources, sources.y)
    >>> cache.n_results
    3
    """

    def __init__(self, n_bytes: int = DEFAULT_BYTES) -> None:
        self.n_bytes = n_bytes
        self._used = 0
        self._lock = threading.Lock()
        self._results: OrderedDict[Key, Any] = OrderedDict()

    @classmethod
    def for_trials(cls, n_bytes: int) -> Self:
        """Return a cache that is large enough for the features of trials.

        Folds need the features of nearly all subjects in the same order, and a smaller cache would
        always drop those that are needed next.

        Parameters
        ----------
        n_bytes : int
            Size of the trials, in single precision.

        Returns
        -------
        ResultCache
            An empty one.
        """
        return cls(max(DEFAULT_BYTES, FEATURES_PER_TRIAL * n_bytes))

    @property
    def n_results(self) -> int:
        """How many results are kept; see :meth:`clear`."""
        return len(self._results)

    def compute(
        self, function: Callable[..., Result], array: NDArray[Any], *settings: Hashable
    ) -> Result:
        """Return the result of a function, from the cache where it is there.

        Parameters
        ----------
        function : callable
            Maps the array and the settings to an array or a tuple of arrays, which are kept and
            made read-only.
        array : ndarray
            Its content is part of the key.
        *settings : hashable
            Further arguments.

        Returns
        -------
        ndarray or tuple of ndarray
            Read-only.
        """
        array = np.ascontiguousarray(array)
        key = _key(function, array, settings)
        with self._lock:
            result: Result | None = self._results.get(key)
            if result is not None:
                self._results.move_to_end(key)
                return result
        result = function(array, *settings)
        for part in _arrays(result):
            part.flags.writeable = False
        with self._lock:
            if key not in self._results:  # another thread may have been first
                self._results[key] = result
                self._used += _nbytes(result)
            while self._used > self.n_bytes:
                self._used -= _nbytes(self._results.popitem(last=False)[1])
        return result

    def find(
        self, function: Callable[..., Result], array: NDArray[Any], *settings: Hashable
    ) -> Result | None:
        """Return a result from the cache, without computing anything.

        Parameters
        ----------
        function : callable
            As for :meth:`compute`.
        array : ndarray
            As for :meth:`compute`.
        *settings : hashable
            As for :meth:`compute`.

        Returns
        -------
        ndarray, tuple of ndarray or None
            ``None`` where it is not in the cache.
        """
        result: Result | None = self._results.get(
            _key(function, np.ascontiguousarray(array), settings)
        )
        return result

    def clear(self) -> None:
        """Drop all results."""
        with self._lock:
            self._results.clear()
            self._used = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> ResultCache:
        return self

    def __reduce__(self) -> tuple[type[ResultCache], tuple[int]]:
        return ResultCache, (self.n_bytes,)


def cached(
    cache: ResultCache | None,
    function: Callable[..., Result],
    array: NDArray[Any],
    *settings: Hashable,
) -> Result:
    """Return the result of a function, using a cache where there is one.

    Parameters
    ----------
    cache : ResultCache or None
        ``None`` always computes the result.
    function : callable
        As for :meth:`ResultCache.compute`.
    array : ndarray
        As for :meth:`ResultCache.compute`.
    *settings : hashable
        As for :meth:`ResultCache.compute`.

    Returns
    -------
    ndarray or tuple of ndarray
        Read-only where it comes from a cache.
    """
    if cache is None:
        return function(array, *settings)
    return cache.compute(function, array, *settings)


def _key(function: Callable[..., Any], array: NDArray[Any], settings: Key) -> Key:
    digest = hashlib.blake2b(array.view(np.uint8).data, digest_size=16).digest()
    return function, digest, array.shape, array.dtype.str, settings


def _arrays(result: NDArray[Any] | tuple[NDArray[Any], ...]) -> tuple[NDArray[Any], ...]:
    parts = result if isinstance(result, tuple) else (result,)
    return tuple(part for part in parts if isinstance(part, np.ndarray))


def _nbytes(result: NDArray[Any] | tuple[NDArray[Any], ...]) -> int:
    parts = result if isinstance(result, tuple) else (result,)
    return sum(part.nbytes for part in parts)
