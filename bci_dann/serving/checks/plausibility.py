"""Warnings of adaptations and predictions that cannot mean what they seem to."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bci_dann.exceptions import BCIDannWarning

__all__ = ["ENOUGH_TRIALS", "warn_of_amplitude", "warn_of_few_trials", "warn_of_one_class"]

# Trials from which adapting is worth it. Empirical: `ra_ts_logistic` on MI-OpenBCI, trained on nine
# subjects, adapted to the first trials of each session of the tenth, scored from the 20th on. After
# 4 trials 5 of 10 subjects had more right than without adapting, after 8 seven, after 20 as many.
ENOUGH_TRIALS = 8

# Ratio to the nearest training subject from which an amplitude is far off. Empirical: ten subjects
# on one amplifier lie within a factor of 4.
FAR = 4.0

# Predictions from which it is no chance that all are of one class: of ten trials of two equally
# frequent classes, one in 500 times.
MANY_PREDICTIONS = 10


def warn_of_few_trials(n_trials: int) -> None:
    """Warn where a model was adapted to so few trials that it may do worse than before.

    Parameters
    ----------
    n_trials : int
        Trials that the model is adapted to.
    """
    if n_trials < ENOUGH_TRIALS:
        _warn(
            f"the model is adapted to {n_trials} trials only. With fewer than {ENOUGH_TRIALS} "
            "some subjects lose accuracy rather than gain it: give more trials of this subject."
        )


def warn_of_one_class(predictions: ArrayLike) -> None:
    """Warn where all of many trials are predicted to be of one class.

    Parameters
    ----------
    predictions : array-like of str
        The predicted classes.
    """
    names: Any = np.unique(np.asarray(predictions))
    if len(names) == 1 and np.size(predictions) >= MANY_PREDICTIONS:
        _warn(
            f"all {np.size(predictions)} trials are predicted as {str(names[0])!r}. Either the "
            "recording has one class, or it differs from those of training in more than the "
            "subject: compare channels, unit, reference and cues."
        )


def warn_of_amplitude(typical_uv: float, training: tuple[float, float] | None, label: str) -> None:
    """Warn where the amplitude of a recording is far from that of every training subject.

    Parameters
    ----------
    typical_uv : float
        Median standard deviation of its trials (µV).
    training : tuple of float, or None
        The lowest and the highest of the training subjects (µV); ``None`` where it is not known.
    label : str
        Of the recording.
    """
    if training is None or training[0] / FAR < typical_uv < training[1] * FAR:
        return
    _warn(
        f"{label} has a typical amplitude of {typical_uv:.3g} µV, and the subjects that the model "
        f"was trained on have {training[0]:.3g} to {training[1]:.3g} µV. Check the gain, the "
        "electrodes and the reference; predictions are less certain than the model's scores say."
    )


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=4)
