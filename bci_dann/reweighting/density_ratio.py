"""Density ratios at the source trials, estimated without a domain classifier.

Each function estimates ``p_target(x) / p_source(x)`` up to a common factor. Features should be few,
and have similar scales. Kernels are Gaussian; their width, as a share of the median distance, and
the ridge are chosen by cross-validation with the criterion of the method itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal
from sklearn.covariance import oas
from sklearn.neighbors import NearestNeighbors

from bci_dann._arrays import floored_log

__all__ = ["gaussian", "kernel_mean_matching", "kliep", "neighbours", "rulsif", "ulsif"]

Array = NDArray[np.float64]

# Number of kernel centres. The papers of KLIEP and uLSIF use 100; empirical: 200 take little
# longer.
N_CENTRES = 200
# Candidate kernel widths, as shares of the median distance (empirical).
WIDTHS = (0.25, 0.5, 1.0)
# Candidate ridges, as shares of the mean diagonal of the quadratic form (empirical).
RIDGES = (1e-3, 1e-2, 1e-1)
# Folds of the cross-validation of widths and ridges, as in scikit-learn.
N_FOLDS = 5
# Smallest denominator, since kernels vanish where the domains do not overlap.
EPSILON = float(np.finfo(np.float64).eps)
# Smallest ratio of a held-out trial in KLIEP's likelihood (empirical).
LEAST_RATIO = 1e-12
# KMM (empirical): the largest weight, the deviation of the mean weight from 1 without penalty, and
# the ridge on the kernel matrix, which gives close trials similar weights.
KMM_BOUND, KMM_SLACK, KMM_RIDGE = 100.0, 0.05, 1.0
# Share of the target in RuLSIF's mixture: Liu, Yamada, Collier and Sugiyama (2013), "Change-point
# detection in time-series data by relative density-ratio estimation", Neural Networks 43, 72-83.
RELATIVE = 0.1
# Expectation-maximisation steps of KLIEP (empirical).
KLIEP_STEPS = 300
# Smallest number of neighbours for the radius (empirical): fewer give mostly noise.
FEWEST_NEIGHBOURS = 5


def gaussian(source: Array, target: Array) -> Array:
    """Return the ratio of two normal densities, fitted with shrunk covariances.

    Shimodaira (2000), "Improving predictive inference under covariate shift by weighting the
    log-likelihood function", J. Stat. Plan. Inference 90(2), 227-244.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.

    Returns
    -------
    ndarray, shape (n_source,)
        At most 1.
    """
    logs: list[Array] = []
    for part in (target, source):
        normal = multivariate_normal(part.mean(0), oas(part)[0], allow_singular=True)
        logs.append(np.atleast_1d(normal.logpdf(source)))
    difference = logs[0] - logs[1]
    return np.asarray(np.exp(difference - difference.max()), dtype=np.float64)


def neighbours(source: Array, target: Array) -> Array:
    """Return the number of target trials within the k-nearest-neighbour radius of source trials.

    Lima, Cunha, Oyaizu, Frieman, Lin and Sheldon (2008), "Estimating the redshift distribution of
    photometric galaxy samples", Mon. Not. R. Astron. Soc. 390(1), 118-130, section 3. The radius
    is the distance to the k-th nearest source trial; k is the square root of the number of source
    trials, at least 5.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.

    Returns
    -------
    ndarray, shape (n_source,)
        Counts, between 0 and the number of target trials.
    """
    n_nearest = min(max(FEWEST_NEIGHBOURS, round(len(source) ** 0.5)), len(source) - 1)
    # the first neighbour of a trial is the trial itself
    nearest = NearestNeighbors(n_neighbors=n_nearest + 1).fit(source)
    radius = nearest.kneighbors(source)[0][:, -1:]
    counts = (cdist(source, target) <= radius).sum(1)
    return np.asarray(counts, dtype=np.float64)


def kernel_mean_matching(
    source: Array,
    target: Array,
    *,
    bound: float = KMM_BOUND,
    slack: float = KMM_SLACK,
    ridge: float = KMM_RIDGE,
) -> Array:
    """Return weights that match the kernel mean of the sources to that of the target.

    Huang, Smola, Gretton, Borgwardt and Schölkopf (2006), "Correcting sample selection bias by
    unlabeled data", NeurIPS, eq. 12, with a penalty instead of the constraint on the mean weight.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.
    bound : float
        The largest weight.
    slack : float
        Deviation of the mean weight from 1 without penalty.
    ridge : float
        Added to the diagonal of the kernel matrix; larger values give smoother weights.

    Returns
    -------
    ndarray, shape (n_source,)
        Between 0 and ``bound``.
    """
    width = _median_distance(source, target)
    gram = _kernel(source, source, width) + ridge * np.eye(len(source))
    target_mean = _kernel(source, target, width).mean(1) * len(source)

    def loss(w: Array) -> tuple[float, Array]:
        excess = w.mean() - 1.0
        outside = np.sign(excess) * max(abs(excess) - slack, 0.0)
        image = gram @ w
        value = 0.5 * w @ image - target_mean @ w + 0.5 * len(w) ** 2 * outside**2
        return float(value), image - target_mean + len(w) * outside

    start = np.ones(len(source))
    bounds = [(0.0, bound)] * len(source)
    weights: Array = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return weights


def kliep(source: Array, target: Array) -> Array:
    """Return the density ratio by the Kullback-Leibler importance estimation procedure (KLIEP).

    Sugiyama, Suzuki, Nakajima, Kashima, von Bünau and Kawanabe (2008), "Direct importance
    estimation for covariate shift adaptation", Ann. Inst. Stat. Math. 60(4), 699-746, algorithm 1.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.

    Returns
    -------
    ndarray, shape (n_source,)
        Not negative.
    """
    median, centres = _median_distance(source, target), _centres(target)

    def likelihood(width: float) -> float:
        at_source = _kernel(source, centres, width)
        total = 0.0
        for held in _folds(len(target)):
            alpha = _maximum_likelihood(at_source, _kernel(target[~held], centres, width))
            ratio = _kernel(target[held], centres, width) @ alpha
            total += float(floored_log(ratio, LEAST_RATIO).sum())
        return total

    width = max((share * median for share in WIDTHS), key=likelihood)
    at_source = _kernel(source, centres, width)
    weights: Array = at_source @ _maximum_likelihood(at_source, _kernel(target, centres, width))
    return weights


def _maximum_likelihood(at_source: Array, at_target: Array) -> Array:
    """Return the maximum-likelihood coefficients of a ratio with mean 1 over the sources."""
    mean = at_source.mean(0)
    mean = np.maximum(mean, EPSILON)
    alpha = np.ones(len(mean)) / mean.sum()
    for _ in range(KLIEP_STEPS):
        # multiplicative update of expectation maximisation, which keeps coefficients positive
        responsibility = at_target * alpha / np.maximum(at_target @ alpha, EPSILON)[:, None]
        alpha = responsibility.mean(0) / mean
    return alpha


def ulsif(source: Array, target: Array) -> Array:
    """Return the density ratio by unconstrained least-squares importance fitting (uLSIF).

    Kanamori, Hido and Sugiyama (2009), "A least-squares approach to direct importance
    estimation", JMLR 10, 1391-1445, eq. 11.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.

    Returns
    -------
    ndarray, shape (n_source,)
        Not negative.
    """
    return _least_squares(source, target, relative=0.0)


def rulsif(source: Array, target: Array, *, relative: float = RELATIVE) -> Array:
    """Return the relative density ratio, of the target to a mixture of both domains (RuLSIF).

    Yamada, Suzuki, Kanamori, Hachiya and Sugiyama (2013), "Relative density-ratio estimation for
    robust distribution comparison", Neural Computation 25(5), 1324-1370, eq. 6.

    Parameters
    ----------
    source : ndarray, shape (n_source, n_features)
        Features of the source trials.
    target : ndarray, shape (n_target, n_features)
        Features of the target trials.
    relative : float
        Share of the target in the mixture, from 0 to below 1; the true ratio is at most
        ``1 / relative``.

    Returns
    -------
    ndarray, shape (n_source,)
        Not negative.
    """
    return _least_squares(source, target, relative=relative)


def _least_squares(source: Array, target: Array, relative: float) -> Array:
    median, centres = _median_distance(source, target), _centres(target)

    def fit(at_source: Array, at_target: Array, ridge: float) -> Array:
        second = _second_moment(at_source, at_target, relative)
        scale = ridge * np.trace(second) / len(second) + EPSILON
        first = at_target.mean(0)
        solution = np.linalg.solve(second + scale * np.eye(len(second)), first)
        return np.maximum(solution, 0.0)

    def loss(width: float, ridge: float) -> float:
        at_source, at_target = (_kernel(part, centres, width) for part in (source, target))
        total = 0.0
        folds = zip(_folds(len(source)), _folds(len(target)), strict=True)
        for in_source, in_target in folds:
            alpha = fit(at_source[~in_source], at_target[~in_target], ridge)
            second = _second_moment(at_source[in_source], at_target[in_target], relative)
            total += float(0.5 * alpha @ second @ alpha - at_target[in_target].mean(0) @ alpha)
        return total

    choices = [(share * median, ridge) for share in WIDTHS for ridge in RIDGES]
    width, ridge = min(choices, key=lambda choice: loss(*choice))
    at_source, at_target = (_kernel(part, centres, width) for part in (source, target))
    weights: Array = at_source @ fit(at_source, at_target, ridge)
    return weights


def _second_moment(at_source: Array, at_target: Array, relative: float) -> Array:
    """Return the second moment of the kernels under the mixture of both domains."""
    second = (1.0 - relative) * at_source.T @ at_source / len(at_source)
    mixed: Array = second + relative * at_target.T @ at_target / len(at_target)
    return mixed


def _folds(n_trials: int) -> list[NDArray[np.bool_]]:
    """Return the masks of held-out trials for each fold: every fifth trial."""
    return [np.arange(n_trials) % N_FOLDS == fold for fold in range(N_FOLDS)]


def _kernel(X: Array, centres: Array, width: float) -> Array:
    kernel: Array = np.exp(-0.5 * cdist(X, centres, "sqeuclidean") / width**2)
    return kernel


def _median_distance(source: Array, target: Array) -> float:
    sample = np.concatenate([_centres(source), _centres(target)])
    distances = cdist(sample, sample)
    positive = distances[distances > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def _centres(X: Array) -> Array:
    """Return at most 200 trials, evenly spaced in the order of the sample."""
    return X[np.unique(np.linspace(0, len(X) - 1, min(N_CENTRES, len(X))).astype(int))]
