"""How much is left of a sample after weighting."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["effective_sample_size"]


def effective_sample_size(weights: ArrayLike) -> float:
    """Return ``(sum w)^2 / sum w^2``, the number of equally weighted trials worth as much.

    Kish (1965), "Survey Sampling", Wiley.

    Parameters
    ----------
    weights : array-like, shape (n_trials,)
        Non-negative weights.

    Returns
    -------
    float
        Between 1 and ``n_trials``; 0 when all weights are zero.
    """
    w = np.asarray(weights, dtype=np.float64)
    total = np.square(w).sum()
    return float(w.sum() ** 2 / total) if total > 0 else 0.0
