"""Choice of the exponent of importance weights by validation on source subjects."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.model_selection import GroupKFold, StratifiedKFold

from bci_dann._arrays import floored_log

__all__ = ["TEMPERS", "choose_temper"]

# Candidate exponents, from equal weights to unchanged weights (empirical grid).
TEMPERS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Folds of the validation, as in scikit-learn.
N_FOLDS = 5
# Smallest probability in the log-loss, so that a single trial does not dominate (empirical).
LEAST_PROBABILITY = 1e-12


def choose_temper(
    classifier: ClassifierMixin,
    X: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    subjects: NDArray[np.str_] | None = None,
) -> float:
    """Return the exponent of the weights with the smallest weighted loss on held-out sources.

    Held-out trials have their full weights, so that the loss estimates that on the target [1]_,
    without target labels.

    Parameters
    ----------
    classifier : classifier
        Accepts ``sample_weight`` and has ``predict_proba``; it is cloned.
    X : ndarray, shape (n_source, n_features)
        Features of the source trials.
    labels : ndarray of int, shape (n_source,)
        Indices of their classes, from 0.
    weights : ndarray, shape (n_source,)
        Importance weights of mean 1.
    subjects : ndarray of str, shape (n_source,), optional
        If there are two or more, folds hold out whole subjects.

    Returns
    -------
    float
        0, 0.25, 0.5, 0.75 or 1; the smallest of those with equal loss.

    See Also
    --------
    temper_weights : Raises weights to a power.
    bci_dann.ReweightedClassifier : Uses it with ``temper="auto"``.

    References
    ----------
    .. [1] Sugiyama, M., Krauledat, M. and Müller, K.-R. (2007). Covariate shift adaptation by
       importance weighted cross validation. Journal of Machine Learning Research 8, 985-1005.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from bci_dann.reweighting import choose_temper
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 2))
    >>> labels, weights = (X[:, 0] > 0).astype(int), np.ones(60)
    >>> choose_temper(LogisticRegression(), X, labels, weights)  # equal weights: no difference
    0.0
    """
    folds = _folds(labels, subjects)
    losses = [
        sum(
            _weighted_loss(clone(classifier), X, labels, weights, temper, train, held)
            for train, held in folds
        )
        for temper in TEMPERS
    ]
    return TEMPERS[int(np.argmin(losses))]


def _folds(
    labels: NDArray[np.int64], subjects: NDArray[np.str_] | None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    n_subjects = 0 if subjects is None else len(np.unique(subjects))
    if n_subjects >= 2:
        folds = GroupKFold(min(N_FOLDS, n_subjects)).split(labels, labels, subjects)
        # where other subjects have a single class, no classifier can be trained
        return [(train, held) for train, held in folds if len(np.unique(labels[train])) > 1]
    n_folds = int(min(N_FOLDS, np.bincount(labels).min()))
    if n_folds < 2:
        return []  # nothing can be held out: all losses are 0, and exponent 0 is chosen
    return list(StratifiedKFold(n_folds).split(labels, labels))


def _weighted_loss(
    classifier: ClassifierMixin,
    X: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    temper: float,
    train: NDArray[np.intp],
    held: NDArray[np.intp],
) -> float:
    classifier.fit(X[train], labels[train], sample_weight=weights[train] ** temper)
    probability = np.zeros((len(held), labels.max() + 1))
    probability[:, classifier.classes_] = classifier.predict_proba(X[held])
    of_label = probability[np.arange(len(held)), labels[held]]
    return float(-weights[held] @ floored_log(of_label, LEAST_PROBABILITY))
