"""Domain classifiers: out-of-fold probabilities of the target, and weights from their odds.

Label source trials 0 and target trials 1, fit a probabilistic classifier, and weight source trial i
by its odds ``p_i / (1 - p_i)`` with ``p_i = P(target | x_i)``. By Bayes' rule the
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

__all__ = ["CLASSIFIERS", "N_FOLDS", "calibrate", "odds_weights", "out_of_fold_probability"]

# Number of folds, as in scikit-learn; sources and target each need as many trials.
N_FOLDS = 5
# Smallest distance of probabilities from 0 and 1 before log-odds (empirical): far below the clip.
EDGE = 1e-6


def _logistic(n_trials: int, seed: int) -> ClassifierMixin:  # noqa: ARG001 (one signature)
    # empirical: converges within ten times scikit-learn's default number of iterations
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _forest(n_trials: int, seed: int) -> ClassifierMixin:
    # Empirical: with leaves of 1 % of the trials few probabilities are exactly 0 or 1, where odds
    # are not finite. The number of trees is scikit-learn's.
    return RandomForestClassifier(
        n_estimators=100, min_samples_leaf=max(5, n_trials // 100), random_state=seed
    )


def _boosting(n_trials: int, seed: int) -> ClassifierMixin:
    # Empirical: few small trees, since more or deeper ones separate any two domains by overfitting.
    return HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=4,
        min_samples_leaf=max(5, n_trials // 50),
        random_state=seed,
    )


# Domain classifiers by name: ``(n_trials, seed) -> classifier``.
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
    """Return ``P(target | x)`` of each trial, from a classifier fitted to the other folds.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features of source and target trials.
    is_target : ndarray of int, shape (n_trials,)
        0 for source, 1 for target; at least ``N_FOLDS`` of each.
    classifier : str
        A name in :data:`CLASSIFIERS`.
    random_state : None, int or numpy random generator
        Seeds the folds and the classifier.

    Returns
    -------
    ndarray, shape (n_trials,)
        Uncalibrated probabilities; see :func:`calibrate`.
    """
    fold_seed, fit_seed = stream(random_state, "domain classifier").generate_state(2)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=int(fold_seed))
    model = CLASSIFIERS[classifier](len(X), int(fit_seed))
    probability: NDArray[np.float64] = cross_val_predict(
        model, X, is_target, cv=folds, method="predict_proba"
    )[:, 1]
    return probability


def calibrate(
    probability: NDArray[np.float64], is_target: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probabilities calibrated by logistic regression on their log-odds.

    Platt (1999), "Probabilistic outputs for support vector machines", Advances in Large Margin
    Classifiers, MIT Press. An overconfident classifier gets a slope below 1. A slope that is
    not positive would invert the weights; then all probabilities are the share of target trials.

    Parameters
    ----------
    probability : ndarray, shape (n_trials,)
        ``P(target | x)``, out of fold.
    is_target : ndarray of int, shape (n_trials,)
        0 for source, 1 for target.

    Returns
    -------
    ndarray, shape (n_trials,)
        Between 0 and 1.
    """
    log_odds = logit(np.clip(probability, EDGE, 1.0 - EDGE))[:, None]
    regression = LogisticRegression().fit(log_odds, is_target)
    if regression.coef_[0, 0] <= 0:
        return np.full(len(log_odds), is_target.mean())
    calibrated: NDArray[np.float64] = regression.predict_proba(log_odds)[:, 1]
    return calibrated


def odds_weights(probability: NDArray[np.float64], clip: float = 0.01) -> NDArray[np.float64]:
    """Return the odds ``p / (1 - p)`` of clipped probabilities, scaled to mean 1.

    The odds differ from the density ratio by the ratio of sample sizes, a constant factor that
    the scaling removes.

    Parameters
    ----------
    probability : ndarray, shape (n_source,)
        ``P(target | x)`` of the source trials.
    clip : float
        Probabilities are clipped to ``[clip, 1 - clip]``.

    Returns
    -------
    ndarray, shape (n_source,)
        Weights of mean 1.
    """
    p = np.clip(probability, clip, 1.0 - clip)
    odds: NDArray[np.float64] = p / (1.0 - p)
    return odds / odds.mean()
