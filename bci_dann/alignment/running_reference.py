"""Running references: a mean of covariances that is updated trial by trial.

The mean over a whole session is known only at its end. Online, the reference moves a step along the
geodesic towards each new trial, in constant time and memory: Zanini, Congedo,
Jutten, Said and Berthoumieu (2018), "Transfer learning: a Riemannian geometry framework with
applications to brain-computer interfaces", IEEE Trans. Biomed. Eng. 65(5), 1107-1116; Kumar,
Alawieh, Racz, Fakhreddine and Millán (2024), "Transfer learning promotes acquisition of individual
BCI skills", PNAS Nexus 3(2), pgae076, who re-centre online in this way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bci_dann._arrays import floored_log
from bci_dann.alignment.outlying_directions import (
    LARGEST_GAIN,
    LARGEST_OUTLYING_SHARE,
    OUTLYING_RATIO,
    trial_gains,
    without_outliers,
)
from bci_dann.alignment.result_cache import ResultCache, cached
from bci_dann.alignment.whitening import eigen, inverse_square_root

__all__ = ["LARGEST_RATIO", "MOMENTUM", "PRIOR_TRIALS", "RunningReference"]

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
        Logarithm of the power (µV², median over channels) of the initial reference of a new
        subject; NaN where the subject's amplitude is already known.
    powers : tuple of float
        Logarithms of the power of the first trials, at most five.
    outlying_share : float
        Running mean of how many trials have a direction of outlying power, 0 to 1.
    """

    domain: str
    count: float
    start_power: float = float("nan")
    powers: tuple[float, ...] = ()
    outlying_share: float = 0.0

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

    def step(
        self,
        reference: NDArray[np.float64],
        covariance: NDArray[np.float64],
        mean: str,
        cache: ResultCache | None = None,
    ) -> tuple[RunningReference, NDArray[np.float64]]:
        """Move the reference towards the covariance of the next trial.

        The Riemannian step is ``R^(1/2) (R^(-1/2) C R^(-1/2))^t R^(1/2)``, the Euclidean one
        ``(1 - t) R + t C``, where ``t`` is ``max(1 / count, MOMENTUM)``. Directions of outlying
        power, such as that of a loose electrode, are left out, unless many of the last trials have
        one: then the session has changed. All other ratios of power are clipped to a factor of 10,
        so that the step towards an artefact is no longer than that towards a trial of high power.

        Parameters
        ----------
        reference : ndarray, shape (n_chans, n_chans)
            The reference ``R`` (µV²); it may be rank-deficient, as after an average reference.
        covariance : ndarray, shape (n_chans, n_chans)
            The covariance ``C`` of the trial (µV²).
        mean : {"riemannian", "euclidean"}
            The kind of mean, which determines the geometry of the step.
        cache : ResultCache or None
            Cache that may hold the decompositions of the trial, if it has just been predicted.

        Returns
        -------
        running : RunningReference
            The state after this trial.
        reference : ndarray, shape (n_chans, n_chans)
            Symmetric (µV²).
        """
        running, reference = self._rescaled(reference, covariance)
        whitening = cached(cache, inverse_square_root, reference)
        # a batch of one, as in the computation of features, so that the cache key is the same
        values, vectors = cached(cache, eigen, whitening @ covariance[None] @ whitening)
        log_powers = floored_log(values)
        gains = trial_gains(covariance[None], np.diagonal(reference))
        running, weight = running._counted(log_powers[0, -1] - gains[0] > math.log(OUTLYING_RATIO))
        limited = running._limited(log_powers, gains)
        if mean == "euclidean" and np.array_equal(limited, log_powers):
            return running, (1.0 - weight) * reference + weight * covariance
        if mean == "euclidean":
            moved = 1.0 - weight + weight * np.exp(limited)
        else:
            moved = np.exp(weight * np.maximum(limited, -math.log(LARGEST_RATIO)))
        outward = reference @ whitening @ vectors[0]
        stepped = (outward * moved) @ outward.T
        return running, (stepped + stepped.T) / 2

    def _rescaled(
        self, reference: NDArray[np.float64], covariance: NDArray[np.float64]
    ) -> tuple[RunningReference, NDArray[np.float64]]:
        """Scale the reference of a new subject to the median power of its first trials.

        It is scaled as a whole, so that an artefact among these trials does not set the amplitude.
        """
        if np.isnan(self.start_power) or len(self.powers) == FIRST_TRIALS:
            return self, reference
        power = _log_power(covariance)
        if abs(power - self.start_power) > math.log(LARGEST_GAIN):  # a flat trial
            return self, reference
        powers = (*self.powers, power)
        before = np.median(self.powers) if self.powers else self.start_power
        factor = np.exp(np.median(powers) - before)
        return replace(self, powers=powers), reference * factor

    def _counted(self, has_outliers: bool) -> tuple[RunningReference, float]:
        """Return the state after one more trial, and the weight of that trial."""
        count = self.count + 1
        weight = max(1.0 / count, MOMENTUM)
        share = self.outlying_share + weight * (float(has_outliers) - self.outlying_share)
        return replace(self, count=count, outlying_share=share), weight

    def _limited(
        self, log_powers: NDArray[np.float64], gains: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return log powers without outlying directions, and no larger than the limit."""
        if self.outlying_share <= LARGEST_OUTLYING_SHARE:
            log_powers = without_outliers(log_powers, gains)
        return np.minimum(log_powers, math.log(LARGEST_RATIO))

    def to_array(self) -> NDArray[np.float64]:
        """Return the count and the powers, for saving; see :meth:`from_array`."""
        return np.array([self.count, self.start_power, *self.powers])

    @classmethod
    def from_array(
        cls, domain: str, array: NDArray[np.float64], outlying_share: float
    ) -> RunningReference:
        """Restore what :meth:`to_array` returned.

        Parameters
        ----------
        domain : str
            The session.
        array : ndarray
            As returned.
        outlying_share : float
            The attribute of this name.

        Returns
        -------
        RunningReference
            The same.
        """
        count, start_power, *powers = array.tolist()
        return cls(domain, count, start_power, tuple(powers), outlying_share)


def _log_power(covariance: NDArray[np.float64]) -> float:
    """Return the logarithm of the power of a trial, the median over channels."""
    return float(np.median(floored_log(np.diagonal(covariance))))
