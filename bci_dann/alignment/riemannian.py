"""Re-centring by the Riemannian mean, after which each domain's mean covariance is the identity.

Zanini, Congedo, Jutten, Said and Berthoumieu (2018), "Transfer learning: a Riemannian
geometry framework with applications to brain-computer interfaces", IEEE Trans. Biomed. Eng.
65(5), 1107-1116, section III.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann._compat import pyriemann_module
from bci_dann._validation import check_option
from bci_dann.alignment.outlying_directions import (
    robust_mean,
    robust_mean_of_signals,
    with_usual_powers,
)
from bci_dann.alignment.recentring import Recentring, SignalWhitening
from bci_dann.alignment.result_cache import ResultCache, cached
from bci_dann.alignment.whitening import RANK_TOLERANCE, inverse_square_root
from bci_dann.exceptions import DataError

__all__ = ["MEANS", "CovarianceRecentring", "RiemannianAlignment", "mean_covariance"]

MEANS = ("riemannian", "euclidean")
# Empirical: large enough that covariances of short trials are positive definite, small enough that
# the mean changes by no more than a thousandth.
SHRINKAGE = 1e-3
# Norm of the mean tangent vector at which the iteration stops: below the rounding error of
# re-centred trials in single precision.
TOLERANCE = 1e-6


class CovarianceRecentring(Recentring):
    """Re-centring of covariances ``C_i`` by their mean ``M``: ``M^(-1/2) C_i M^(-1/2)``.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"}
        The affine-invariant (Karcher) mean, or the arithmetic one.
    robust : bool
        Whether outlying directions have no influence on the mean, and are replaced in re-centred
        covariances; see :mod:`bci_dann.alignment.outlying_directions`.
    """

    def __init__(self, mean: str = "riemannian", robust: bool = False) -> None:
        self.mean = mean
        self.robust = robust

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        if self.robust:
            return cached(self.cache, robust_mean, X, self.mean)
        return mean_covariance(X, self.mean, self.cache)

    def _covariance(self, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(X[0], dtype=np.float64)

    def _metric(self) -> str:
        return self.mean

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        check_option("mean", self.mean, MEANS)
        return _weighted_mean(np.stack(references), counts, self.mean)

    def _whiten(
        self,
        X: NDArray[Any],
        reference: NDArray[np.float64],
        out: NDArray[Any],
        where: NDArray[np.intp],
    ) -> None:
        whitening = inverse_square_root(reference)
        recentred = whitening @ X[where] @ whitening
        if self.robust:
            recentred = with_usual_powers(recentred, X[where], np.diagonal(reference))
        out[where] = recentred


class RiemannianAlignment(SignalWhitening):
    """Whiten the trials of every domain by the Riemannian mean of their covariances.

    Like :class:`EuclideanAlignment`, with the mean of [1]_, which single trials of large amplitude,
    such as artefacts, influence less. Covariances are shrunk by a thousandth towards the domain's
    arithmetic mean. Unlike shrinkage towards a multiple of the identity this commutes with
    whitening, so that the whitened trials have the identity as their mean. Directions without
    signal, as after an average reference, are left out.

    Parameters
    ----------
    robust : bool
        Whether artefacts of each trial are first suppressed, in the reference and in the whitened
        signals, see :mod:`bci_dann.alignment.artefacts`, and outlying directions have no influence
        on the reference; see :mod:`bci_dann.alignment.outlying_directions`.

    See Also
    --------
    EuclideanAlignment : The same with the arithmetic mean, which is faster.
    bci_dann.features.TangentViews : Re-centring of covariances, as features.

    References
    ----------
    .. [1] Zanini, P. et al. (2018). Transfer learning: a Riemannian geometry framework with
       applications to brain-computer interfaces. IEEE Transactions on Biomedical Engineering 65(5),
       1107-1116. doi:10.1109/TBME.2017.2742541.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.alignment import RiemannianAlignment
    >>> X = np.random.default_rng(0).normal(scale=[[[10.0], [3.0]]], size=(20, 2, 200))
    >>> aligned = RiemannianAlignment().fit(X).transform(X)
    >>> covariances = aligned @ aligned.transpose(0, 2, 1) / 200
    >>> np.allclose(covariances.mean(axis=0), np.eye(2), atol=0.05)
    True
    """

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        mean_of_signals = _robust_mean_of_signals if self.robust else _mean_of_signals
        return cached(self.cache, mean_of_signals, self._covariances(X))

    def _metric(self) -> str:
        return "riemannian"

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        return _mean_on_signal_subspace(np.stack(references), counts)


def mean_covariance(
    covariances: NDArray[Any], mean: str, cache: ResultCache | None = None
) -> NDArray[np.float64]:
    """Return the mean of covariances.

    Parameters
    ----------
    covariances : ndarray, shape (n_trials, n_chans, n_chans)
        Symmetric and positive definite.
    mean : {"riemannian", "euclidean"}
        The affine-invariant (Karcher) mean (Moakher 2005, "A differential geometric approach to
        the geometric mean of symmetric positive-definite matrices", SIAM J. Matrix Anal. Appl.
        26(3), 735-747), or the arithmetic one.
    cache : ResultCache or None
        Cache for means of the same covariances.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        Symmetric and positive definite.

    Raises
    ------
    ConfigError
        When there is no such mean.
    """
    check_option("mean", mean, MEANS)
    return cached(cache, _MEAN_OF[mean], covariances)


def _mean_on_signal_subspace(
    covariances: NDArray[np.float64], counts: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Return the Riemannian mean within the directions that hold signal in any matrix."""
    arithmetic = np.average(covariances, axis=0, weights=counts)
    if not np.isfinite(arithmetic).all():
        return arithmetic  # whitening raises an error for it
    values, vectors = np.linalg.eigh(arithmetic)
    if not values[-1] > 0:
        return arithmetic  # zero; whitening raises an error for it
    span = vectors[:, values > RANK_TOLERANCE * values[-1]]
    within = span.T @ ((1.0 - SHRINKAGE) * covariances + SHRINKAGE * arithmetic) @ span
    return span @ _weighted_mean(within, counts, "riemannian") @ span.T


def _weighted_mean(
    covariances: NDArray[np.float64], counts: NDArray[np.int_], mean: str
) -> NDArray[np.float64]:
    # pyriemann 0.12's `mean_covariance` gives the Riemannian mean whatever `metric` says
    means = pyriemann_module("geometry.mean")
    weights = counts.astype(np.float64)
    if mean == "riemannian":
        _check_power(covariances)
        centre = means.mean_riemann(covariances, tol=TOLERANCE, sample_weight=weights)
    else:
        centre = means.mean_euclid(covariances, sample_weight=weights)
    return np.asarray(centre)


def _check_power(covariances: NDArray[np.float64]) -> None:
    n_broken = int((~np.isfinite(covariances)).any(axis=(1, 2)).sum())
    if n_broken:
        raise DataError(
            f"{n_broken} of {len(covariances)} trials hold samples that are NaN or inf: leave them "
            "out."
        )
    n_flat = int((np.trace(covariances, axis1=1, axis2=2) <= 0).sum())
    if n_flat:
        raise DataError(
            f"{n_flat} of {len(covariances)} trials are flat, in whole or in a time window, and "
            "have no Riemannian mean: leave them out, or use alignment 'euclidean'; "
            "RiemannianClassifier(robust=True) needs neither."
        )


def _unit_counts(X: NDArray[Any]) -> NDArray[np.int_]:
    return np.ones(len(X), dtype=int)


def _riemannian_mean(X: NDArray[Any]) -> NDArray[np.float64]:
    return _weighted_mean(X, _unit_counts(X), "riemannian")


def _euclidean_mean(X: NDArray[Any]) -> NDArray[np.float64]:
    return _weighted_mean(X, _unit_counts(X), "euclidean")


def _mean_of_signals(X: NDArray[Any]) -> NDArray[np.float64]:
    return _mean_on_signal_subspace(X, _unit_counts(X))


def _robust_mean_of_signals(X: NDArray[Any]) -> NDArray[np.float64]:
    return robust_mean_of_signals(X, "riemannian", SHRINKAGE)


_MEAN_OF = {"riemannian": _riemannian_mean, "euclidean": _euclidean_mean}
