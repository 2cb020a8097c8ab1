"""Source weightings: trials count where the features lie in the range of the target's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def within_range(
    X_source: NDArray[np.float64], X_target: NDArray[np.float64], outside: float = 0.1
) -> NDArray[np.float64]:
    """Return weights of mean 1, which are smaller outside the range of the target.

    Parameters
    ----------
    X_source, X_target : ndarray, shape (n_trials, n_features)
        Features of the source and of the target trials.
    outside : float
        Weight of a trial outside the range, where one inside has 1.

    Returns
    -------
    ndarray, shape (n_source,)
    """
    inside = ((X_source >= X_target.min(axis=0)) & (X_source <= X_target.max(axis=0))).all(axis=1)
    weights = np.where(inside, 1.0, outside)
    return weights / weights.mean()


class NearCentre:
    """Weights ``exp(-d^2 / (2 width^2))``, with the distance to the centre of the target.

    Parameters
    ----------
    width : float
        In standard deviations of the target.
    """

    def __init__(self, width: float = 2.0) -> None:
        self.width = width

    def __call__(
        self, X_source: NDArray[np.float64], X_target: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return weights of mean 1; parameters as of :func:`within_range`."""
        z = (X_source - X_target.mean(axis=0)) / X_target.std(axis=0)
        weights = np.exp(-np.square(z).mean(axis=1) / (2 * self.width**2))
        return weights / weights.mean()
