"""A shallow method: the log-variance of every channel, and linear discriminant analysis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from bci_dann.estimators import TransferClassifier
from bci_dann.estimators.inputs.training_trials import TrainingTrials


class LogVarianceClassifier(TransferClassifier):
    """Linear discriminant analysis of the log-variance of aligned channels.

    Parameters
    ----------
    alignment : str, mapping, Alignment or None
        What to remove of each domain before learning.
    shrinkage : float
        Of the covariance of the features, from 0 to 1.

    Attributes
    ----------
    coef_ : ndarray, shape (n_classes, n_channels)
        Weights of the features.
    intercept_ : ndarray, shape (n_classes,)
        Biases.
    """

    state_attributes = ("coef_", "intercept_")

    def __init__(self, alignment: Any = "euclidean", shrinkage: float = 0.1) -> None:
        self.alignment = alignment
        self.shrinkage = shrinkage

    def fit_aligned(self, trials: TrainingTrials) -> None:
        """Fit the weights to the labelled trials."""
        known = trials.labelled()
        lda = LinearDiscriminantAnalysis("lsqr", shrinkage=self.shrinkage)
        lda.fit(_log_variance(known.X), known.labels)
        # of two classes scikit-learn keeps one row, the difference
        signs = np.array([[-0.5], [0.5]]) if len(lda.classes_) == 2 else np.eye(len(lda.classes_))
        self.coef_, self.intercept_ = signs @ lda.coef_, signs @ lda.intercept_

    def predict_proba_aligned(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the class probabilities of aligned trials."""
        scores = _log_variance(X) @ self.coef_.T + self.intercept_
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)


def _log_variance(X: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.log(X.var(axis=2, dtype=np.float64))
