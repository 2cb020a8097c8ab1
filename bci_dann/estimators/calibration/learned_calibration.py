"""What source subjects teach about probabilities: temperature, thresholds of sets, abstention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bci_dann.estimators.calibration.abstention import threshold_for_error
from bci_dann.estimators.calibration.conformal_sets import class_thresholds
from bci_dann.estimators.calibration.subject_weights import equal_subjects
from bci_dann.estimators.calibration.temperature import fit_temperature, tempered

__all__ = ["Calibration", "CalibrationRules"]


@dataclass(frozen=True)
class CalibrationRules:
    """What a calibration is asked for.

    Attributes
    ----------
    set_coverage : float
        Share of trials whose set is to hold the true class.
    conservative : bool
        See :func:`~bci_dann.estimators.calibration.conformal_sets.class_thresholds`.
    abstain_below : float or None
        A threshold of probability that is given.
    max_error : float or None
        The error among answered trials for which a threshold is to be found.
    """

    set_coverage: float
    conservative: bool
    abstain_below: float | None
    max_error: float | None


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is done to the probabilities of a method.

    Attributes
    ----------
    temperature : float
        By which log-probabilities are divided.
    class_thresholds : ndarray, shape (n_classes,)
        A class is in the set of a trial from this probability on.
    abstain_below : float or None
        Below this probability of the most probable class none is given; ``None`` always gives one.
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
        rules: CalibrationRules,
    ) -> Self:
        """Learn from trials whose labels the predicting models have not seen.

        Parameters
        ----------
        probabilities : ndarray, shape (n_trials, n_classes)
            As the method gives them.
        labels : ndarray of int, shape (n_trials,)
            The column of the true class.
        subjects : ndarray of str, shape (n_trials,)
            The subject of each trial; every subject counts the same.
        rules : CalibrationRules
            What is wanted.

        Returns
        -------
        Calibration
            Thresholds hold for probabilities after division by the temperature.
        """
        weights = equal_subjects(subjects)
        # of mean 1
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
        """Return the contents, to be saved.

        Returns
        -------
        dict of str to ndarray
            :meth:`from_arrays` takes it.
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
