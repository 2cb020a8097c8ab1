"""Predictions for each source subject by models trained on other source subjects."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from bci_dann.data.trials import EEGTrials
from bci_dann.estimators.base import TransferClassifier
from bci_dann.exceptions import DataError, UnadaptedWarning

__all__ = ["MIN_SUBJECTS", "SourcePredictions", "predict_sources", "source_folds"]

# Two subjects for training, and one to predict.
MIN_SUBJECTS = 3

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class SourcePredictions:
    """Class probabilities of source trials, from models that have not seen the subject's labels.

    Attributes
    ----------
    adapted : ndarray, shape (n_trials, n_classes)
        After adaptation to the subject's trials, without labels.
    unadapted : ndarray, shape (n_trials, n_classes)
        Without adaptation; equal to ``adapted`` with ``by="fit"``, where models were trained with
        the subject's unlabelled trials.
    """

    adapted: NDArray[np.float64]
    unadapted: NDArray[np.float64]


def source_folds(
    labels: NDArray[np.int64], subjects: NDArray[np.str_], classes: NDArray[Any], n_folds: int
) -> list[Fold]:
    """Divide the source subjects into groups, to leave out one group at a time.

    Parameters
    ----------
    labels : ndarray of int, shape (n_trials,)
        Indices into ``classes``.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.
    classes : ndarray, shape (n_classes,)
        Class names, for messages.
    n_folds : int
        Largest number of groups; with fewer subjects, each is a group.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Indices of training trials and of left-out trials, for each group.

    Raises
    ------
    DataError
        When there are fewer than three subjects, or the training trials of a group lack a class.
    """
    names = np.unique(subjects)
    if len(names) < MIN_SUBJECTS:
        raise DataError(
            f"calibration leaves out each source subject in turn, and needs at least "
            f"{MIN_SUBJECTS} of them; got {len(names)}: {names.tolist()}. Add subjects, or use the "
            "method without calibration."
        )
    folds = list(GroupKFold(min(n_folds, len(names))).split(labels, groups=subjects))
    for train, left_out in folds:
        missing = np.setdiff1d(np.arange(len(classes)), labels[train])
        if len(missing):
            raise DataError(
                f"without the subjects {np.unique(subjects[left_out]).tolist()} the sources have "
                f"no trials of {classes[missing].tolist()}, so that their predictions cannot be "
                "calibrated. Each class must occur in several subjects; add trials, raise "
                "n_folds, or use the method without calibration."
            )
    return folds


def predict_sources(
    build: Callable[[], TransferClassifier],
    X: Any,
    y: NDArray[Any],
    subjects: NDArray[np.str_],
    folds: list[Fold],
    by: str,
) -> SourcePredictions:
    """Predict each source subject as a new subject would be, without its labels.

    Parameters
    ----------
    build : callable
        Returns an unfitted method.
    X : array-like, mne.Epochs or EEGTrials, shape (n_trials, n_chans, n_times)
        Source trials (µV).
    y : ndarray, shape (n_trials,)
        Their labels.
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.
    folds : list of (ndarray of int, ndarray of int)
        The result of :func:`source_folds`.
    by : {"adapt", "fit"}
        Train once for each group, and adapt to each of its subjects; or train once for each
        subject, with its trials as ``X_target_unlabeled``.

    Returns
    -------
    SourcePredictions
        For all trials, in their order.
    """
    n_classes = len(np.unique(y))
    adapted, unadapted = np.empty((2, len(y), n_classes))
    for train, left_out in folds:
        given = {"X": _rows(X, train), "y": y[train], "subjects": subjects[train]}
        model = build().fit(**given) if by == "adapt" else None
        for name in np.unique(subjects[left_out]):
            own = left_out[subjects[left_out] == name]
            trials = _rows(X, own)
            if model is None:
                adapted[own] = build().fit(**given, X_target_unlabeled=trials).predict_proba(trials)
                unadapted[own] = adapted[own]
                continue
            adapted[own] = model.adapted(trials).predict_proba(trials)
            with warnings.catch_warnings():  # prediction without adaptation is intended
                warnings.simplefilter("ignore", UnadaptedWarning)
                unadapted[own] = model.predict_proba(trials)
    return SourcePredictions(adapted, unadapted)


def _rows(X: Any, index: NDArray[np.intp]) -> Any:
    """Return a selection of the trials without labels, of the same type."""
    return X.deferred(index).unlabelled() if isinstance(X, EEGTrials) else X[index]
