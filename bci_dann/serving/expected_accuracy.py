"""Expected accuracy of a model for a new subject, estimated from trials without labels.

A model with higher predicted probabilities is usually right more often, but the relation between
the two depends on the method and the subjects. It is learned by regression, as proposed by
Guillory, Shankar, Ebrahimi, Darrell and Schmidt (2021), "Predicting with confidence on unseen
distributions", ICCV, 1134-1144. Here each training subject, left out in turn, gives one data point.
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

# The most trials of a new subject that the confidence is computed from, and the fewest; with fewer
# trials there is no estimate.
MOST_TRIALS, FEWEST_TRIALS = 40, 20
# The fewest training subjects; with fewer, the error of the estimate would be too uncertain.
MIN_SUBJECTS = 5
# Ridge penalty of the regression, in units of one subject: few subjects determine a slope poorly.
RIDGE = 1.0
# Ratio of the mean error of the regression to that of the mean, above which the mean is used.
# Empirical: with eight training subjects, one outlier can decide which error is smaller, and the
# regression predicted new subjects better.
CLEARLY_WORSE = 1.1
# Coverage of the interval.
COVERAGE = 0.9
# A brain-computer interface is considered of little use if its accuracy is below this share of the
# range from chance to 100 %. With two classes, it is the 70 % of Kübler, Neumann, Wilhelm,
# Hinterberger and Birbaumer (2004), "Predictability of brain-computer communication", J.
# Psychophysiol. 18, 121-129.
WORTH_IT = 0.4

Share = Annotated[float, Field(ge=0, le=1)]


class ExpectedAccuracy(StrictModel):  # numpydoc ignore=PR02
    """Expected accuracy of a model for one subject, with its uncertainty.

    Parameters
    ----------
    value : float
        The expected accuracy, between 0 and 1.
    low, high : float
        A 90 % prediction interval of the accuracy.
    confidence : float
        Mean probability of the most probable class over the trials of the subject.
    uses_confidence : bool
        Whether the value was predicted from the confidence. It is False if the confidence predicted
        the accuracy of training subjects clearly worse than the mean accuracy of the other subjects
        did; the value is then the mean over all training subjects.
    n_subjects : int
        Number of training subjects that the estimate is based on.
    error, error_of_mean : float
        Mean absolute error over these subjects, each left out in turn: of this estimate, and of the
        mean accuracy of the other subjects.
    worth_from : float
        The lowest accuracy at which the model is considered useful.

    See Also
    --------
    AccuracyExpectation : Computes it.

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
        """Whether the expected accuracy is high enough for the model to be useful.

        Returns
        -------
        bool
            Compares the value, not its interval.
        """
        return self.value >= self.worth_from

    def sentence(self) -> str:
        """Return the estimate as text for users.

        Returns
        -------
        str
            The estimate, its interval and its error, in two sentences without the last period.
        """
        text = (
            f"expected accuracy: {self.value:.0%}; for nine subjects in ten it is between "
            f"{self.low:.0%} and {self.high:.0%}. It is estimated without labels, "
        )
        error_of_mean = f"{100 * self.error_of_mean:.0f} points"
        if self.uses_confidence:
            return (
                f"{text}from the confidence of the model (mean error over {self.n_subjects} "
                f"training subjects: {100 * self.error:.0f} points; using their mean accuracy "
                f"instead: {error_of_mean})"
            )
        return (
            f"{text}as the mean over {self.n_subjects} training subjects (mean error: "
            f"{error_of_mean}), because the confidence of the model did not predict which subjects "
            "are decoded well"
        )

    def warn_if_low(self) -> None:
        """Issue a warning if the expected accuracy is too low for the model to be useful."""
        if not self.is_worth_it:
            warnings.warn(
                f"the expected accuracy, {self.value:.0%}, is below {self.worth_from:.0%}, the "
                "least that a BCI needs to be of use. Check electrodes and cues, record again, or "
                "measure the accuracy on labelled trials with `bci-dann evaluate`.",
                BCIDannWarning,
                stacklevel=3,
            )


class AccuracyExpectation(StrictModel):  # numpydoc ignore=PR02
    """Relation between confidence and accuracy, learned from the training subjects.

    Parameters
    ----------
    confidences : list of float
        One value for each training subject, from a model that was trained on the other subjects and
        adapted to this subject without labels; see :func:`mean_confidence`.
    accuracies : list of float
        The accuracy of this model on the following trials of the same subject.
    n_classes : int
        Number of classes of the model.
    n_trials : int
        Maximum number of trials that each confidence was computed from.

    See Also
    --------
    learn_expectation : Creates it from training trials.

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
        """Return the expected accuracy of a subject with a given confidence.

        The value is predicted by ridge regression with a slope that is not negative. If this
        predicted the training subjects, each left out in turn, clearly worse than the mean accuracy
        of the other subjects did, the mean is used instead. The interval is that of a t
        distribution, scaled by the root mean square of these prediction errors.

        Parameters
        ----------
        confidence : float
            The result of :func:`mean_confidence`.

        Returns
        -------
        ExpectedAccuracy
            The value with its interval and error.
        """
        from scipy.special import stdtrit

        x, y = np.array(self.confidences), np.array(self.accuracies)
        n_subjects, mean_errors, errors = len(y), _left_out_errors(y), _left_out_errors(y, x)
        uses_confidence = bool(np.abs(errors).mean() <= CLEARLY_WORSE * np.abs(mean_errors).mean())
        errors = errors if uses_confidence else mean_errors
        value = _fitted(y, x if uses_confidence else None)(confidence)
        rms_error = float(np.sqrt(np.mean(errors**2)))
        half = stdtrit(n_subjects - 1, (1 + COVERAGE) / 2) * rms_error
        low, value, high = np.clip([value - half, value, value + half], 0.0, 1.0).tolist()
        chance = 1.0 / self.n_classes
        return ExpectedAccuracy(
            value=value,
            low=low,
            high=high,
            confidence=confidence,
            uses_confidence=uses_confidence,
            n_subjects=n_subjects,
            error=float(np.abs(errors).mean()),
            error_of_mean=float(np.abs(mean_errors).mean()),
            worth_from=chance + WORTH_IT * (1.0 - chance),
        )

    def of_trials(
        self, estimator: TransferClassifier, trials: EEGTrials
    ) -> ExpectedAccuracy | None:
        """Return the expected accuracy of a subject, from trials without labels.

        Parameters
        ----------
        estimator : TransferClassifier
            Trained, not adapted to the subject; a copy is adapted to the first trials.
        trials : EEGTrials
            Trials of the subject (µV), in the order of recording.

        Returns
        -------
        ExpectedAccuracy or None
            ``None`` if there are fewer than 20 trials.
        """
        if len(trials) < FEWEST_TRIALS:
            return None
        return self.of(mean_confidence(estimator, trials[: self.n_trials]))


def mean_confidence(estimator: TransferClassifier, trials: EEGTrials) -> float:
    """Return the mean probability of the most probable class, after adaptation to the trials.

    Parameters
    ----------
    estimator : TransferClassifier
        A trained estimator; it is not changed.
    trials : EEGTrials
        Trials of one subject (µV); labels are ignored.

    Returns
    -------
    float
        Between the chance level and 1.
    """
    unlabelled = trials.unlabelled()
    return float(estimator.adapted(unlabelled).predict_proba(unlabelled).max(axis=1).mean())


def first_and_next(n_trials: int) -> tuple[slice, slice]:
    """Return which trials of a training subject are adapted to, and which are scored.

    Parameters
    ----------
    n_trials : int
        Number of trials of the subject.

    Returns
    -------
    tuple of (slice, slice)
        The first third, at most 40 trials, and the following trials, twice as many.
    """
    n_first = min(MOST_TRIALS, n_trials // 3)
    return slice(0, n_first), slice(n_first, 3 * n_first)


def learn_expectation(
    build: Callable[[], TransferClassifier],
    trials: EEGTrials,
    shown: Callable[[str, TransferClassifier], AbstractContextManager[None]] | None = None,
) -> AccuracyExpectation:
    """Learn the relation between confidence and accuracy from the training subjects.

    Parameters
    ----------
    build : callable
        Returns an untrained estimator.
    trials : EEGTrials
        All training trials (µV) with labels; those of a subject in the order of recording.
    shown : callable, optional
        ``shown(text, estimator)`` returns a context manager that displays the training of the
        estimator.

    Returns
    -------
    AccuracyExpectation
        With one data point for each subject, from a model trained on all other subjects.

    Raises
    ------
    ConfigError
        When there are fewer than five subjects, or a subject has fewer than 60 trials.
    """
    from bci_dann.alignment import ResultCache

    subjects, labels = np.asarray(trials.subjects), np.asarray(trials.y)
    names, counts = np.unique(subjects, return_counts=True)
    if len(names) < MIN_SUBJECTS or counts.min() < 3 * FEWEST_TRIALS:
        raise ConfigError(
            f"the expected accuracy is learned from at least {MIN_SUBJECTS} training subjects with "
            f"at least {3 * FEWEST_TRIALS} trials each; got {len(names)} subjects, and only "
            f"{counts.min()} trials of one of them: leave out --expect-accuracy."
        )
    cache, pairs = ResultCache.for_trials(trials.X.nbytes), []
    for number, name in enumerate(names, start=1):
        model, is_own = build().use_cache(cache), subjects == name
        text = f"Expected accuracy: training without subject {number} of {len(names)}"
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
    """Return the confidence and the accuracy of a model for a subject that it was not trained on.

    Parameters
    ----------
    model : TransferClassifier
        Trained on other subjects; it is not changed.
    own : EEGTrials
        Trials of the subject (µV) without labels, in the order of recording.
    truth : ndarray, shape (n_trials,)
        Labels of these trials, used for scoring only.

    Returns
    -------
    tuple of (float, float)
        The confidence on the first trials, after adaptation to them, and the accuracy on the
        following trials; see :func:`first_and_next`.
    """
    first, following = first_and_next(len(own))
    adapted = model.adapted(own[first])
    confidence = float(adapted.predict_proba(own[first]).max(axis=1).mean())
    decided = adapted.classes_[adapted.predict_proba(own[following]).argmax(axis=1)]
    return confidence, float(np.mean(decided == truth[following]))


def _fitted(
    y: NDArray[np.float64], x: NDArray[np.float64] | None = None
) -> Callable[[float], float]:
    """Return a function: ridge regression with a slope that is not negative, or the mean of y."""
    mean = float(y.mean())
    if x is None or not x.std() > 0:
        return lambda _: mean
    z = (x - x.mean()) / x.std()
    slope = max(0.0, float(z @ (y - mean)) / (len(y) + RIDGE)) / float(x.std())
    return lambda confidence: mean + slope * (confidence - float(x.mean()))


def _left_out_errors(
    y: NDArray[np.float64], x: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return the prediction error for each subject: from its ``x`` and all other subjects.

    Without ``x``, the mean of ``y`` over the other subjects is the prediction.
    """
    x = np.zeros(len(y)) if x is None else x  # a constant, from which `_fitted` predicts the mean
    values = []
    for one in range(len(y)):
        others = np.arange(len(y)) != one
        values.append(_fitted(y[others], x[others])(float(x[one])))
    return np.clip(values, 0.0, 1.0) - y
