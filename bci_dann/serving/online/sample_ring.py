"""Ring buffer for the last samples of a stream, with constant memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SampleRing"]


class SampleRing:
    """Ring buffer for the last samples of several channels.

    Parameters
    ----------
    n_chans : int
        Number of channels.
    n_times : int
        Number of samples of each channel.
    """

    def __init__(self, n_chans: int, n_times: int) -> None:
        # each sample is written twice, so that the last samples are always contiguous
        self._samples = np.zeros((n_chans, 2 * n_times))
        self._n_times, self._next = n_times, 0
        self.n_filled = 0

    @property
    def is_full(self) -> bool:  # numpydoc ignore=RT01
        """Whether the buffer is filled with samples of one uninterrupted signal."""
        return self.n_filled == self._n_times

    def clear(self) -> None:
        """Discard all samples, as needed after an interruption."""
        self.n_filled = 0

    def extend(self, samples: NDArray[np.float64]) -> None:
        """Append samples; the oldest ones are overwritten.

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
        """Return the samples, oldest first.

        Returns
        -------
        ndarray, shape (n_chans, n_times)
            A view, valid until the next samples are appended.
        """
        return self._samples[:, self._next : self._next + self._n_times]
