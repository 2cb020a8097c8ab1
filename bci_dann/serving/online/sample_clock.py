"""The clock of a stream: times of samples, lost samples, and those that come late or twice."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bci_dann.exceptions import DataError

__all__ = ["Placement", "SampleClock"]

# Least number of samples between the time of a chunk and the time that it should have, from which
# samples were lost or came before.
FEWEST_SAMPLES = 1.5

# Share of the difference by which the clock follows each chunk: drift is followed, jitter is not.
# With 100 ppm and chunks of a second the clock stays 1 ms behind.
FOLLOWING = 0.1

# A chunk that is earlier than this (s) does not come late: the clock of the source was set anew.
RESTARTED_S = 10.0


@dataclass(frozen=True)
class Placement:
    """Where a chunk belongs.

    Parameters
    ----------
    n_before : int
        Its first samples that were there before: the chunk came late, or twice.
    is_gap : bool
        Whether samples are missing between the chunk before and this one.
    """

    n_before: int = 0
    is_gap: bool = False


class SampleClock:
    """Counts samples, and compares the count with the times that chunks bring.

    Parameters
    ----------
    sfreq : float
        Nominal sampling frequency (Hz).
    jitter_s : float
        By how much the times of chunks may be wrong before samples were lost, or come late (s).
    """

    def __init__(self, sfreq: float, jitter_s: float) -> None:
        self._sfreq = sfreq
        self._tolerance_s = max(jitter_s, FEWEST_SAMPLES / sfreq)
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self._next_s = 0.0
        self._last_given: float | None = None

    @property
    def last_s(self) -> float:  # numpydoc ignore=RT01
        """Time of the last sample (s); before the first one, a sample before zero."""
        return self._next_s - 1.0 / self._sfreq

    def advance(self, n_samples: int) -> None:
        """Count samples.

        Parameters
        ----------
        n_samples : int
            How many came.
        """
        self._next_s += n_samples / self._sfreq

    def skip(self, seconds: float) -> None:
        """Let time pass without samples.

        Parameters
        ----------
        seconds : float
            How much.
        """
        self._next_s += seconds

    def place(self, n_samples: int, time: float | None) -> Placement:
        """Compare the time of a chunk with that of the sample that should come next.

        Parameters
        ----------
        n_samples : int
            Samples in the chunk.
        time : float or None
            Time of its first sample (s); ``None`` where it follows the chunk before.

        Returns
        -------
        Placement
            What was there before, or is missing.

        Raises
        ------
        DataError
            When the time is no finite number.
        """
        if time is None or not n_samples:
            return Placement()
        if not _is_finite(time):
            raise DataError(f"time must be a finite number of seconds; got {time!r}.")
        if time == self._last_given:  # however short the chunk is
            return Placement(n_before=n_samples)
        difference = time - self._next_s
        if self._last_given is None:
            self._next_s, self._last_given = time, time
            return Placement()
        if -RESTARTED_S < difference < -self._tolerance_s:
            n_before = min(n_samples, round(-difference * self._sfreq))
            if n_before < n_samples:
                self._last_given = time
            return Placement(n_before=n_before)
        self._last_given = time
        if abs(difference) > self._tolerance_s:
            self._next_s = time
            return Placement(is_gap=True)
        self._next_s += FOLLOWING * difference
        return Placement()


def _is_finite(time: float) -> bool:
    try:
        return math.isfinite(time)
    except TypeError:  # no number
        return False
