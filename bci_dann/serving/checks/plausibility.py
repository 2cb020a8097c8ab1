"""Warnings about implausible recordings, adaptations and predictions."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bci_dann.exceptions import BCIDannWarning

if TYPE_CHECKING:
    from bci_dann.serving.online.decision import Decision

__all__ = [
    "ENOUGH_TRIALS",
    "warn_of_amplitude",
    "warn_of_few_trials",
    "warn_of_no_decision",
    "warn_of_one_class",
]

# The fewest trials for which adaptation helps. Empirical: `ra_ts_logistic` on MI-OpenBCI, trained
# on nine subjects, adapted to the first trials of each session of the tenth, scored from the 20th
# trial on. Adaptation improved the accuracy of 5 of 10 subjects with 4 trials, and of 7 with 8
# trials or with 20.
ENOUGH_TRIALS = 8

# Largest plausible ratio of an amplitude to that of the nearest training subject. Empirical: ten
# subjects with one amplifier are within a factor of 4.
MAX_RATIO = 4.0

# The fewest trials for which it is implausible that all predictions are the same class by chance:
# for ten trials of two equally frequent classes, the probability is 1 in 500.
MIN_PREDICTIONS = 10

# Faults of channels in a stream that a wrong unit causes.
OTHER_UNIT = ("too large", "too small")


def warn_of_few_trials(n_trials: int) -> None:
    """Warn if a model is adapted to so few trials that it may become worse.

    Parameters
    ----------
    n_trials : int
        Number of trials that the model is adapted to.
    """
    if n_trials < ENOUGH_TRIALS:
        _warn(
            f"the model is adapted to only {n_trials} trials. With fewer than {ENOUGH_TRIALS} "
            "trials, adaptation lowers the accuracy of some subjects: give more trials of this "
            "subject."
        )


def warn_of_one_class(predictions: ArrayLike, adapted_to: Sequence[str] = ()) -> None:
    """Warn if all predictions, of ten or more, are the same class.

    Parameters
    ----------
    predictions : array-like of str
        The predicted classes.
    adapted_to : sequence of str
        The recordings that the model was adapted to before.
    """
    names: Any = np.unique(np.asarray(predictions))
    if len(names) == 1 and np.size(predictions) >= MIN_PREDICTIONS:
        _warn(
            f"all {np.size(predictions)} trials are predicted as {str(names[0])!r}. Either the "
            "recording has only one class, or it differs from the training recordings in its "
            f"setup: compare channels, unit, reference and cues.{_other_subject(adapted_to)}"
        )


def _other_subject(adapted_to: Sequence[str]) -> str:
    files = ", ".join(dict.fromkeys(adapted_to))
    if not files:
        return ""
    return f" Or it is of another subject than {files}, to which the model is adapted."


def warn_of_amplitude(typical_uv: float, training: tuple[float, float] | None, label: str) -> None:
    """Warn if the amplitude of a recording is far from that of every training subject.

    Parameters
    ----------
    typical_uv : float
        Median standard deviation of the trials of the recording (µV).
    training : tuple of float, or None
        The lowest and the highest value of a training subject (µV); ``None`` if not known.
    label : str
        Name of the recording.
    """
    if training is None or training[0] / MAX_RATIO < typical_uv < training[1] * MAX_RATIO:
        return
    _warn(
        f"{label} has a typical amplitude of {typical_uv:.3g} µV, but the subjects that the model "
        f"was trained on have {training[0]:.3g} to {training[1]:.3g} µV. Check the gain, the "
        "electrodes and the reference; the accuracy may be lower than that of the model."
    )


def warn_of_no_decision(decisions: Sequence[Decision], label: str) -> None:
    """Warn if no window of a recording can be used.

    Parameters
    ----------
    decisions : sequence of Decision
        The decisions of all windows.
    label : str
        Name of the recording.
    """
    if not decisions or any(one.ok for one in decisions):
        return
    reasons = Counter(one.reason for one in decisions)
    listed = ", ".join(f"{reason} ({times} times)" for reason, times in reasons.most_common())
    faults = Counter(fault for one in decisions for fault in one.faults.values())
    fault = faults.most_common(1)[0][0] if faults else ""
    advice = f" Most of the faulty channels are {fault}." if fault else ""
    if fault in OTHER_UNIT:
        advice += (
            " The unit seems to differ from that of the training recordings: check the file, and "
            "give --unit-scale (or unit_scale= in Python)."
        )
    _warn(f"{label}: none of {len(decisions)} windows can be used: {listed}.{advice}")


def _warn(text: str) -> None:
    warnings.warn(text, BCIDannWarning, stacklevel=4)
