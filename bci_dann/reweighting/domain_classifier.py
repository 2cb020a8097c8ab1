"""Out-of-fold probabilities that a trial is the target's, and the odds that follow from them.

Label source trials 0 and target trials 1, fit a probabilistic classifier, and weight source
trial i by its odds ``p_i / (1 - p_i)`` with ``p_i = P(target | x_i)``. By Bayes' rule the
odds are the density ratio of target to source, up to the ratio of sample sizes: Bickel,
Brückner and Scheffer (2009), "Discriminative learning under covariate shift", JMLR 10,
2137-2155.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bci_dann._random import stream

__all__ = ["CLASSIFIERS", "N_FOLDS", "calibrated", "odds_weights", "out_of_fold_probability"]

N_FOLDS = 5
# Probabilities are held this far from 0 and 1 before their logarithms are taken.
EDGE = 1e-6


def _logistic(n_trials: int, seed: int) -> ClassifierMixin:  # noqa: ARG001 (one signature)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _forest(n_trials: int, seed: int) -> ClassifierMixin:
    # Leaves of 1 % keep an untamed forest from answering 0 or 1, which has no finite odds.
    return RandomForestClassifier(
        n_estimators=100, min_samples_leaf=max(5, n_trials // 100), random_state=seed
    )


def _boosting(n_trials: int, seed: int) -> ClassifierMixin:
    return HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=4,
        min_samples_leaf=max(5, n_trials // 50),
        random_state=seed,
    )


# What may tell source from target: ``(n_trials, seed) -> classifier``.
CLASSIFIERS: dict[str, Callable[[int, int], ClassifierMixin]] = {
    "logistic": _logistic,
    "forest": _forest,
    "boosting": _boosting,
}


def out_of_fold_probability(
    X: NDArray[np.float64],
    is_target: NDArray[np.int64],
    classifier: str,
    random_state: Any,
) -> NDArray[np.float64]:
    """Return ``P(target | x)`` of each trial, from a classifier that has not seen it.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features of both sides.
    is_target : ndarray of int, shape (n_trials,)
        0 for source, 1 for target; at least ``N_FOLDS`` of each.
    classifier : str
        A name in :data:`CLASSIFIERS`.
    random_state : None, int or numpy random generator
        Seeds the folds and the classifier.

    Returns
    -------
    ndarray, shape (n_trials,)
        Not calibrated.
    """
    fold_seed, fit_seed = stream(random_state, "domain classifier").generate_state(2)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=int(fold_seed))
    model = CLASSIFIERS[classifier](len(X), int(fit_seed))
    probability: NDArray[np.float64] = cross_val_predict(
        model, X, is_target, cv=folds, method="predict_proba"
    )[:, 1]
    return probability


def calibrated(
    probability: NDArray[np.float64], is_target: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probabilities with a slope and an offset of their log-odds that fit the domains.

    Platt (1999), "Probabilistic outputs for support vector machines", Advances in Large Margin
    Classifiers, MIT Press. A classifier that is too sure of itself out of fold gets a flatter
    slope, and one that tells nothing apart the share of the target for every trial; never a
    falling slope, which would turn the weights upside down.

    Parameters
    ----------
    probability : ndarray, shape (n_trials,)
        Out of fold.
    is_target : ndarray of int, shape (n_trials,)
        0 for source, 1 for target.

    Returns
    -------
    ndarray, shape (n_trials,)
    """
    odds = logit(np.clip(probability, EDGE, 1.0 - EDGE))[:, None]
    slope = LogisticRegression().fit(odds, is_target)
    if slope.coef_[0, 0] <= 0:
        return np.full(len(odds), is_target.mean())
    found: NDArray[np.float64] = slope.predict_proba(odds)[:, 1]
    return found


def odds_weights(probability: NDArray[np.float64], clip: float = 0.01) -> NDArray[np.float64]:
    """Return ``p / (1 - p)`` of clipped probabilities, scaled to mean 1.

    The ratio of sample sizes by which the odds differ from the density ratio is a constant
    factor, so the scaling removes it.

    Parameters
    ----------
    probability : ndarray, shape (n_source,)
        ``P(target | x)`` of the source trials.
    clip : float
        Probabilities are held within ``[clip, 1 - clip]``.

    Returns
    -------
    ndarray, shape (n_source,)
    """
    p = np.clip(probability, clip, 1.0 - clip)
    odds: NDArray[np.float64] = p / (1.0 - p)
    return odds / odds.mean()
