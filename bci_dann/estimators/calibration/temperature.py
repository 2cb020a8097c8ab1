"""Temperature scaling of probabilities, with scikit-learn's ``CalibratedClassifierCV``.

Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML,
arXiv:1706.04599, section 4.2. Labels are smoothed as in Platt (1999), "Probabilistic outputs for
support vector machines", in: Advances in Large Margin Classifiers, MIT Press, 61-74.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit, softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV

from bci_dann._arrays import log_probabilities

__all__ = ["fit_temperature", "tempered"]

Floats = NDArray[np.float64]

# scikit-learn searches temperatures between exp(-10) and exp(10). The calibrated probability of
# log-odds of this size gives the temperature without loss of precision.
SMALL_LOG_ODDS = 1e-3


class _Logits(ClassifierMixin, BaseEstimator):
    """A classifier whose input is logits, and whose decision function returns them."""

    def fit(  # scikit-learn's signature; nothing is trained
        self,
        X: Any,  # noqa: ARG002
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,  # noqa: ARG002
    ) -> Self:
        """Store the classes."""
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return logits, or one number for two classes, as scikit-learn expects."""
        logits = np.asarray(X, dtype=np.float64)
        return (logits[:, 1] - logits[:, 0]) / 2 if len(self.classes_) == 2 else logits


def fit_temperature(probabilities: Floats, labels: NDArray[np.int64], weights: Floats) -> float:
    """Find the temperature that maximises the likelihood of known labels.

    Each label is smoothed: it counts as wrong with the small probability of Platt's rule. Without
    smoothing, the temperature would tend to zero where no trial is misclassified, and the first
    error on a new subject would have an infinite loss.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Class probabilities from a model that has not seen the labels of these trials.
    labels : ndarray of int, shape (n_trials,)
        Indices of the true classes.
    weights : ndarray, shape (n_trials,)
        Weight of each trial.

    Returns
    -------
    float
        Above 1 where the probabilities were overconfident, below 1 where they were underconfident.
    """
    n_trials, n_classes = probabilities.shape
    every_class = np.tile(np.arange(n_classes), n_trials)
    everything = np.arange(len(every_class))
    # one split with all trials on both sides, since the classifier needs no training
    calibrator = CalibratedClassifierCV(
        _Logits(), method="temperature", cv=[(everything, everything)], ensemble=True
    )
    with config_context(enable_metadata_routing=False):  # passes weights without a request
        calibrator.fit(
            np.repeat(_centred_logits(probabilities), n_classes, axis=0),
            every_class,
            sample_weight=(weights[:, None] * _soft_labels(labels, n_classes)).ravel(),
        )
    probe = np.zeros((1, n_classes))
    probe[0, 0] = SMALL_LOG_ODDS
    answer = calibrator.predict_proba(probe)[0]
    return SMALL_LOG_ODDS / float(logit(answer[0] / (answer[0] + answer[1])))


def _soft_labels(labels: NDArray[np.int64], n_classes: int) -> Floats:
    """Return smoothed labels, by the rule of Platt (1999)."""
    wrong = 1.0 / (len(labels) + 2)
    soft = np.full((len(labels), n_classes), wrong / (n_classes - 1))
    soft[np.arange(len(labels)), labels] = 1.0 - wrong
    return soft


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Return temperature-scaled probabilities.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        Rows of sum 1.
    temperature : float
        Above 0; 1 changes nothing.

    Returns
    -------
    ndarray, shape (n_trials, n_classes)
        Rows of sum 1; the ranking of the classes does not change.
    """
    scaled: Floats = softmax(log_probabilities(probabilities) / temperature, axis=1)
    return scaled


def _centred_logits(probabilities: Floats) -> Floats:
    """Return logits of sum 0, which scikit-learn does not mistake for probabilities."""
    logs = log_probabilities(probabilities)
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))
