"""Storage of artefact-free, non-overlapping windows of a stream, to adapt a model to them."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["CleanWindows"]

# The fewest windows to adapt to: a reference is a mean of covariances.
FEWEST = 2


class CleanWindows:
    """Keeps the latest artefact-free windows that do not overlap.

    Parameters
    ----------
    n_samples : int
        Length of a window in samples of the stream.
    most : int
        Maximum number of windows; the oldest are dropped.
    """

    def __init__(self, n_samples: int, most: int) -> None:
        self._n_samples = n_samples
        self._kept: deque[NDArray[np.float32]] = deque(maxlen=most)
        self.restart()

    def __len__(self) -> int:
        return len(self._kept)

    def restart(self) -> None:
        """Reset the sample counter; stored windows are kept."""
        self._free_from = 0

    def offer(self, window: NDArray[np.float32], position: int) -> bool:
        """Store a window, unless it overlaps with the last stored window.

        Parameters
        ----------
        window : ndarray, shape (n_chans, n_times)
            The window as input of the model (µV).
        position : int
            Number of samples of the stream up to the end of the window.

        Returns
        -------
        bool
            Whether the window was stored.
        """
        if position - self._n_samples < self._free_from:
            return False
        self._free_from = position
        self._kept.append(window.copy())
        return True

    def trials(self) -> NDArray[np.float32]:
        """Return the stored windows in the order of recording.

        Returns
        -------
        ndarray, shape (n_windows, n_chans, n_times)
            In microvolt.

        Raises
        ------
        DataError
            When there are fewer than two windows.
        """
        if len(self._kept) < FEWEST:
            raise DataError(
                f"adaptation needs at least {FEWEST} artefact-free windows of the stream, better "
                f"20 or more; got {len(self._kept)}. Push more of the signal, or check `reason` "
                "and `faults` of the decisions."
            )
        return np.stack(self._kept)
