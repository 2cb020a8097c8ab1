"""Sample clock of a stream: times of samples, detection of lost, late and repeated samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bci_dann.exceptions import DataError

__all__ = ["Placement", "SampleClock"]

# Smallest deviation, in samples, between the actual and the expected time of a chunk that counts as
# lost or repeated samples.
MIN_DEVIATION_SAMPLES = 1.5

# Share of the deviation by which the clock is corrected at each chunk, so that it follows drift but
# not jitter. With a drift of 100 ppm and chunks of a second, the clock lags by 1 ms.
CORRECTION_SHARE = 0.1

# Longest delay of a late chunk (s). If a chunk is even earlier than expected, the clock of the
# source was reset.
MAX_LATENESS_S = 10.0


@dataclass(frozen=True)
class Placement:
    """Result of comparing the time of a chunk with its expected time.

    Parameters
    ----------
    n_before : int
        Number of its first samples that were already received (the chunk is late or repeated).
    is_gap : bool
        Whether samples are missing before this chunk.
    """

    n_before: int = 0
    is_gap: bool = False


class SampleClock:
    """Counts samples, and compares the count with the time stamps of chunks.

    Parameters
    ----------
    sfreq : float
        Nominal sampling frequency (Hz).
    jitter_s : float
        Tolerance for the time stamps of chunks (s).
    """

    def __init__(self, sfreq: float, jitter_s: float) -> None:
        self._sfreq = sfreq
        self._tolerance_s = max(jitter_s, MIN_DEVIATION_SAMPLES / sfreq)
        self.reset()

    def reset(self) -> None:
        """Reset the clock to zero."""
        self._next_s = 0.0
        self._last_given: float | None = None

    @property
    def last_s(self) -> float:  # numpydoc ignore=RT01
        """Time of the last sample (s); before the first sample, one sample before zero."""
        return self._next_s - 1.0 / self._sfreq

    def advance(self, n_samples: int) -> None:
        """Count samples.

        Parameters
        ----------
        n_samples : int
            Number of samples received.
        """
        self._next_s += n_samples / self._sfreq

    def skip(self, seconds: float) -> None:
        """Advance the clock without samples.

        Parameters
        ----------
        seconds : float
            Duration (s).
        """
        self._next_s += seconds

    def place(self, n_samples: int, time: float | None) -> Placement:
        """Compare the time of a chunk with the expected time of the next sample.

        Parameters
        ----------
        n_samples : int
            Number of samples in the chunk.
        time : float or None
            Time of its first sample (s); ``None`` if it directly follows the previous chunk.

        Returns
        -------
        Placement
            Which samples were already received, and whether samples are missing.

        Raises
        ------
        DataError
            When the time is not a finite number.
        """
        if time is None or not n_samples:
            return Placement()
        if not _is_finite(time):
            raise DataError(f"time must be a finite number of seconds; got {time!r}.")
        if time == self._last_given:  # a repeated chunk, even a short one
            return Placement(n_before=n_samples)
        if self._last_given is None:  # the first time stamp sets the clock
            self._next_s, self._last_given = time, time
            return Placement()
        difference = time - self._next_s
        if -MAX_LATENESS_S < difference < -self._tolerance_s:  # late: the clock stays as it is
            n_before = min(n_samples, round(-difference * self._sfreq))
            if n_before < n_samples:
                self._last_given = time
            return Placement(n_before=n_before)
        self._last_given = time
        if abs(difference) > self._tolerance_s:  # lost samples, or a clock that was reset
            self._next_s = time
            return Placement(is_gap=True)
        self._next_s += CORRECTION_SHARE * difference  # in time, up to jitter and drift
        return Placement()


def _is_finite(time: float) -> bool:
    try:
        return math.isfinite(time)
    except TypeError:  # not a number
        return False
