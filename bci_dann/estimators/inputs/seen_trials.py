"""Values for trials that a model has adapted to, looked up by a digest of the samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["SeenTrials", "trial_digests"]

DIGEST_BYTES = 8


def trial_digests(X: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a hash of the samples of each trial.

    Parameters
    ----------
    X : ndarray, shape (n_trials, ...)
        Trials.

    Returns
    -------
    ndarray of uint64, shape (n_trials,)
        Hashes of the samples in single precision.
    """
    rows = (np.asarray(trial, dtype=np.float32).tobytes() for trial in X)
    digests = b"".join(hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest() for row in rows)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


class SeenTrials:
    """A table of values for the trials that a model has adapted to.

    Parameters
    ----------
    digests : ndarray of uint64, shape (n_seen,)
        The result of :func:`trial_digests`.
    values : ndarray, shape (n_seen, n_values)
        The values of each trial, such as corrections of its logits.
    """

    def __init__(self, digests: NDArray[np.uint64], values: NDArray[np.float64]) -> None:
        self.digests, first = np.unique(digests, return_index=True)
        self.values = values[first]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_values: int) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            In models of version 0.1.0 these arrays are missing; the table is then empty.
        n_values : int
            Number of values of a trial.

        Returns
        -------
        SeenTrials
            The same.
        """
        digests = arrays.get("seen.digests", np.empty(0, dtype=np.uint64))
        return cls(digests, arrays.get("seen.values", np.empty((0, n_values))))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the table as arrays, for saving.

        Returns
        -------
        dict of str to ndarray
            ``seen.digests`` and ``seen.values``.
        """
        return {"seen.digests": self.digests, "seen.values": self.values}

    def values_of(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the values of trials, in any order and number.

        Parameters
        ----------
        X : ndarray, shape (n_trials, ...)
            Trials before alignment; known ones have exactly the samples that were adapted to.

        Returns
        -------
        ndarray, shape (n_trials, n_values)
            Zeros for unknown trials.
        """
        values = np.zeros((len(X), self.values.shape[1]))
        if len(self.digests):
            digests = trial_digests(X)
            where = np.searchsorted(self.digests, digests).clip(max=len(self.digests) - 1)
            known = self.digests[where] == digests
            values[known] = self.values[where[known]]
        return values
