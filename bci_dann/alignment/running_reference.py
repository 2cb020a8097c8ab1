"""Running references: a mean of covariances that is updated trial by trial.

The mean over a whole session is known only at its end. Online, the reference moves a step along the
geodesic towards each new trial, in constant time and memory: Zanini, Congedo,
Jutten, Said and Berthoumieu (2018), "Transfer learning: a Riemannian geometry framework with
applications to brain-computer interfaces", IEEE Trans. Biomed. Eng. 65(5), 1107-1116; Kumar,
Alawieh, Racz, Fakhreddine and Millán (2024), "Transfer learning promotes acquisition of individual
BCI skills", PNAS Nexus 3(2), pgae076, who re-centre online in this way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.result_cache import ResultCache, cached

__all__ = [
    "LARGEST_RATIO",
    "MOMENTUM",
    "PRIOR_TRIALS",
    "RunningReference",
    "step_towards_covariance",
]

# Weight, in trials, of the initial reference of a session: that of the sources, or of the previous
# session. Empirical: subjects differ more than trials do. With 10, accuracy over the first 20
# trials of a subject is 5 to 11 points lower on MI-OpenBCI, whole and cut to five channels, and on
# two simulated datasets, and up to a point lower afterwards; with 1 and 4 it is between or equal.
PRIOR_TRIALS = 2
# The smallest weight of the newest trial; the reference averages over about 1 / MOMENTUM trials.
# Empirical: 0 to 0.1 differ by a point on the same data, and 0.05 is as good as any.
MOMENTUM = 0.05
# Largest ratio of power between a trial and the reference, and inverse of the smallest, along any
# direction; beyond them a trial is clipped. Empirical: one trial in a hundred of MI-OpenBCI is.
LARGEST_RATIO = 10.0
# First trials whose median power gives the amplitude of a new subject: two artefacts in five trials
# do not change a median much.
FIRST_TRIALS = 5


@dataclass(frozen=True)
class RunningReference:
    """How far the reference of a session has been updated.

    Parameters
    ----------
    domain : str
        The session, as ``"subject/session"``.
    count : float
        Number of trials behind the reference, including the weight of the initial one.
    start_power : float
        Logarithm of the mean power (µV²) of the initial reference of a new subject; NaN where the
        subject's amplitude is already known.
    powers : tuple of float
        Logarithms of the mean power of the first trials, at most five.
    """

    domain: str
    count: float
    start_power: float = float("nan")
    powers: tuple[float, ...] = ()

    @classmethod
    def of_new_subject(cls, domain: str, reference: NDArray[np.float64]) -> RunningReference:
        """Return the initial state for a reference of other subjects, whose amplitude may differ.

        Parameters
        ----------
        domain : str
            The session.
        reference : ndarray, shape (n_chans, n_chans)
            The initial reference (µV²).

        Returns
        -------
        RunningReference
            Before the first trial.
        """
        return cls(domain, PRIOR_TRIALS, _log_power(reference))

    def rescaled(
        self, reference: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> tuple[RunningReference, NDArray[np.float64]]:
        """Scale the reference of a new subject to the median power of its first trials.

        Parameters
        ----------
        reference : ndarray, shape (n_chans, n_chans)
            The current reference (µV²).
        covariance : ndarray, shape (n_chans, n_chans)
            Covariance of the next trial (µV²).

        Returns
        -------
        running : RunningReference
            Includes the power of this trial, if it is one of the first.
        reference : ndarray, shape (n_chans, n_chans)
            Rescaled as a whole, so that an artefact among these trials does not set the amplitude.
        """
        if np.isnan(self.start_power) or len(self.powers) == FIRST_TRIALS:
            return self, reference
        powers = (*self.powers, _log_power(covariance))
        before = np.median(self.powers) if self.powers else self.start_power
        factor = np.exp(np.median(powers) - before)
        return replace(self, powers=powers), reference * factor

    def next_weight(self) -> tuple[RunningReference, float]:
        """Return the state after one more trial, and the weight of that trial.

        Returns
        -------
        running : RunningReference
            With ``count`` increased by one.
        weight : float
            ``max(1 / count, MOMENTUM)``.
        """
        count = self.count + 1
        return replace(self, count=count), max(1.0 / count, MOMENTUM)

    def to_array(self) -> NDArray[np.float64]:
        """Return the state as numbers, for saving; see :meth:`from_array`."""
        return np.array([self.count, self.start_power, *self.powers])

    @classmethod
    def from_array(cls, domain: str, array: NDArray[np.float64]) -> RunningReference:
        """Restore what :meth:`to_array` returned.

        Parameters
        ----------
        domain : str
            The session.
        array : ndarray
            As returned.

        Returns
        -------
        RunningReference
            The same.
        """
        count, start_power, *powers = array.tolist()
        return cls(domain, count, start_power, tuple(powers))


def step_towards_covariance(
    reference: NDArray[np.float64],
    whitening: NDArray[np.float64],
    covariance: NDArray[np.float64],
    weight: float,
    mean: str,
    cache: ResultCache | None = None,
) -> NDArray[np.float64]:
    """Return a reference after a step towards the covariance of a trial.

    The Riemannian step is ``R^(1/2) (R^(-1/2) C R^(-1/2))^t R^(1/2)``, the Euclidean one
    ``(1 - t) R + t C``. Eigenvalues of ``R^(-1/2) C R^(-1/2)`` are first clipped to a factor of 10,
    so that the step towards an artefact is no longer than that towards a trial of high power.

    Parameters
    ----------
    reference : ndarray, shape (n_chans, n_chans)
        The reference ``R`` (µV²); it may be rank-deficient, as after an average reference.
    whitening : ndarray, shape (n_chans, n_chans)
        ``R^(-1/2)``.
    covariance : ndarray, shape (n_chans, n_chans)
        The covariance ``C`` of the trial (µV²).
    weight : float
        The length ``t`` of the step, 0 to 1.
    mean : {"riemannian", "euclidean"}
        The kind of mean, which determines the geometry of the step.
    cache : ResultCache or None
        Cache that may hold the decompositions of the trial, if it has just been predicted.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric.
    """
    # a batch of one, as in the computation of features, so that the cache key is the same
    whitened = whitening @ covariance[None] @ whitening
    values, vectors = (part[0] for part in cached(cache, eigen, whitened))
    if mean == "euclidean" and values[-1] <= LARGEST_RATIO:
        return (1.0 - weight) * reference + weight * covariance
    root = reference @ whitening
    limited = np.clip(values, 1.0 / LARGEST_RATIO, LARGEST_RATIO)
    if mean == "euclidean":
        limited = np.minimum(values, LARGEST_RATIO)
    moved = limited**weight if mean == "riemannian" else 1.0 - weight + weight * limited
    outward = root @ vectors
    stepped = (outward * moved) @ outward.T
    return np.asarray((stepped + stepped.T) / 2)


def eigen(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eigenvalues and eigenvectors of symmetric matrices, as a plain tuple for the cache.

    Parameters
    ----------
    matrix : ndarray, shape (..., n, n)
        Symmetric.

    Returns
    -------
    values : ndarray, shape (..., n)
        In ascending order.
    vectors : ndarray, shape (..., n, n)
        One in each column.
    """
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors


def _log_power(covariance: NDArray[np.float64]) -> float:
    return float(np.log(np.trace(covariance) / len(covariance)))
