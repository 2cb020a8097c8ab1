"""Plain vectors with a known shift, on which domain adaptation can be watched working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_moons

__all__ = ["ToyPair", "rotated_moons", "shifted_blobs"]

BLOB_SHIFT = (1.4, 1.4)


@dataclass(frozen=True)
class ToyPair:
    """A labelled source and a shifted target.

    Parameters
    ----------
    X_source, X_target : ndarray, shape (n_samples, 2)
        Feature vectors.
    y_source, y_target : ndarray of int, shape (n_samples,)
        Labels; the target's are for scoring only.
    """

    X_source: NDArray[np.float64]
    y_source: NDArray[np.int64]
    X_target: NDArray[np.float64]
    y_target: NDArray[np.int64]


def shifted_blobs(n_samples: int = 400, random_state: Any = None) -> ToyPair:
    """Draw two blobs, and the same two moved diagonally.

    The classes lie 2 apart along the first axis, and the target is moved by 1.4 along both
    axes. A boundary across the first axis therefore gives nearly the whole target to one
    class, while the difference of the axes is the same in both domains and still separates
    the classes.

    Parameters
    ----------
    n_samples : int
        Samples of each domain, half of each class.
    random_state : None, int or numpy random generator
        Seeds the draw.

    Returns
    -------
    ToyPair
    """
    rng = np.random.default_rng(random_state)
    y = np.tile([0, 1], n_samples // 2)
    centers = np.stack([2.0 * y, 0.0 * y], axis=1)
    source = centers + rng.normal(scale=0.25, size=centers.shape)
    target = centers + rng.normal(scale=0.25, size=centers.shape) + BLOB_SHIFT
    return ToyPair(source, y, target, y)


def rotated_moons(n_samples: int = 300, degrees: float = 35.0, random_state: int = 0) -> ToyPair:
    """Draw two moons, and two more turned around the common centre.

    Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59),
    section 5.1.1, with 35 degrees.

    Parameters
    ----------
    n_samples : int
        Samples of each domain.
    degrees : float
        Angle of the rotation.
    random_state : int
        Seeds the draw.

    Returns
    -------
    ToyPair
    """
    seeds = np.random.SeedSequence(random_state).generate_state(2)
    X, y = make_moons(n_samples, noise=0.05, random_state=int(seeds[0]))
    X_new, y_new = make_moons(n_samples, noise=0.05, random_state=int(seeds[1]))
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = X.mean(axis=0)
    return ToyPair(X, y, (X_new - center) @ rotation.T + center, y_new)
