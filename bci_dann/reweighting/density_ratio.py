"""Density ratios without a domain classifier: pure functions ``(source, target) -> weights``.

Each estimates ``p_target(x) / p_source(x)`` at the source trials, up to a factor. Features should
be few and of one scale. Kernels are Gaussian; their width, and the ridge, are those shares of the
median distance that fit held-out trials best, by the criterion of the method itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import multivariate_normal
from sklearn.covariance import oas
from sklearn.neighbors import NearestNeighbors

__all__ = ["gaussian", "kernel_mean_matching", "kliep", "neighbours", "rulsif", "ulsif"]

Array = NDArray[np.float64]

N_CENTRES = 200
WIDTHS = (0.25, 0.5, 1.0)  # shares of the median distance
RIDGES = (1e-3, 1e-2, 1e-1)  # shares of the mean curvature
N_FOLDS = 5
EPSILON = float(np.finfo(np.float64).eps)  # where domains do not overlap, kernels vanish
# KMM: the largest weight, how far the mean weight may be from 1, and what keeps weights smooth.
KMM_BOUND, KMM_SLACK, KMM_RIDGE = 100.0, 0.05, 1.0
# RuLSIF: the share of the target in the mixture below the ratio, which bounds it by 1 / share.
RELATIVE = 0.1
KLIEP_STEPS = 300
FEWEST_NEIGHBOURS = 5


def gaussian(source: Array, target: Array) -> Array:
    """Return the ratio of two normal densities, fitted with shrunk covariances.

    Shimodaira (2000), "Improving predictive inference under covariate shift by weighting the
    log-likelihood function", J. Stat. Plan. Inference 90(2), 227-244.
    """
    logs: list[Array] = []
    for part in (target, source):
        normal = multivariate_normal(part.mean(0), oas(part)[0], allow_singular=True)
        logs.append(np.atleast_1d(normal.logpdf(source)))
    difference = logs[0] - logs[1]
    return np.asarray(np.exp(difference - difference.max()), dtype=np.float64)


def neighbours(source: Array, target: Array) -> Array:
    """Return how many target trials lie as near to a source trial as its nearest sources do.

    Lima, Cunha, Oyaizu, Frieman, Lin and Sheldon (2008), "Estimating the redshift distribution of
    photometric galaxy samples", Mon. Not. R. Astron. Soc. 390(1), 118-130, section 3; the square
    root of the number of sources is looked at.
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
    """Return weights under which the kernel mean of the sources is that of the target.

    Huang, Smola, Gretton, Borgwardt and Schölkopf (2006), "Correcting sample selection bias by
    unlabeled data", NeurIPS, eq. 12; the bound on the mean weight is a penalty.
    """
    width = _median_distance(source, target)
    gram = _kernel(source, source, width) + ridge * np.eye(len(source))
    wanted = _kernel(source, target, width).mean(1) * len(source)

    def loss(w: Array) -> tuple[float, Array]:
        excess = w.mean() - 1.0
        outside = np.sign(excess) * max(abs(excess) - slack, 0.0)
        image = gram @ w
        value = 0.5 * w @ image - wanted @ w + 0.5 * len(w) ** 2 * outside**2
        return float(value), image - wanted + len(w) * outside

    start = np.ones(len(source))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, bound)] * len(source))
    weights: Array = found.x
    return weights


def kliep(source: Array, target: Array) -> Array:
    """Return the ratio that makes the weighted source likeliest to be the target.

    Sugiyama et al. (2008), "Direct importance estimation for covariate shift adaptation", Ann.
    Inst. Stat. Math. 60(4), 699-746, algorithm 1.
    """
    median, centres = _median_distance(source, target), _centres(target)

    def likelihood(width: float) -> float:
        at_source = _kernel(source, centres, width)
        total = 0.0
        for held in _folds(len(target)):
            alpha = _likeliest(at_source, _kernel(target[~held], centres, width))
            ratio = _kernel(target[held], centres, width) @ alpha
            total += float(np.log(np.maximum(ratio, 1e-12)).sum())
        return total

    width = max((share * median for share in WIDTHS), key=likelihood)
    at_source = _kernel(source, centres, width)
    weights: Array = at_source @ _likeliest(at_source, _kernel(target, centres, width))
    return weights


def _likeliest(at_source: Array, at_target: Array) -> Array:
    """Ascend to the likeliest non-negative coefficients whose ratio has mean 1 at the source."""
    mean = at_source.mean(0)
    mean = np.maximum(mean, EPSILON)
    alpha = np.ones(len(mean)) / mean.sum()
    for _ in range(KLIEP_STEPS):
        # the multiplicative step of expectation maximisation keeps signs and never overshoots
        responsibility = at_target * alpha / np.maximum(at_target @ alpha, EPSILON)[:, None]
        alpha = responsibility.mean(0) / mean
    return alpha


def ulsif(source: Array, target: Array) -> Array:
    """Return the least-squares fit of the ratio, without a constraint.

    Kanamori, Hido and Sugiyama (2009), "A least-squares approach to direct importance
    estimation", JMLR 10, 1391-1445, eq. 11.
    """
    return _least_squares(source, target, relative=0.0)


def rulsif(source: Array, target: Array, *, relative: float = RELATIVE) -> Array:
    """Return the ratio to a mixture of both domains, which no trial can make large.

    Yamada, Suzuki, Kanamori, Hachiya and Sugiyama (2013), "Relative density-ratio estimation for
    robust distribution comparison", Neural Computation 25(5), 1324-1370, eq. 6.
    """
    return _least_squares(source, target, relative=relative)


def _least_squares(source: Array, target: Array, relative: float) -> Array:
    median, centres = _median_distance(source, target), _centres(target)

    def fit(at_source: Array, at_target: Array, ridge: float) -> Array:
        second = _second(at_source, at_target, relative)
        scale = ridge * np.trace(second) / len(second) + EPSILON
        first = at_target.mean(0)
        solution = np.linalg.solve(second + scale * np.eye(len(second)), first)
        return np.maximum(solution, 0.0)

    def loss(width: float, ridge: float) -> float:
        at_source, at_target = (_kernel(part, centres, width) for part in (source, target))
        total = 0.0
        for here, there in zip(_folds(len(source)), _folds(len(target)), strict=True):
            alpha = fit(at_source[~here], at_target[~there], ridge)
            second = _second(at_source[here], at_target[there], relative)
            total += float(0.5 * alpha @ second @ alpha - at_target[there].mean(0) @ alpha)
        return total

    choices = [(share * median, ridge) for share in WIDTHS for ridge in RIDGES]
    width, ridge = min(choices, key=lambda choice: loss(*choice))
    at_source, at_target = (_kernel(part, centres, width) for part in (source, target))
    weights: Array = at_source @ fit(at_source, at_target, ridge)
    return weights


def _second(at_source: Array, at_target: Array, relative: float) -> Array:
    second = (1.0 - relative) * at_source.T @ at_source / len(at_source)
    mixed: Array = second + relative * at_target.T @ at_target / len(at_target)
    return mixed


def _folds(n_trials: int) -> list[NDArray[np.bool_]]:
    """Return which trials are held out in each fold, every fifth."""
    return [np.arange(n_trials) % N_FOLDS == fold for fold in range(N_FOLDS)]


def _kernel(X: Array, centres: Array, width: float) -> Array:
    kernel: Array = np.exp(-0.5 * cdist(X, centres, "sqeuclidean") / width**2)
    return kernel


def _median_distance(source: Array, target: Array) -> float:
    some = np.concatenate([_centres(source), _centres(target)])
    distances = cdist(some, some)
    positive = distances[distances > 0]
    return float(np.median(positive)) if len(positive) else 1.0


def _centres(X: Array) -> Array:
    """Return trials spread evenly over the sample, the same each time."""
    return X[np.unique(np.linspace(0, len(X) - 1, min(N_CENTRES, len(X))).astype(int))]
