"""The last samples of a stream, in memory of one size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleRing"]


class SampleRing:
    """A ring buffer of the last samples.

    Parameters
    ----------
    n_chans : int
        Number of channels.
    n_times : int
        Samples that it keeps.
    """

    def __init__(self, n_chans: int, n_times: int) -> None:
        # each sample is written twice, so that the last ones always lie side by side
        self._samples = np.zeros((n_chans, 2 * n_times))
        self._n_times, self._next = n_times, 0
        self.n_filled = 0

    @property
    def is_full(self) -> bool:  # numpydoc ignore=RT01
        """Whether all of its samples belong to one stretch of signal."""
        return self.n_filled == self._n_times

    def clear(self) -> None:
        """Start a new stretch of signal."""
        self.n_filled = 0

    def extend(self, samples: NDArray[np.float64]) -> None:
        """Append samples, in the place of the oldest ones.

        Parameters
        ----------
        samples : ndarray, shape (n_chans, n_samples)
            The next samples.
        """
        size = self._n_times
        latest = samples[:, -size:]
        places = (self._next + np.arange(latest.shape[1])) % size
        self._samples[:, places] = latest
        self._samples[:, places + size] = latest
        self._next = (self._next + latest.shape[1]) % size
        self.n_filled = min(size, self.n_filled + latest.shape[1])

    def last(self) -> NDArray[np.float64]:
        """Return the samples, the oldest first.

        Returns
        -------
        ndarray, shape (n_chans, n_times)
            A view, until the next samples come.
        """
        return self._samples[:, self._next : self._next + self._n_times]
