"""Checks across the recordings of a dataset: the same unit, and no repeated recordings."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from bci_dann.data.trials import EEGTrials
from bci_dann.exceptions import BCIDannWarning, DataError

__all__ = ["RecordingComparison"]

# Ratio of the typical amplitudes of two recordings that indicates another unit: units differ
# by 1000. Empirical: over 58 real recordings of two datasets amplitudes in the pass band lie
# within a factor of 7; amplifiers that are set wrongly reach 15.
RECORDING_RATIO = 100.0

# Trials of each recording that are compared with those of others, and the correlation above which
# two trials are the same signal. Empirical: first trials of MI-OpenBCI reach 0.86 from 8 to 30 Hz,
# and unfiltered, with the mains, 0.973, also between subjects.
COMPARED_TRIALS = 3
SAME_SIGNAL = 0.9999


class RecordingComparison:
    """Comparison of each recording with the previous ones."""

    def __init__(self) -> None:
        self._typical: list[tuple[str, float]] = []
        self._signals: dict[str, list[tuple[str, NDArray[np.float64]]]] = {}

    def add(self, name: str, trials: EEGTrials, typical_uv: float) -> None:
        """Compare a recording with the previous ones, and add it to them.

        Parameters
        ----------
        name : str
            Name of the recording in messages.
        trials : EEGTrials
            Its trials, of one subject.
        typical_uv : float
            Its typical amplitude (µV).

        Raises
        ------
        DataError
            When its unit differs, or its first trials are equal to those of another subject.

        Warns
        -----
        BCIDannWarning
            When its first trials are equal to those of another recording of the subject.
        """
        self._check_unit(name, typical_uv)
        subject = str(trials.subjects[0])
        own = [_standardised(trial) for trial in trials.X[:COMPARED_TRIALS]]
        for other, known in self._signals.items():
            copies = [
                other_name
                for other_name, signal in known
                if any(_correlation(signal, one) > SAME_SIGNAL for one in own)
            ]
            if copies and other != subject:
                raise DataError(
                    f"{name} and {copies[0]} have the same signals, under two subjects: the "
                    "labels of one would be known when the other is the target. Leave one of "
                    "them out with `exclude` or `subjects`."
                )
            if copies:
                warnings.warn(
                    f"{name} and {copies[0]} have the same signals, so their trials count twice. "
                    "Leave one of them out with `exclude`, or with a pattern that excludes it.",
                    BCIDannWarning,
                    stacklevel=3,
                )
        self._signals.setdefault(subject, []).extend((name, signal) for signal in own)

    def _check_unit(self, name: str, typical_uv: float) -> None:
        if not np.isfinite(typical_uv):
            return
        if self._typical:
            usual = float(np.exp(np.median(np.log([value for _, value in self._typical]))))
            ratio = typical_uv / usual
            if not 1 / RECORDING_RATIO < ratio < RECORDING_RATIO:
                first = self._typical[0]
                raise DataError(
                    f"{name} has a typical amplitude of {typical_uv:.3g} µV, and the recordings "
                    f"before it (the first is {first[0]}) have {usual:.3g} µV: their units differ. "
                    "Give the factor of single files by a pattern, as in `unit_scale: "
                    '{"S3/*": 1.0e-6}`, or leave the file out with `exclude`.'
                )
        self._typical.append((name, typical_uv))


def _standardised(trial: NDArray[np.float32]) -> NDArray[np.float64]:
    flat = trial.astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(flat)
    return np.asarray(flat / norm if norm else flat)


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.vdot(first, second)) if first.shape == second.shape else 0.0
