"""Directions in which features drift from trial to trial, and their removal.

Cues are presented in random order, so what the trials of one minute have in common is not caused by
the cues, but by slow changes: alertness, drying gel, a moving cap. A decoder that relies on them,
or adapts to them, loses accuracy. The directions are estimated from neighbouring trials, without
labels, and projected out of the features before they reach a linear decoder: Solomonoff, Campbell
and Boardman (2005), "Advances in channel compensation for SVM speaker recognition", ICASSP, 629-632
(nuisance attribute projection). A related method for spatial filters is that of Samek, Vidaurre,
Müller and Kawanabe (2012), "Stationary common spatial patterns for brain-computer interfacing", J.
Neural Eng. 9, 026013.
"""

from __future__ import annotations

import contextlib
import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from bci_dann._arrays import chunks
from bci_dann.features.subspace import Subspace

__all__ = ["drift_directions", "without_directions", "without_domain_means"]

# Largest lag of the autocovariance (trials). Empirical: about ten trials of motor imagery are
# recorded in a minute.
SPAN = 10
# Bartlett's weights: Newey and West (1987), "A simple, positive semi-definite, heteroskedasticity
# and autocorrelation consistent covariance matrix", Econometrica 55(3), 703-708, eq. 5.
WEIGHTS = 1.0 - np.arange(1, SPAN + 1) / (SPAN + 1)
# One-sided level of the test along one direction: the probability of a false alarm without drift.
LEVEL = 0.05
# Up to this number of features all eigenvectors are computed, and otherwise those at both ends of
# the spectrum, by the Lanczos method, which takes a fraction of the time (`bench_subspace.py`).
FEW_FEATURES = 300
# Directions that are computed at first; ten drift in MI-OpenBCI (Peterson et al. 2020).
FEW_DIRECTIONS = 12


def drift_directions(
    X: NDArray[Any], domains: NDArray[np.str_], least_strength: float = 0.0
) -> NDArray[np.float64]:
    """Return the directions in which features drift from trial to trial by more than chance.

    Cues are in random order, so what neighbouring trials share is not due to the class. Removing it
    is nuisance attribute projection [1]_; stationary spatial patterns are related [2]_.

    The directions are eigenvectors of the autocovariance ``sum_l w_l (C_l + C_l')``, where ``C_l``
    is the covariance of trials with those ``l`` later, each domain about its own mean, and ``w_l
    = 1 - l / 11`` for ``l = 1 ... 10``. Without drift the eigenvalues scatter about zero, so
    the most negative one estimates how large the largest becomes by chance. Along a fixed
    direction, their standard error is ``2 sqrt(sum_l w_l^2 / n_trials)`` in units of the variance.
    Directions whose eigenvalue exceeds both limits are returned.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features; the trials of each domain in the order of recording.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.
    least_strength : float
        A third limit: the smallest eigenvalue, relative to the sum of the variances of all
        features.

    Returns
    -------
    ndarray, shape (n_features, n_directions)
        Orthonormal columns; none where nothing drifts.

    See Also
    --------
    without_directions : Projects them out.
    bci_dann.RiemannianClassifier : Removes them with ``remove_drift=True``.

    References
    ----------
    .. [1] Solomonoff, A., Campbell, W. M. and Boardman, I. (2005). Advances in channel compensation
       for SVM speaker recognition. ICASSP, 629-632. doi:10.1109/ICASSP.2005.1415192.
    .. [2] Samek, W., Vidaurre, C., Müller, K.-R. and Kawanabe, M. (2012). Stationary common spatial
       patterns for brain-computer interfacing. Journal of Neural Engineering 9, 026013.
       doi:10.1088/1741-2560/9/2/026013.

    Examples
    --------
    The first of three features rises from trial to trial:

    >>> import numpy as np
    >>> from bci_dann.features import drift_directions
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> X[:, 0] += np.linspace(-2, 2, 200)
    >>> np.abs(drift_directions(X, np.repeat("1/0", 200))).round(1)
    array([[1. ],
           [0. ],
           [0.1]])
    """
    weights = _weights_of_pairs(domains)
    centred = without_domain_means(X, domains)
    subspace, coordinates = Subspace.spanned_by_few(centred)  # the same result in less time
    if not weights.nnz or not coordinates.any():  # for example one trial in each domain
        return np.empty((X.shape[1], 0))
    lowest, values, vectors = _extreme_eigenvectors(coordinates, weights)
    variances = ((coordinates @ vectors) ** 2).sum(axis=0)
    error = 2.0 * math.sqrt(float((WEIGHTS**2).sum()) / len(X))
    limit = np.maximum(-lowest, NormalDist().inv_cdf(1 - LEVEL) * error * variances)
    limit = np.maximum(limit, least_strength * np.vdot(coordinates, coordinates))
    return np.ascontiguousarray(subspace.vectors(vectors[:, values > limit].T).T)


def without_directions(X: NDArray[Any], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features, or weights of a linear decoder, with some directions projected out.

    Parameters
    ----------
    X : ndarray, shape (n_rows, n_features)
        Features, or weights; not modified.
    directions : ndarray, shape (n_features, n_directions)
        Orthonormal columns.

    Returns
    -------
    ndarray, shape (n_rows, n_features)
        Orthogonal to the directions, in double precision; ``X`` itself, if it is in double
        precision and there are no directions.

    See Also
    --------
    drift_directions : Finds them.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.features import without_directions
    >>> without_directions(np.array([[3.0, 4.0]]), np.array([[1.0], [0.0]]))
    array([[0., 4.]])
    """
    X = np.asarray(X, dtype=np.float64)
    if not directions.shape[1]:
        return X
    remaining = np.empty_like(X)
    for rows in chunks(len(X)):  # in all rows together, the parts along directions take much memory
        remaining[rows] = X[rows] - (X[rows] @ directions) @ directions.T
    return remaining


def without_domain_means(X: NDArray[Any], domains: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return features minus the mean of their domain.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features; not modified.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.

    Returns
    -------
    ndarray, shape (n_trials, n_features)
        In double precision.
    """
    centred = np.array(X, dtype=np.float64)
    for name in np.unique(domains):
        centred[domains == name] -= centred[domains == name].mean(axis=0)
    return centred


def _weights_of_pairs(domains: NDArray[np.str_]) -> csr_array:
    """Return the weight of each pair of trials in the autocovariance, ``(n_trials, n_trials)``."""
    earlier, later, weights = [], [], []
    for name in np.unique(domains):
        rows = np.flatnonzero(domains == name)
        for lag, weight in enumerate(WEIGHTS[: len(rows) - 1], start=1):
            earlier.append(rows[:-lag])
            later.append(rows[lag:])
            weights.append(np.full(len(rows) - lag, weight))
    if not weights:
        return csr_array((len(domains), len(domains)))
    places = np.concatenate(earlier), np.concatenate(later)
    pairs = csr_array((np.concatenate(weights), places), shape=(len(domains), len(domains)))
    return pairs + pairs.T


def _extreme_eigenvectors(
    trials: NDArray[np.float64], weights: csr_array
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest eigenvalue of the autocovariance, and all that exceed its negative.

    Returns
    -------
    lowest : float
        The smallest eigenvalue.
    values : ndarray, shape (n_values,)
        In ascending order; there may be smaller ones than those that exceed ``-lowest``.
    vectors : ndarray, shape (n_features, n_values)
        The eigenvectors of these, in columns.
    """
    n_features = trials.shape[1]
    if n_features > FEW_FEATURES:
        with contextlib.suppress(ArpackNoConvergence):
            return _by_lanczos(trials, weights)
    values, vectors = np.linalg.eigh(trials.T @ (weights @ trials))
    return float(values[0]), values, vectors


def _by_lanczos(
    trials: NDArray[np.float64], weights: csr_array
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return extreme eigenvectors to machine precision, from products with single vectors."""
    n_features = trials.shape[1]
    autocovariance = LinearOperator(
        (n_features, n_features),
        matvec=lambda vector: trials.T @ (weights @ (trials @ vector)),
        dtype=np.float64,
    )
    start = np.random.default_rng(0).standard_normal(n_features)
    (lowest,) = eigsh(autocovariance, 1, which="SA", v0=start, return_eigenvectors=False)
    n_values = FEW_DIRECTIONS
    while True:
        values, vectors = eigsh(autocovariance, n_values, which="LA", v0=start)
        if values.min() <= -lowest or n_values == n_features - 1:
            break
        n_values = min(2 * n_values, n_features - 1)
    order = np.argsort(values)
    return float(lowest), values[order], vectors[:, order]
