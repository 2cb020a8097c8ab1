"""Calibration learned from source subjects: temperature, thresholds of sets and abstention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.abstention import threshold_for_error
from bci_dann.estimators.calibration.conformal_sets import class_thresholds
from bci_dann.estimators.calibration.subject_weights import subject_balanced_weights
from bci_dann.estimators.calibration.temperature import fit_temperature, tempered

__all__ = ["Calibration", "CalibrationSettings"]


@dataclass(frozen=True)
class CalibrationSettings:
    """Settings of a calibration.

    Attributes
    ----------
    set_coverage : float
        Share of trials whose set contains the true class.
    conservative : bool
        See :func:`~bci_dann.estimators.calibration.conformal_sets.class_thresholds`.
    abstain_below : float or None
        Given threshold of abstention.
    max_error : float or None
        Largest error among answered trials, from which the threshold is computed.
    """

    set_coverage: float
    conservative: bool
    abstain_below: float | None
    max_error: float | None


@dataclass(frozen=True, eq=False)
class Calibration:
    """A fitted calibration of the probabilities of a method.

    Attributes
    ----------
    temperature : float
        Divides log-probabilities.
    class_thresholds : ndarray, shape (n_classes,)
        A class is in the set of a trial if its probability is at least this.
    abstain_below : float or None
        Abstain if the largest probability is below this; ``None`` never abstains.
    """

    temperature: float
    class_thresholds: NDArray[np.float64]
    abstain_below: float | None

    @classmethod
    def learn(
        cls,
        probabilities: NDArray[np.float64],
        labels: NDArray[np.int64],
        subjects: NDArray[np.str_],
        rules: CalibrationSettings,
    ) -> Self:
        """Learn from predictions by models that have not seen the labels of the trials.

        Parameters
        ----------
        probabilities : ndarray, shape (n_trials, n_classes)
            Uncalibrated class probabilities.
        labels : ndarray of int, shape (n_trials,)
            Indices of the true classes.
        subjects : ndarray of str, shape (n_trials,)
            The subject of each trial; all subjects have equal weight.
        rules : CalibrationSettings
            Settings of the calibration.

        Returns
        -------
        Calibration
            Its thresholds apply to probabilities after temperature scaling.
        """
        weights = subject_balanced_weights(subjects)
        temperature = fit_temperature(probabilities, labels, weights / weights.mean())
        calibrated = tempered(probabilities, temperature)
        thresholds = class_thresholds(
            calibrated, labels, subjects, rules.set_coverage, rules.conservative
        )
        below = rules.abstain_below
        if rules.max_error is not None:
            below = threshold_for_error(calibrated, labels, subjects, rules.max_error)
        return cls(temperature, thresholds, below)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the calibration as arrays, for saving.

        Returns
        -------
        dict of str to ndarray
            Input of :meth:`from_arrays`.
        """
        below = [] if self.abstain_below is None else [self.abstain_below]
        return {
            "temperature": np.array(self.temperature),
            "class_thresholds": self.class_thresholds,
            "abstain_below": np.array(below, dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore what :meth:`to_arrays` returned.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As they were saved.

        Returns
        -------
        Calibration
            The same.
        """
        below = arrays["abstain_below"]
        return cls(
            arrays["temperature"].item(),
            arrays["class_thresholds"],
            below.item() if below.size else None,
        )
