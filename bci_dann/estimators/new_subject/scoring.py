"""Accuracy of a fitted method, with checks of the labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from bci_dann.estimators.inputs.labels import check_scored_labels

__all__ = ["Scoring"]


class Scoring:
    """Scikit-learn's accuracy, where labels and classes can be compared."""

    classes_: NDArray[Any]
    predict: Callable[[Any], NDArray[Any]]

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of :meth:`predict` on labelled trials.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Trials (µV).
        y : array-like, shape (n_trials,)
            Their true classes.
        sample_weight : array-like, shape (n_trials,), optional
            Weight of each trial.

        Returns
        -------
        float
            The share of trials whose class is predicted, from 0 to 1.

        Raises
        ------
        DataError
            When there are no labels, or not one of them is a class of the model.
        """
        check_is_fitted(self)
        check_scored_labels(y, self.classes_)
        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))
