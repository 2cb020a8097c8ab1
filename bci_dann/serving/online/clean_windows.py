"""Clean windows of a stream that do not overlap, which a model is adapted to."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import DataError

__all__ = ["CleanWindows"]

# A reference is a mean of covariances, which needs two at least.
FEWEST = 2


class CleanWindows:
    """Keeps the last clean windows, none of which shares a sample with another.

    Parameters
    ----------
    n_samples : int
        Samples of the stream in a window.
    most : int
        How many are kept.
    """

    def __init__(self, n_samples: int, most: int) -> None:
        self._n_samples = n_samples
        self._kept: deque[NDArray[np.float32]] = deque(maxlen=most)
        self.restart()

    def __len__(self) -> int:
        return len(self._kept)

    def restart(self) -> None:
        """Keep the windows, and count samples from zero again."""
        self._free_from = 0

    def offer(self, window: NDArray[np.float32], position: int) -> bool:
        """Keep a window, unless it overlaps with the one before.

        Parameters
        ----------
        window : ndarray, shape (n_chans, n_times)
            As the model gets it (µV).
        position : int
            Number of samples of the stream up to its end.

        Returns
        -------
        bool
            Whether it was kept.
        """
        if position - self._n_samples < self._free_from:
            return False
        self._free_from = position
        self._kept.append(window.copy())
        return True

    def trials(self) -> NDArray[np.float32]:
        """Return the windows in the order of recording.

        Returns
        -------
        ndarray, shape (n_windows, n_chans, n_times)
            In microvolt.

        Raises
        ------
        DataError
            When there are fewer than two.
        """
        if len(self._kept) < FEWEST:
            raise DataError(
                f"{len(self._kept)} clean windows of the stream are too few to adapt to: "
                f"{FEWEST} are needed, and 20 or more are worth it. Push more of the signal, or "
                "see from the decisions why windows are not clean."
            )
        return np.stack(self._kept)
