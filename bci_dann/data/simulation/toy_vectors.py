"""Two-dimensional toy data with a known domain shift: shifted blobs and rotated moons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_moons

__all__ = ["ToyPair", "rotated_moons", "shifted_blobs"]

# Distance of the two classes along the first axis, standard deviation of each, and shift of the
# target. Empirical: the classes do not overlap, and with a boundary perpendicular to the first axis
# nearly all of the target is assigned to one class.
CLASS_DISTANCE, BLOB_SPREAD, BLOB_SHIFT = 2.0, 0.25, (1.4, 1.4)

# Standard deviation of the moons around their arcs. Empirical: the classes do not overlap.
MOONS_NOISE = 0.05


@dataclass(frozen=True)
class ToyPair:  # numpydoc ignore=PR02
    """A labelled source domain and a shifted target domain.

    Parameters
    ----------
    X_source : ndarray, shape (n_samples, 2)
        Feature vectors of the source.
    y_source : ndarray of int, shape (n_samples,)
        Their labels, 0 or 1.
    X_target : ndarray, shape (n_samples, 2)
        Feature vectors of the target.
    y_target : ndarray of int, shape (n_samples,)
        Their labels, for scoring only.
    """

    X_source: NDArray[np.float64]
    y_source: NDArray[np.int64]
    X_target: NDArray[np.float64]
    y_target: NDArray[np.int64]


def shifted_blobs(n_samples: int = 400, random_state: Any = None) -> ToyPair:
    """Draw two blobs as source, and the same two shifted diagonally as target.

    The distance of the classes along the first axis is 2, and the target is shifted by 1.4 along
    both axes. With a boundary perpendicular to the first axis, nearly all of the target is
    therefore assigned to one class. The difference of the two axes has the same distribution in
    both domains, and separates the classes.

    Parameters
    ----------
    n_samples : int
        Number of samples of each domain, half of them in each class.
    random_state : None, int or numpy.random.Generator
        Seed of the draw.

    Returns
    -------
    ToyPair
        Source and target.
    """
    rng = np.random.default_rng(random_state)
    y = np.tile([0, 1], n_samples // 2)
    centers = np.stack([CLASS_DISTANCE * y, 0.0 * y], axis=1)
    source = centers + rng.normal(scale=BLOB_SPREAD, size=centers.shape)
    target = centers + rng.normal(scale=BLOB_SPREAD, size=centers.shape) + BLOB_SHIFT
    return ToyPair(source, y, target, y)


def rotated_moons(n_samples: int = 300, degrees: float = 35.0, random_state: int = 0) -> ToyPair:
    """Draw two moons as source, and two others, rotated about the centre, as target.

    As in Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59),
    section 5.1.1, where the angle is 35 degrees.

    Parameters
    ----------
    n_samples : int
        Number of samples of each domain.
    degrees : float
        Angle of the rotation (degrees).
    random_state : int
        Seed of the draw.

    Returns
    -------
    ToyPair
        Source and target.
    """
    seeds = np.random.SeedSequence(random_state).generate_state(2)
    X, y = make_moons(n_samples, noise=MOONS_NOISE, random_state=int(seeds[0]))
    X_new, y_new = make_moons(n_samples, noise=MOONS_NOISE, random_state=int(seeds[1]))
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = X.mean(axis=0)
    return ToyPair(X, y, (X_new - center) @ rotation.T + center, y_new)
