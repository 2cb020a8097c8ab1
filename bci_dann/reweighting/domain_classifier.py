"""Source weights from the odds of a domain classifier, or from another density ratio.

Label source trials 0 and target trials 1, fit a probabilistic classifier, and weight source
trial i by its odds ``p_i / (1 - p_i)`` with ``p_i = P(target | x_i)``. By Bayes' rule the
odds are the density ratio of target to source, up to the ratio of sample sizes: Bickel,
Brückner and Scheffer (2009), "Discriminative learning under covariate shift", JMLR 10,
2137-2155.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array

from bci_dann._random import stream
from bci_dann._validation import check_between, check_option
from bci_dann.exceptions import BCIDannWarning, DataError
from bci_dann.reweighting.density_ratio import DENSITY_RATIOS
from bci_dann.reweighting.diagnostics import effective_sample_size

__all__ = [
    "CLASSIFIERS",
    "RATIOS",
    "DomainWeights",
    "domain_classifier_weights",
    "weigh_sources",
]

CLASSIFIERS = ("logistic", "forest", "boosting")
# Every way to weigh sources, by the name that pipelines use.
RATIOS = (*CLASSIFIERS, *DENSITY_RATIOS)
N_FOLDS = 5


@dataclass(frozen=True)
class DomainWeights:
    """Weights of the source trials, and how far to trust them.

    Parameters
    ----------
    weights : ndarray, shape (n_source,)
        Finite, positive, of mean 1.
    domain_auc : float
        Out-of-fold ROC-AUC of source against target: 0.5 where the domains cannot be told
        apart, near 1 where they do not overlap and weighting cannot help.
    effective_sample_size : float
        Between 1 and ``n_source``.
    """

    weights: NDArray[np.float64]
    domain_auc: float
    effective_sample_size: float


def domain_classifier_weights(
    X_source: ArrayLike,
    X_target: ArrayLike,
    classifier: str = "logistic",
    random_state: Any = None,
    *,
    clip: float = 0.01,
) -> NDArray[np.float64]:
    """Return the weights of the source trials; see :func:`weigh_sources` for diagnostics.

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    classifier : {"logistic", "forest", "boosting"}
        The domain classifier.
    random_state : None, int or numpy random generator
        Seeds the folds and the forest.
    clip : float
        Probabilities are held within ``[clip, 1 - clip]``, so no odds exceed ``1/clip - 1``.

    Returns
    -------
    ndarray, shape (n_source,)
        Weights of mean 1; never negative, infinite or NaN.

    Raises
    ------
    DataError
        When a side has fewer trials than there are folds, or the feature counts differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (2000, 1)), rng.normal(1, 1, (2000, 1))
    >>> w = domain_classifier_weights(source, target, random_state=0)
    >>> bool(0.8 < np.average(source[:, 0], weights=w) < 1.2)
    True
    """
    check_option("classifier", classifier, CLASSIFIERS)
    return weigh_sources(X_source, X_target, classifier, random_state, clip=clip).weights


def weigh_sources(
    X_source: ArrayLike,
    X_target: ArrayLike,
    ratio: str = "logistic",
    random_state: Any = None,
    *,
    clip: float = 0.01,
    temper: float = 1.0,
) -> DomainWeights:
    """Weigh source trials by a density ratio, and say how far apart the domains are.

    Parameters
    ----------
    X_source, X_target, random_state, clip
        As in :func:`domain_classifier_weights`.
    ratio : str
        A domain classifier, whose out-of-fold odds are taken, or one of
        :data:`~bci_dann.reweighting.density_ratio.DENSITY_RATIOS`, which see the features
        standardised by the sources.
    temper : float
        Weights are raised to this power: below 1 less variance for more bias, at 0 none is left
        (Shimodaira 2000, section 3).

    Returns
    -------
    DomainWeights

    Raises
    ------
    ConfigError, DataError
        As :func:`domain_classifier_weights`.
    """
    check_option("classifier", ratio, RATIOS)
    check_between("clip", clip, 0.0, 0.5)
    check_between("temper", temper, 0.0, math.inf, inclusive=True)
    X, is_target = _stack(X_source, X_target)
    n_source = int((is_target == 0).sum())
    judge = ratio if ratio in CLASSIFIERS else "logistic"
    p = _out_of_fold_probability(X, is_target, judge, random_state)
    if ratio in CLASSIFIERS:
        weights = odds_weights(p[:n_source], clip=clip)
    else:
        scaled = StandardScaler().fit(X[:n_source]).transform(X)
        weights = _even_where_lost(DENSITY_RATIOS[ratio](scaled[:n_source], scaled[n_source:]))
    weights = _mean_one(weights**temper)
    return DomainWeights(
        weights=weights,
        domain_auc=float(roc_auc_score(is_target, p)),
        effective_sample_size=effective_sample_size(weights),
    )


def _even_where_lost(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ones, with a warning, where no source trial has any weight: without overlap."""
    if np.isfinite(weights).all() and weights.sum() > 0:
        return weights
    warnings.warn(
        "no source trial has any weight under this density ratio, so all count alike: the "
        "domains do not overlap. Align them first, or give fewer features.",
        BCIDannWarning,
        stacklevel=3,
    )
    return np.ones_like(weights)


def _mean_one(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = weights / weights.mean()
    return scaled


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
    return _mean_one(p / (1.0 - p))


def _stack(
    X_source: ArrayLike, X_target: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    source = check_array(X_source, dtype=np.float64, input_name="X_source")
    target = check_array(X_target, dtype=np.float64, input_name="X_target")
    if source.shape[1] != target.shape[1]:
        raise DataError(
            f"X_source has {source.shape[1]} features and X_target {target.shape[1]}: "
            "compute the same features on both."
        )
    for name, part in (("X_source", source), ("X_target", target)):
        if len(part) < N_FOLDS:
            raise DataError(
                f"{name} has {len(part)} trials; out-of-fold domain probabilities need "
                f"at least {N_FOLDS} on each side."
            )
    is_target = np.repeat([0, 1], [len(source), len(target)])
    return np.concatenate([source, target]), is_target


def _out_of_fold_probability(
    X: NDArray[np.float64],
    is_target: NDArray[np.int64],
    classifier: str,
    random_state: Any,
) -> NDArray[np.float64]:
    fold_seed, fit_seed = stream(random_state, "domain classifier").generate_state(2)
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=int(fold_seed))
    model = _make_classifier(classifier, len(X), int(fit_seed))
    probability: NDArray[np.float64] = cross_val_predict(
        model, X, is_target, cv=folds, method="predict_proba"
    )[:, 1]
    return probability


def _make_classifier(name: str, n_trials: int, seed: int) -> ClassifierMixin:
    if name == "logistic":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    if name == "boosting":
        return HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=4,
            min_samples_leaf=max(5, n_trials // 50),
            random_state=seed,
        )
    # Leaves of 1 % keep an untamed forest from answering 0 or 1, which has no finite odds.
    return RandomForestClassifier(
        n_estimators=100, min_samples_leaf=max(5, n_trials // 100), random_state=seed
    )
