"""Built-in source weightings: odds of domain classifiers, and direct density-ratio estimators."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import StandardScaler

from bci_dann._validation import check_between
from bci_dann.exceptions import BCIDannWarning
from bci_dann.reweighting import density_ratio
from bci_dann.reweighting.domain_classifier import (
    N_FOLDS,
    calibrate,
    odds_weights,
    out_of_fold_probability,
)
from bci_dann.reweighting.sample_pair import check_sample_pair, stack_sample_pair

__all__ = [
    "BoostingWeighting",
    "DensityRatioWeighting",
    "DomainClassifierWeighting",
    "ForestWeighting",
    "GaussianWeighting",
    "KLIEPWeighting",
    "KernelMeanMatchingWeighting",
    "LogisticWeighting",
    "NeighboursWeighting",
    "RULSIFWeighting",
    "ULSIFWeighting",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DomainClassifierWeighting:
    """Base class of weightings by the odds of a domain classifier.

    The weight is ``p / (1 - p)``, with the out-of-fold, calibrated and clipped probability ``p``
    that a trial belongs to the target. By Bayes' rule this is a density ratio [1]_.

    Parameters
    ----------
    clip : float
        Probabilities are clipped to ``[clip, 1 - clip]``, so that odds do not exceed
        ``1/clip - 1``; above 0 and below 0.5.

    Attributes
    ----------
    classifier : str
        The domain classifier, a name in
        :data:`~bci_dann.reweighting.domain_classifier.CLASSIFIERS`.

    See Also
    --------
    LogisticWeighting : Logistic regression, the default.
    ForestWeighting : A random forest.
    BoostingWeighting : Gradient-boosted trees.

    References
    ----------
    .. [1] Bickel, S., Brückner, M. and Scheffer, T. (2009). Discriminative learning under covariate
       shift. Journal of Machine Learning Research 10, 2137-2155.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting.builtin_weightings import LogisticWeighting
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (100, 2)), rng.normal(0.5, 1, (50, 2))
    >>> LogisticWeighting(clip=0.05)(source, target, random_state=0).shape
    (100,)
    """

    classifier: ClassVar[str]
    clip: float = 0.01

    def __post_init__(self) -> None:
        check_between("clip", self.clip, 0.0, 0.5)

    def __call__(self, X_source: ArrayLike, X_target: ArrayLike, random_state: Any = None) -> Array:
        """Return the weights of the source trials.

        Parameters
        ----------
        X_source : array-like, shape (n_source, n_features)
            Features of the source trials.
        X_target : array-like, shape (n_target, n_features)
            Features of the target trials.
        random_state : None, int or numpy random generator
            Seeds the folds and the classifier.

        Returns
        -------
        ndarray, shape (n_source,)
            Weights of mean 1.

        Raises
        ------
        DataError
            When a side has fewer trials than there are folds, or the feature counts differ.
        """
        source, target = check_sample_pair(X_source, X_target, at_least=N_FOLDS)
        X, is_target = stack_sample_pair(source, target)
        p = out_of_fold_probability(X, is_target, self.classifier, random_state)
        return self.from_probability(p, is_target)

    def from_probability(self, probability: Array, is_target: NDArray[np.int64]) -> Array:
        """Compute the weights from out-of-fold probabilities.

        Parameters
        ----------
        probability : ndarray, shape (n_trials,)
            ``P(target | x)`` of source and target trials, sources first.
        is_target : ndarray of int, shape (n_trials,)
            0 for source, 1 for target.

        Returns
        -------
        ndarray, shape (n_source,)
            Weights of mean 1.
        """
        n_source = int((is_target == 0).sum())
        return odds_weights(calibrate(probability, is_target)[:n_source], clip=self.clip)


class LogisticWeighting(DomainClassifierWeighting):
    """Odds of logistic regression on standardised features.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", "logistic")
    LogisticWeighting(clip=0.01)
    """

    classifier = "logistic"


class ForestWeighting(DomainClassifierWeighting):
    """Odds of a random forest."""

    classifier = "forest"


class BoostingWeighting(DomainClassifierWeighting):
    """Odds of gradient-boosted trees."""

    classifier = "boosting"


@dataclass(frozen=True, kw_only=True)
class DensityRatioWeighting:
    """Base class of weightings that estimate the density ratio without a classifier.

    Features are standardised by the mean and standard deviation of the sources. Where all weights
    are zero, a warning is given and all weights are set to 1.

    Attributes
    ----------
    estimate : callable
        A function of :mod:`bci_dann.reweighting.density_ratio`; the fields of the class are its
        keyword arguments.

    See Also
    --------
    KernelMeanMatchingWeighting : Matches kernel means.
    ULSIFWeighting : Fits the ratio by least squares.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.reweighting.builtin_weightings import ULSIFWeighting
    >>> rng = np.random.default_rng(0)
    >>> source, target = rng.normal(0, 1, (100, 2)), rng.normal(0.5, 1, (50, 2))
    >>> round(float(ULSIFWeighting()(source, target, random_state=0).mean()), 6)
    1.0
    """

    estimate: ClassVar[Callable[..., Array]]

    def __call__(
        self,
        X_source: ArrayLike,
        X_target: ArrayLike,
        random_state: Any = None,  # noqa: ARG002 (the contract of a weighting)
    ) -> Array:
        """Return the weights of the source trials.

        Parameters
        ----------
        X_source : array-like, shape (n_source, n_features)
            Features of the source trials.
        X_target : array-like, shape (n_target, n_features)
            Features of the target trials.
        random_state : None, int or numpy random generator
            Ignored, since the estimate is deterministic.

        Returns
        -------
        ndarray, shape (n_source,)
            Weights of mean 1.

        Raises
        ------
        DataError
            When a side has too few trials, or the feature counts differ.
        """
        weights = self.unscaled(*check_sample_pair(X_source, X_target, at_least=N_FOLDS))
        return weights / weights.mean()

    def unscaled(self, source: Array, target: Array) -> Array:
        """Return the weights before scaling to mean 1.

        Parameters
        ----------
        source : ndarray, shape (n_source, n_features)
            Features of the source trials.
        target : ndarray, shape (n_target, n_features)
            Features of the target trials.

        Returns
        -------
        ndarray, shape (n_source,)
            Finite, not negative, not all zero.
        """
        scaler = StandardScaler().fit(source)
        scaled = scaler.transform(source), scaler.transform(target)
        return _ones_without_overlap(type(self).estimate(*scaled, **asdict(self)))


class GaussianWeighting(DensityRatioWeighting):
    """Ratio of two normal densities, fitted with shrunk covariances.

    The weights of [1]_ with a normal model of both domains.

    References
    ----------
    .. [1] Shimodaira, H. (2000). Improving predictive inference under covariate shift. J. Stat.
       Plan. Inference 90(2), 227-244. doi:10.1016/S0378-3758(00)00115-4.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", "gaussian")
    GaussianWeighting()
    """

    estimate = staticmethod(density_ratio.gaussian)


class NeighboursWeighting(DensityRatioWeighting):
    """Counts of target trials near each source trial.

    Counts target trials that are not further away than the k-th nearest source trial [1]_.

    References
    ----------
    .. [1] Lima, M. et al. (2008). Estimating the redshift distribution of photometric galaxy
       samples. Monthly Notices of the Royal Astronomical Society 390(1), 118-130. arXiv:0801.3822.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", "neighbours")
    NeighboursWeighting()
    """

    estimate = staticmethod(density_ratio.neighbours)


@dataclass(frozen=True, kw_only=True)
class KernelMeanMatchingWeighting(DensityRatioWeighting):
    """Kernel mean matching (KMM).

    Matches the weighted mean of the sources in a kernel feature space to that of the target [1]_.

    Parameters
    ----------
    bound : float
        The largest weight before scaling, above 0.
    slack : float
        Deviation of the mean weight from 1 without penalty, at least 0.
    ridge : float
        Added to the diagonal of the kernel matrix, at least 0; larger values give smoother weights.

    References
    ----------
    .. [1] Huang, J. et al. (2006). Correcting sample selection bias by unlabeled data. NeurIPS,
       equation 12.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", {"name": "kmm", "bound": 10.0})
    KernelMeanMatchingWeighting(bound=10.0, slack=0.05, ridge=1.0)
    """

    estimate = staticmethod(density_ratio.kernel_mean_matching)
    bound: float = density_ratio.KMM_BOUND
    slack: float = density_ratio.KMM_SLACK
    ridge: float = density_ratio.KMM_RIDGE

    def __post_init__(self) -> None:
        check_between("bound", self.bound, 0.0, math.inf)
        check_between("slack", self.slack, 0.0, math.inf, inclusive=True)
        check_between("ridge", self.ridge, 0.0, math.inf, inclusive=True)


class KLIEPWeighting(DensityRatioWeighting):
    """Kullback-Leibler importance estimation procedure (KLIEP).

    Minimises the Kullback-Leibler divergence between the target and the weighted sources [1]_.

    References
    ----------
    .. [1] Sugiyama, M. et al. (2008). Direct importance estimation for covariate shift adaptation.
       Annals of the Institute of Statistical Mathematics 60(4), 699-746.
       doi:10.1007/s10463-008-0197-x.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", "kliep")
    KLIEPWeighting()
    """

    estimate = staticmethod(density_ratio.kliep)


class ULSIFWeighting(DensityRatioWeighting):
    """Unconstrained least-squares importance fitting (uLSIF).

    Fits the density ratio by least squares, in closed form [1]_.

    References
    ----------
    .. [1] Kanamori, T., Hido, S. and Sugiyama, M. (2009). A least-squares approach to direct
       importance estimation. Journal of Machine Learning Research 10, 1391-1445.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", "ulsif")
    ULSIFWeighting()
    """

    estimate = staticmethod(density_ratio.ulsif)


@dataclass(frozen=True, kw_only=True)
class RULSIFWeighting(DensityRatioWeighting):
    """Relative unconstrained least-squares importance fitting (RuLSIF).

    The density ratio of the target to a mixture of both domains, which is bounded [1]_.

    Parameters
    ----------
    relative : float
        Share of the target in the mixture, which is the denominator; above 0 and below 1. The true
        ratio is at most ``1 / relative``.

    References
    ----------
    .. [1] Yamada, M. et al. (2013). Relative density-ratio estimation for robust distribution
       comparison. Neural Computation 25(5), 1324-1370. arXiv:1106.4729.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("weighting", {"name": "rulsif", "relative": 0.1})
    RULSIFWeighting(relative=0.1)
    """

    estimate = staticmethod(density_ratio.rulsif)
    relative: float = density_ratio.RELATIVE

    def __post_init__(self) -> None:
        check_between("relative", self.relative, 0.0, 1.0)


def _ones_without_overlap(weights: Array) -> Array:
    if np.isfinite(weights).all() and weights.sum() > 0:
        return weights
    warnings.warn(
        "no source trial has any weight under this density ratio, so all weights are 1: the "
        "domains do not overlap. Align them first, or give fewer features.",
        BCIDannWarning,
        stacklevel=3,
    )
    return np.ones_like(weights)
