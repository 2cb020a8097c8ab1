"""Metrics of predicted probabilities: accuracy, ROC AUC, kappa, likelihood and calibration.

A session may lack a class, for example because a recording was stopped early. Metrics that cannot
be computed for such a session are NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["METRICS", "expected_calibration_error", "score"]

METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "kappa", "nll", "ece")


def score(
    probabilities: NDArray[np.float64], truth: NDArray[np.str_], classes: Sequence[str]
) -> dict[str, float]:
    """Return all metrics of one set of trials.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows that sum to one.
    truth : ndarray of str, shape (n_trials,)
        The true class of each trial.
    classes : sequence of str
        The class of each column.

    Returns
    -------
    dict of str to float
        One value for each of :data:`METRICS`. ``roc_auc`` is that of the second class for
        two classes, and the macro average of one class against the rest for more; ``kappa`` is
        that of Cohen (1960, A coefficient of agreement for nominal scales, Educ. Psychol. Meas.);
        ``nll`` is the mean negative log likelihood (nats); ``ece`` is described in
        :func:`expected_calibration_error`.
    """
    from sklearn import metrics

    actual = _codes(truth, classes)
    predicted = probabilities.argmax(axis=1)
    present = np.unique(actual)
    return {
        "accuracy": float(metrics.accuracy_score(actual, predicted)),
        # sklearn's balanced_accuracy_score warns if a class is predicted but absent
        "balanced_accuracy": float(
            metrics.recall_score(actual, predicted, labels=present, average="macro")
        ),
        "roc_auc": _roc_auc(actual, probabilities),
        "kappa": _kappa(actual, predicted),
        "nll": float(metrics.log_loss(actual, probabilities, labels=range(len(classes)))),
        "ece": expected_calibration_error(probabilities, actual),
    }


def expected_calibration_error(
    probabilities: NDArray[np.float64], actual: NDArray[np.intp], n_bins: int = 15
) -> float:
    """Return the mean distance between confidence and accuracy.

    Trials are put into bins of equal width by the probability of the predicted class, and
    the bins are weighted by their number of trials (Guo et al., 2017, On Calibration of
    Modern Neural Networks, ICML).

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows that sum to one.
    actual : ndarray of int, shape (n_trials,)
        The column of the true class.
    n_bins : int
        The number of bins between 0 and 1; 15 as in the paper.

    Returns
    -------
    float
        Between 0 and 1.
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == actual
    # right-closed bins: a confidence of exactly 1 belongs to the last one
    bins = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=hit - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(actual))


def _codes(truth: NDArray[np.str_], classes: Sequence[str]) -> NDArray[np.intp]:
    column = {name: index for index, name in enumerate(classes)}
    return np.array([column[name] for name in truth.tolist()], dtype=np.intp)


def _roc_auc(actual: NDArray[np.intp], probabilities: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_auc_score

    n_classes = probabilities.shape[1]
    if len(np.unique(actual)) < n_classes:
        return float("nan")
    if n_classes == 2:
        return float(roc_auc_score(actual, probabilities[:, 1]))
    return float(roc_auc_score(actual, probabilities, multi_class="ovr", average="macro"))


def _kappa(actual: NDArray[np.intp], predicted: NDArray[np.intp]) -> float:
    from sklearn.metrics import cohen_kappa_score

    if len(np.union1d(actual, predicted)) < 2:
        return float("nan")  # with a single class, kappa is 0 / 0
    return float(cohen_kappa_score(actual, predicted))
