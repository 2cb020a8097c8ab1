"""The accuracy to expect of a new subject, from trials without labels.

A model that is surer of its decisions is right more often, but how much more depends on the method
and the subjects. Guillory, Shankar, Ebrahimi, Darrell and Schmidt (2021), "Predicting with
confidence on unseen distributions", ICCV, 1134-1144, learn it by regression on distributions whose
accuracy is known. Here these are the training subjects, each left out in turn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bci_dann._config import StrictModel
from bci_dann.exceptions import BCIDannWarning, ConfigError

if TYPE_CHECKING:
    from bci_dann.data import EEGTrials
    from bci_dann.estimators import TransferClassifier

__all__ = [
    "AccuracyExpectation",
    "ExpectedAccuracy",
    "confidence_and_accuracy",
    "first_and_next",
    "learn_expectation",
    "mean_confidence",
]

# Trials of a new subject from which the confidence is taken, where there are so many, and the
# fewest from which it is taken at all.
MOST_TRIALS, FEWEST_TRIALS = 40, 20
# Training subjects that are needed, so that an error can be stated.
MIN_SUBJECTS = 5
# Ridge of the regression, in units of one subject. Few subjects tell little of a slope.
RIDGE = 1.0
# Ratio of errors from which the mean is taken. Empirical: with eight training subjects a single one
# that is far from the others decides which is smaller, and the line was better on new subjects.
CLEARLY_WORSE = 1.1
# Coverage of the interval.
COVERAGE = 0.9
# The share of the way from chance to perfection below which a brain-computer interface is held to
# be of little use. With two classes it is the 70 % of Kübler, Neumann, Wilhelm, Hinterberger and
# Birbaumer (2004), "Predictability of brain-computer communication", J. Psychophysiol. 18, 121-129.
WORTH_IT = 0.4

Share = Annotated[float, Field(ge=0, le=1)]


class ExpectedAccuracy(StrictModel):  # numpydoc ignore=PR02
    """The accuracy to expect of one subject.

    Parameters
    ----------
    value : float
        The accuracy, between 0 and 1.
    low, high : float
        A 90 % prediction interval of the accuracy.
    confidence : float
        The mean probability of the most probable class in the trials of the subject.
    uses_confidence : bool
        False if the confidence predicted the accuracy of training subjects clearly worse than the
        mean of the others did; the value is then the mean of all training subjects.
    n_subjects : int
        Number of training subjects behind the estimate.
    error, error_of_mean : float
        Mean absolute error over these subjects, each left out in turn, of this estimate and of the
        mean accuracy of the others.
    worth_from : float
        The lowest accuracy at which the model is worth using.

    See Also
    --------
    AccuracyExpectation : Gives it.

    Examples
    --------
    >>> from bci_dann.serving.expected_accuracy import AccuracyExpectation
    >>> known = {"confidences": [0.6, 0.7, 0.8, 0.9, 0.95], "accuracies": [0.6, 0.7, 0.7, 0.8, 0.9]}
    >>> expected = AccuracyExpectation(**known, n_classes=2, n_trials=40).of(0.6)
    >>> expected.uses_confidence, expected.is_worth_it
    (True, False)
    """

    value: Share
    low: Share
    high: Share
    confidence: Share
    uses_confidence: bool
    n_subjects: Annotated[int, Field(gt=0)]
    error: Annotated[float, Field(ge=0)]
    error_of_mean: Annotated[float, Field(ge=0)]
    worth_from: Share

    @property
    def is_worth_it(self) -> bool:
        """Whether the accuracy to expect is high enough to use the model.

        Returns
        -------
        bool
            By the value, not by its interval.
        """
        return self.value >= self.worth_from

    def sentence(self) -> str:
        """Return a summary for users.

        Returns
        -------
        str
            The estimate, its interval and its error, as two sentences.
        """
        text = (
            f"accuracy to expect: {self.value:.0%}; nine subjects in ten have {self.low:.0%} to "
            f"{self.high:.0%}. It is estimated without labels, "
        )
        error_of_mean = f"{100 * self.error_of_mean:.0f} points"
        if self.uses_confidence:
            return (
                f"{text}from the confidence of the model (mean error over {self.n_subjects} "
                f"training subjects: {100 * self.error:.0f} points; with their mean accuracy as "
                f"the estimate: {error_of_mean})"
            )
        return (
            f"{text}as the mean of {self.n_subjects} training subjects (mean error: "
            f"{error_of_mean}), because the confidence of the model did not tell which subjects "
            "are decoded well"
        )

    def warn_if_low(self) -> None:
        """Warn where the model is not worth using for the subject."""
        if not self.is_worth_it:
            warnings.warn(
                f"the accuracy to expect, {self.value:.0%}, is below {self.worth_from:.0%}, from "
                "which such a decoder is of use. Check electrodes and cues, record again, or find "
                "the true accuracy from labelled trials with `bci-dann evaluate`.",
                BCIDannWarning,
                stacklevel=3,
            )


class AccuracyExpectation(StrictModel):  # numpydoc ignore=PR02
    """What training subjects teach about the accuracy of a new one.

    Parameters
    ----------
    confidences : list of float
        For each training subject, that of a model which was trained on the others and adapted to
        the subject without labels; see :func:`mean_confidence`.
    accuracies : list of float
        The accuracy of this model on the trials of the subject that follow.
    n_classes : int
        Of the model.
    n_trials : int
        From how many trials each confidence is, at most.

    See Also
    --------
    learn_expectation : Learns it.

    Examples
    --------
    >>> from bci_dann.serving.expected_accuracy import AccuracyExpectation
    >>> known = {"confidences": [0.6, 0.7, 0.8, 0.9, 0.95], "accuracies": [0.6, 0.7, 0.7, 0.8, 0.9]}
    >>> expectation = AccuracyExpectation(**known, n_classes=2, n_trials=40)
    >>> expectation.of(0.95).value > expectation.of(0.7).value
    True
    """

    confidences: list[Share] = Field(min_length=MIN_SUBJECTS)
    accuracies: list[Share] = Field(min_length=MIN_SUBJECTS)
    n_classes: Annotated[int, Field(ge=2)]
    n_trials: Annotated[int, Field(gt=0)] = MOST_TRIALS

    def of(self, confidence: float) -> ExpectedAccuracy:
        """Return the accuracy to expect of a subject.

        The value is that of a line, by ridge regression, that does not fall. Where it predicted the
        training subjects, each left out in turn, clearly worse than the mean of the others did, it
        is their mean. The interval is that of a t distribution around the value, as wide as these
        errors were.

        Parameters
        ----------
        confidence : float
            As :func:`mean_confidence` returns it.

        Returns
        -------
        ExpectedAccuracy
            With its interval and error.
        """
        from scipy.special import stdtrit

        x, y = np.array(self.confidences), np.array(self.accuracies)
        n_subjects, mean_errors, errors = len(y), _left_out_errors(y), _left_out_errors(y, x)
        uses = bool(np.abs(errors).mean() <= CLEARLY_WORSE * np.abs(mean_errors).mean())
        errors = errors if uses else mean_errors
        value = _fitted(y, x if uses else None)(confidence)
        half = stdtrit(n_subjects - 1, (1 + COVERAGE) / 2) * float(np.sqrt(np.mean(errors**2)))
        low, value, high = np.clip([value - half, value, value + half], 0.0, 1.0).tolist()
        chance = 1.0 / self.n_classes
        return ExpectedAccuracy(
            value=value,
            low=low,
            high=high,
            confidence=confidence,
            uses_confidence=uses,
            n_subjects=n_subjects,
            error=float(np.abs(errors).mean()),
            error_of_mean=float(np.abs(mean_errors).mean()),
            worth_from=chance + WORTH_IT * (1.0 - chance),
        )

    def of_trials(
        self, estimator: TransferClassifier, trials: EEGTrials
    ) -> ExpectedAccuracy | None:
        """Return the accuracy to expect of a subject from trials without labels.

        Parameters
        ----------
        estimator : TransferClassifier
            Trained; it adapts to the first trials anew, as it did to training subjects.
        trials : EEGTrials
            Of the subject (µV), in the order of recording.

        Returns
        -------
        ExpectedAccuracy or None
            ``None`` where there are fewer than 20 trials.
        """
        if len(trials) < FEWEST_TRIALS:
            return None
        return self.of(mean_confidence(estimator, trials[: self.n_trials]))


def mean_confidence(estimator: TransferClassifier, trials: EEGTrials) -> float:
    """Return the mean probability of the most probable class, once adapted to the trials.

    Parameters
    ----------
    estimator : TransferClassifier
        Trained; it is left as it is.
    trials : EEGTrials
        Of one subject (µV); labels are not looked at.

    Returns
    -------
    float
        Between chance and 1.
    """
    unlabelled = trials.unlabelled()
    return float(estimator.adapted(unlabelled).predict_proba(unlabelled).max(axis=1).mean())


def first_and_next(n_trials: int) -> tuple[slice, slice]:
    """Return which trials of a training subject are adapted to, and which are scored.

    Parameters
    ----------
    n_trials : int
        Of the subject.

    Returns
    -------
    tuple of (slice, slice)
        The first third, at most 40 trials, and twice as many after them.
    """
    n_first = min(MOST_TRIALS, n_trials // 3)
    return slice(0, n_first), slice(n_first, 3 * n_first)


def learn_expectation(
    build: Callable[[], TransferClassifier],
    trials: EEGTrials,
    shown: Callable[[str, TransferClassifier], AbstractContextManager[None]] | None = None,
) -> AccuracyExpectation:
    """Learn from the training subjects which accuracy to expect of a new one.

    Parameters
    ----------
    build : callable
        Returns an untrained estimator.
    trials : EEGTrials
        All training trials (µV), with labels; the trials of a subject in the order of recording.
    shown : callable, optional
        From a text and an estimator to a context in which this is trained, to show progress.

    Returns
    -------
    AccuracyExpectation
        From one training less one subject for each subject.

    Raises
    ------
    ConfigError
        When there are fewer than five subjects, or one has fewer than 60 trials.
    """
    from bci_dann.alignment import ResultCache

    subjects, labels = np.asarray(trials.subjects), np.asarray(trials.y)
    names, counts = np.unique(subjects, return_counts=True)
    if len(names) < MIN_SUBJECTS or counts.min() < 3 * FEWEST_TRIALS:
        raise ConfigError(
            f"the accuracy to expect of a new subject is learned from {MIN_SUBJECTS} training "
            f"subjects or more with {3 * FEWEST_TRIALS} trials or more; there are {len(names)}, "
            f"with {counts.min()} trials at the least: leave --expect-accuracy out."
        )
    cache, pairs = ResultCache(), []
    for number, name in enumerate(names, start=1):
        model, is_own = build().use_cache(cache), subjects == name
        text = f"Accuracy to expect: training without subject {number} of {len(names)}"
        with nullcontext() if shown is None else shown(text, model):
            model.fit(trials[~is_own].unlabelled(), labels[~is_own])
        pairs.append(confidence_and_accuracy(model, trials[is_own].unlabelled(), labels[is_own]))
    confidences, accuracies = map(list, zip(*pairs, strict=True))
    return AccuracyExpectation(
        confidences=confidences, accuracies=accuracies, n_classes=len(np.unique(labels))
    )


def confidence_and_accuracy(
    model: TransferClassifier, own: EEGTrials, truth: NDArray[Any]
) -> tuple[float, float]:
    """Return the confidence and the accuracy of a model of other subjects for a subject.

    Parameters
    ----------
    model : TransferClassifier
        Trained on others; it is left as it is.
    own : EEGTrials
        The trials of the subject without labels, in the order of recording (µV).
    truth : ndarray, shape (n_trials,)
        Their labels, which only the score sees.

    Returns
    -------
    tuple of (float, float)
        The confidence on the first trials, adapted to these, and the accuracy on those that follow;
        see :func:`first_and_next`.
    """
    first, following = first_and_next(len(own))
    adapted = model.adapted(own[first])
    confidence = float(adapted.predict_proba(own[first]).max(axis=1).mean())
    decided = adapted.classes_[adapted.predict_proba(own[following]).argmax(axis=1)]
    return confidence, float(np.mean(decided == truth[following]))


def _fitted(
    y: NDArray[np.float64], x: NDArray[np.float64] | None = None
) -> Callable[[float], float]:
    """Return the line of ridge regression that does not fall, or the mean."""
    mean = float(y.mean())
    if x is None or not x.std() > 0:
        return lambda _: mean
    z = (x - x.mean()) / x.std()
    slope = max(0.0, float(z @ (y - mean)) / (len(y) + RIDGE)) / float(x.std())
    return lambda confidence: mean + slope * (confidence - float(x.mean()))


def _left_out_errors(
    y: NDArray[np.float64], x: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the error for each subject of what the others teach."""
    others = [np.arange(len(y)) != one for one in range(len(y))]
    fits = [_fitted(y[rest], None if x is None else x[rest]) for rest in others]
    values = [fit(float(y[one] if x is None else x[one])) for one, fit in enumerate(fits)]
    return np.clip(values, 0.0, 1.0) - y
