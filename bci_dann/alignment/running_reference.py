"""Running references: a mean of covariances that follows trials one after another.

Re-centring of a session by the mean of all its trials needs all of them. A step along the geodesic
from the reference to each trial that passes takes constant time and memory: Zanini, Congedo,
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

__all__ = ["LARGEST_RATIO", "MOMENTUM", "PRIOR_TRIALS", "RunningReference", "moved_reference"]

# As how many trials the reference counts from which a session starts: that of the sources, or of
# the session before. Empirical: 5, 10 and 20 differ by less than a point on MI-OpenBCI cut to five
# channels.
PRIOR_TRIALS = 10
# The least weight of the newest trial; a reference looks back on about 1 / MOMENTUM trials.
# Empirical: 0 to 0.1 differ by a point on the same data, and 0.05 is as good as any.
MOMENTUM = 0.05
# A trial whose power along any direction is more than so many times the reference, or so many
# times smaller, counts as if it were not. Empirical: one trial in a hundred of MI-OpenBCI has more.
LARGEST_RATIO = 10.0
# The amplitude of a new subject is the median over so many first trials: two artefacts in five do
# not change it much.
FIRST_TRIALS = 5


@dataclass(frozen=True)
class RunningReference:
    """The progress of a reference that follows the trials of a session.

    Parameters
    ----------
    domain : str
        The session, as ``"subject/session"``.
    count : float
        How many trials the reference stands for, those of its start included.
    start_power : float
        Logarithm of the mean power (µV²) of the reference from which the subject starts; NaN
        where its amplitude is known already.
    powers : tuple of float
        Logarithms of the mean power of the first trials, at most five.
    """

    domain: str
    count: float
    start_power: float = float("nan")
    powers: tuple[float, ...] = ()

    @classmethod
    def of_new_subject(cls, domain: str, reference: NDArray[np.float64]) -> RunningReference:
        """Return the start from a reference of other subjects, whose amplitude may differ.

        Parameters
        ----------
        domain : str
            The session.
        reference : ndarray, shape (n_chans, n_chans)
            Where it starts.

        Returns
        -------
        RunningReference
            That has seen no trial.
        """
        return cls(domain, PRIOR_TRIALS, _log_power(reference))

    def rescaled(
        self, reference: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> tuple[RunningReference, NDArray[np.float64]]:
        """Give the start of a new subject the median power of its first trials.

        Parameters
        ----------
        reference : ndarray, shape (n_chans, n_chans)
            The reference so far.
        covariance : ndarray, shape (n_chans, n_chans)
            Of the next trial.

        Returns
        -------
        running : RunningReference
            With the power of this trial, if it is one of the first.
        reference : ndarray, shape (n_chans, n_chans)
            Rescaled as far as it still is that of the start.
        """
        if np.isnan(self.start_power) or len(self.powers) == FIRST_TRIALS:
            return self, reference
        powers = (*self.powers, _log_power(covariance))
        before = np.median(self.powers) if self.powers else self.start_power
        share = PRIOR_TRIALS / self.count
        factor = np.exp(share * (np.median(powers) - before))
        return replace(self, powers=powers), reference * factor

    def next_weight(self) -> tuple[RunningReference, float]:
        """Return the progress after one more trial, and the weight of that trial.

        Returns
        -------
        running : RunningReference
            With a count that is one higher.
        weight : float
            ``max(1 / count, MOMENTUM)``.
        """
        count = self.count + 1
        return replace(self, count=count), max(1.0 / count, MOMENTUM)

    def to_array(self) -> NDArray[np.float64]:
        """Return the progress as numbers, to be saved; see :meth:`from_array`."""
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


def moved_reference(
    reference: NDArray[np.float64],
    whitening: NDArray[np.float64],
    covariance: NDArray[np.float64],
    weight: float,
    mean: str,
    cache: ResultCache | None = None,
) -> NDArray[np.float64]:
    """Return a reference after a step towards the covariance of a trial.

    The Riemannian step is ``R^(1/2) (R^(-1/2) C R^(-1/2))^t R^(1/2)``, the Euclidean one
    ``(1 - t) R + t C``. Eigenvalues of ``R^(-1/2) C R^(-1/2)`` are limited to a factor of 10 first,
    so that the step towards an artefact is no longer than that towards a strong trial.

    Parameters
    ----------
    reference : ndarray, shape (n_chans, n_chans)
        The reference ``R`` (µV²); it may lack directions, as after an average reference.
    whitening : ndarray, shape (n_chans, n_chans)
        Its ``R^(-1/2)``.
    covariance : ndarray, shape (n_chans, n_chans)
        The covariance ``C`` of the trial (µV²).
    weight : float
        The length ``t`` of the step, 0 to 1.
    mean : {"riemannian", "euclidean"}
        The geometry.
    cache : ResultCache or None
        Where the decompositions of a trial that was just predicted are found again.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric.
    """
    # as a batch of one, in which form features are computed, so that a cache finds it
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
    """Return eigenvalues and eigenvectors of symmetric matrices, as a pair that can be cached.

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
