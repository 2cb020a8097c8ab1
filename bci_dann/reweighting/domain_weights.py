"""Weights of source trials by any source weighting, and diagnostics of their reliability."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score

from bci_dann._validation import check_between, check_option
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reweighting import builtin_weightings
from bci_dann.reweighting.builtin_weightings import (
    DensityRatioWeighting,
    DomainClassifierWeighting,
)
from bci_dann.reweighting.diagnostics import effective_sample_size
from bci_dann.reweighting.domain_classifier import CLASSIFIERS, N_FOLDS, out_of_fold_probability
from bci_dann.reweighting.sample_pair import check_sample_pair, stack_sample_pair
from bci_dann.reweighting.weighting import WEIGHTINGS, SourceWeighting, apply_weighting

__all__ = [
    "SEPARATE_AUC",
    "DomainWeights",
    "average_by_subject",
    "domain_classifier_weights",
    "temper_weights",
    "warn_without_overlap",
    "weigh_sources",
    "weigh_with",
]

Array = NDArray[np.float64]

# Above this domain AUC, or below this ratio of ESS to source trials, the domains hardly overlap
# (empirical). The ESS alone is not enough: it is large where all weights are clipped.
SEPARATE_AUC = 0.95
LEAST_SHARE = 0.05
# Weightings with these methods are computed here; a subclass with another one is called instead.
BUILT_IN_CALLS = (DomainClassifierWeighting.__call__, DensityRatioWeighting.__call__)


@dataclass(frozen=True)
class DomainWeights:
    """Weights of the source trials, and diagnostics of their reliability.

    Parameters
    ----------
    weights : ndarray, shape (n_source,)
        Finite, not negative, of mean 1.
    domain_auc : float
        Out-of-fold ROC AUC of source against target: 0.5 where the domains are
        indistinguishable, near 1 where they do not overlap and weighting cannot help.
    effective_sample_size : float
        Number of equally weighted trials worth as much, between 1 and ``n_source``.

    See Also
    --------
    weigh_sources : Returns it.
    bci_dann.ReweightedClassifier : Uses the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import weigh_sources
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (100, 2)), rng.normal(0.5, 1, (50, 2))
    >>> weighed = weigh_sources(source, target, random_state=0)
    >>> weighed.weights.shape, 1 <= weighed.effective_sample_size <= 100
    ((100,), True)
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
) -> Array:
    """Return the odds of a domain classifier as weights of the source trials.

    Source trials are class 0, target trials class 1, and the weight is ``p / (1 - p)`` of the
    out-of-fold probability of class 1, a density ratio by Bayes' rule [1]_. :func:`weigh_sources`
    also returns the diagnostics.

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
        Probabilities are clipped to ``[clip, 1 - clip]``: odds are at most ``1/clip - 1``.

    Returns
    -------
    ndarray, shape (n_source,)
        Weights of mean 1; never negative, infinite or NaN.

    Raises
    ------
    ConfigError
        When there is no such classifier, or ``clip`` is outside its range.
    DataError
        When a side has fewer trials than there are folds, or the feature counts differ.

    See Also
    --------
    weigh_sources : Weights with diagnostics, by any built-in weighting.
    effective_sample_size : How many trials they are worth.

    References
    ----------
    .. [1] Bickel, S., Brückner, M. and Scheffer, T. (2009). Discriminative learning under covariate
       shift. Journal of Machine Learning Research 10, 2137-2155.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import domain_classifier_weights
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (2000, 1)), rng.normal(1, 1, (2000, 1))
    >>> w = domain_classifier_weights(source, target, random_state=0)
    >>> bool(0.8 < np.average(source[:, 0], weights=w) < 1.2)
    True
    """
    check_option("classifier", classifier, CLASSIFIERS)
    weighed = weigh_sources(X_source, X_target, classifier, random_state, clip=clip)
    warn_without_overlap(weighed)
    return weighed.weights


def weigh_with(
    weighting: SourceWeighting,
    X_source: ArrayLike,
    X_target: ArrayLike,
    random_state: Any = None,
) -> DomainWeights:
    """Return the weights of source trials by any weighting, with diagnostics.

    Parameters
    ----------
    weighting : SourceWeighting
        A built-in weighting, or any callable with this interface.
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    random_state : None, int or numpy random generator
        Seeds the folds of the domain classifier, and the weighting.

    Returns
    -------
    DomainWeights
        The domain AUC is that of the weighting's own domain classifier, or of logistic
        regression where it has none.

    Raises
    ------
    DataError
        When a side has fewer trials than there are folds, the feature counts differ, or the
        weighting breaks its contract.

    See Also
    --------
    weigh_sources : The built-in weightings by name.
    SourceWeighting : The contract of a weighting.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import weigh_with
    >>> def nearer_half(X_source, X_target):
    ...     distance = np.linalg.norm(X_source - X_target.mean(axis=0), axis=1)
    ...     return 2.0 * (distance < np.median(distance))
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (100, 2)), rng.normal(0.5, 1, (50, 2))
    >>> weigh_with(nearer_half, source, target, random_state=0).effective_sample_size
    50.0
    """
    return _with_diagnostics(*_weights_and_auc(weighting, X_source, X_target, random_state))


def weigh_sources(
    X_source: ArrayLike,
    X_target: ArrayLike,
    ratio: str = "logistic",
    random_state: Any = None,
    *,
    clip: float = 0.01,
    temper: float = 1.0,
) -> DomainWeights:
    """Return the weights of source trials by a built-in weighting, with diagnostics.

    Parameters
    ----------
    X_source : array-like, shape (n_source, n_features)
        Features of the source trials.
    X_target : array-like, shape (n_target, n_features)
        Features of the target trials.
    ratio : str
        A name in :data:`~bci_dann.reweighting.WEIGHTINGS`.
    random_state : None, int or numpy random generator
        Seeds the folds and the domain classifier.
    clip : float
        For domain classifiers: probabilities are clipped to ``[clip, 1 - clip]``.
    temper : float
        The power of the weights [1]_; see :func:`temper_weights`.

    Returns
    -------
    DomainWeights
        The weights and their diagnostics.

    Raises
    ------
    ConfigError
        When there is no such ratio, or ``clip`` or ``temper`` is outside its range.
    DataError
        When a side has fewer trials than there are folds, or the feature counts differ.

    See Also
    --------
    weigh_with : The same by a user-defined weighting.
    warn_without_overlap : Warns where weights cannot help.

    References
    ----------
    .. [1] Shimodaira, H. (2000). Improving predictive inference under covariate shift by weighting
       the log-likelihood function. Journal of Statistical Planning and Inference 90(2), 227-244,
       section 3. doi:10.1016/S0378-3758(00)00115-4.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import weigh_sources
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (100, 2)), rng.normal(0.5, 1, (50, 2))
    >>> weighed = weigh_sources(source, target, "ulsif", random_state=0)
    >>> round(float(weighed.weights.mean()), 6), 0.5 < weighed.domain_auc < 0.95
    (1.0, True)
    """
    check_option("ratio", ratio, WEIGHTINGS)
    check_between("clip", clip, 0.0, 0.5)
    check_between("temper", temper, 0.0, math.inf, inclusive=True)
    weighting_class = getattr(builtin_weightings, WEIGHTINGS[ratio].partition(":")[2])
    weighting = weighting_class(clip=clip) if ratio in CLASSIFIERS else weighting_class()
    return temper_weights(weigh_with(weighting, X_source, X_target, random_state), temper)


def _weights_and_auc(
    weighting: SourceWeighting, X_source: ArrayLike, X_target: ArrayLike, random_state: Any
) -> tuple[Array, float]:
    """Return weights of any scale, and the out-of-fold ROC AUC of source against target."""
    source, target = check_sample_pair(X_source, X_target, at_least=N_FOLDS)
    X, is_target = stack_sample_pair(source, target)
    name = weighting.classifier if isinstance(weighting, DomainClassifierWeighting) else "logistic"
    p = out_of_fold_probability(X, is_target, name, random_state)  # once, for weights and AUC
    if type(weighting).__call__ not in BUILT_IN_CALLS:
        weights = apply_weighting(weighting, source, target, random_state)
    elif isinstance(weighting, DomainClassifierWeighting):
        weights = weighting.from_probability(p, is_target)
    else:
        weights = cast("DensityRatioWeighting", weighting).unscaled(source, target)
    return weights, float(roc_auc_score(is_target, p))


def temper_weights(weighed: DomainWeights, temper: float) -> DomainWeights:
    """Return weights raised to a power [1]_.

    Parameters
    ----------
    weighed : DomainWeights
        Weights of single trials.
    temper : float
        The power: below 1 the variance is lower and the bias higher; at 0 all weights are equal.

    Returns
    -------
    DomainWeights
        Scaled to mean 1, with the new effective sample size.

    See Also
    --------
    choose_temper : Chooses the power by validation on the sources.
    effective_sample_size : The diagnostic of the result.

    References
    ----------
    .. [1] Shimodaira, H. (2000). Improving predictive inference under covariate shift by weighting
       the log-likelihood function. Journal of Statistical Planning and Inference 90(2), 227-244,
       section 3. doi:10.1016/S0378-3758(00)00115-4.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import DomainWeights, temper_weights
    >>> weighed = DomainWeights(np.array([1.9, 0.1]), domain_auc=0.9, effective_sample_size=1.1)
    >>> round(temper_weights(weighed, 0.5).effective_sample_size, 2)
    1.44
    """
    return _with_diagnostics(
        (weighed.weights / weighed.weights.max()) ** temper, weighed.domain_auc
    )


def average_by_subject(
    weighed: DomainWeights, subjects: NDArray[np.str_], n_subjects: int | None = None
) -> DomainWeights:
    """Average weights within each source subject.

    Parameters
    ----------
    weighed : DomainWeights
        Weights of single trials.
    subjects : ndarray of str, shape (n_source,)
        The subject of each source trial.
    n_subjects : int, optional
        Number of subjects to keep, by largest mean weight; others get weight 0. Default: all.

    Returns
    -------
    DomainWeights
        Scaled to mean 1, with the new effective sample size.

    See Also
    --------
    weigh_sources : Weights of single trials.
    bci_dann.ReweightedClassifier : Averages with ``unit="subject"``.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting import DomainWeights, average_by_subject
    >>> weighed = DomainWeights(np.array([1.8, 1.2, 0.6, 0.4]), 0.8, 3.2)
    >>> average_by_subject(weighed, np.array(["1", "1", "2", "2"])).weights
    array([1.5, 1.5, 0.5, 0.5])
    """
    names, index = np.unique(subjects, return_inverse=True)
    means = np.bincount(index, weighed.weights) / np.bincount(index)
    if n_subjects is not None and n_subjects < len(names):
        means[np.argsort(-means, kind="stable")[n_subjects:]] = 0.0
    return _with_diagnostics(means[index], weighed.domain_auc)


def warn_without_overlap(weighed: DomainWeights) -> None:
    """Warn where the domains hardly overlap.

    Parameters
    ----------
    weighed : DomainWeights
        There is a :class:`~bci_dann.exceptions.BCIDannWarning` where the domain AUC is 0.95 or
        more, or the effective sample size below 5 % of the source trials.

    See Also
    --------
    weigh_sources : Returns the weights.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from bci_dann.reweighting import DomainWeights, warn_without_overlap
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     warn_without_overlap(DomainWeights(np.ones(10), 0.99, 10.0))
    >>> len(caught)
    1
    """
    n_source = len(weighed.weights)
    separate = weighed.domain_auc >= SEPARATE_AUC
    if separate or weighed.effective_sample_size < LEAST_SHARE * n_source:
        warnings.warn(
            f"source and target hardly overlap (domain AUC {weighed.domain_auc:.3f}, effective "
            f"sample size {weighed.effective_sample_size:.0f} of {n_source} source trials), and "
            "weighting cannot help. Align them (alignment='riemannian'), give fewer features "
            "(n_components) or temper the weights.",
            BCIDannWarning,
            stacklevel=3,
        )


def _with_diagnostics(weights: NDArray[np.float64], domain_auc: float) -> DomainWeights:
    scaled = weights / weights.mean()
    return DomainWeights(scaled, domain_auc, effective_sample_size(scaled))
