"""Wrapper for scikit-learn's cross-validation: a method that adapts to the trials it predicts."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from bci_dann._validation import check_option
from bci_dann.data.trials import EEGTrials
from bci_dann.estimators.base import TransferClassifier
from bci_dann.estimators.inputs.signals import copy_trials, read_signals
from bci_dann.estimators.methods import BY_OPTIONS, build_method
from bci_dann.exceptions import BCIDannWarning

__all__ = ["TransductiveClassifier"]


class _Reader(TransferClassifier):
    """Reads and checks trials as every method does, without training."""

    def __init__(self) -> None:
        self.alignment = None


class TransductiveClassifier(ClassifierMixin, BaseEstimator):
    """Adapts to the unlabelled trials that it is asked to predict, then predicts them.

    scikit-learn passes the trials of a test fold only to ``predict``. The methods of this package
    adapt in ``fit`` or ``adapt``, so that :func:`sklearn.model_selection.cross_val_score` would
    score them without any adaptation. Wrapped in this class, they adapt to each test fold without
    its labels, as in the protocol ``train_and_target_unlabeled_full``. Each fold must contain one
    subject, as with :class:`sklearn.model_selection.LeaveOneGroupOut`; where trials contain the
    names of subjects (EEGTrials, epochs with metadata), each subject is adapted to separately.

    Parameters
    ----------
    method : str, mapping or TransferClassifier
        The wrapped method; see :func:`bci_dann.estimators.build_method`.
    by : {"adapt", "fit"}
        ``"adapt"`` trains the method once on the sources, and then adapts it without them, which
        is fast. ``"fit"`` trains it again with ``X_target_unlabeled`` for each prediction, so that
        it uses all its terms.

    Attributes
    ----------
    method_ : TransferClassifier
        Fitted to the sources; unfitted with ``by="fit"``.
    classes_ : ndarray, shape (n_classes,)
        The class names.
    n_features_in_ : int
        Number of channels, or of features for plain vectors.

    See Also
    --------
    bci_dann.run_benchmark : The same over protocols, seeds and pipelines, with records.
    bci_dann.estimators.build_method : The forms of ``method``.

    Examples
    --------
    >>> from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
    >>> from bci_dann import TransductiveClassifier, load_dataset
    >>> trials = load_dataset("SimulatedMI", n_subjects=3, n_trials=10)
    >>> model = TransductiveClassifier("ra_ts_logistic")
    >>> folds = {"groups": trials.subjects, "cv": LeaveOneGroupOut()}
    >>> cross_val_score(model, trials, trials.y, **folds).shape
    (3,)
    """

    # Arguments of `fit` for scikit-learn's metadata routing.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"subjects": True}

    method_: TransferClassifier
    classes_: NDArray[Any]
    n_features_in_: int

    def __init__(self, method: Any = "ra_ts_logistic", *, by: str = "adapt") -> None:
        self.method = method
        self.by = by

    def fit(self, X: Any, y: ArrayLike, subjects: ArrayLike | None = None) -> Self:
        """Train on the sources, or store them until there are trials to predict.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            Source trials (µV).
        y : array-like, shape (n_trials,)
            Source labels.
        subjects : array-like, shape (n_trials,), optional
            The subject of each source trial, for arrays.

        Returns
        -------
        Self
            The fitted estimator.

        Raises
        ------
        DataError
            When the method cannot be trained on these trials.
        ConfigError
            When there is no such method.
        """
        check_option("by", self.by, BY_OPTIONS)
        self.method_ = build_method(self.method)
        if subjects is None and read_signals(X).subjects is None:
            warnings.warn(
                "the sources have no subjects, so that all are aligned as one: name them, as "
                "cross_val_score(..., params={'subjects': subjects}) does, or give EEGTrials.",
                BCIDannWarning,
                stacklevel=2,
            )
        if self.by == "adapt":
            fitted = self.method_.fit(X, y, subjects=subjects)
        else:
            fitted = _Reader()
            fitted.training_trials(X, y, subjects)
            copied = copy_trials(X, subjects)
            self._sources: dict[str, Any] = {"X": copied, "y": y, "subjects": subjects}
        self.classes_, self.n_features_in_ = fitted.classes_, fitted.n_features_in_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Adapt to trials, and return their class probabilities.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            All trials of one subject (µV), in the order of recording.

        Returns
        -------
        ndarray, shape (n_trials, n_classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        X = X if isinstance(X, EEGTrials) else copy_trials(X)
        if not isinstance(X, EEGTrials):
            return self._adapted_to(X).predict_proba(X)
        X = X.unlabelled()
        probabilities = np.empty((len(X), len(self.classes_)))
        for subject in np.unique(X.subjects):
            chosen = X.subjects == subject
            of_subject = X[chosen]
            probabilities[chosen] = self._adapted_to(of_subject).predict_proba(of_subject)
        return probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """Adapt to trials, and return the most probable class of each.

        Parameters
        ----------
        X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
            As for :meth:`predict_proba`.

        Returns
        -------
        ndarray, shape (n_trials,)
            Class names.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _adapted_to(self, X: Any) -> TransferClassifier:
        if self.by == "adapt":
            return self.method_.adapt(X)
        return build_method(self.method).fit(**self._sources, X_target_unlabeled=X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
