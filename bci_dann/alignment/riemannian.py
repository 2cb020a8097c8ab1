"""Re-centring by the Riemannian mean: every domain's mean covariance becomes the identity.

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
from bci_dann.alignment.recentring import RANK_TOLERANCE, Recentring, SignalWhitening
from bci_dann.alignment.result_cache import Memory

__all__ = ["MEANS", "CovarianceRecentring", "RiemannianAlignment", "mean_covariance"]

MEANS = ("riemannian", "euclidean")
SHRINKAGE = 1e-3
# The mean of the domain's tangent vectors is nought to a millionth: what is left is less than the
# rounding of what was re-centred, in single precision, and a third of the iterations is saved.
TOLERANCE = 1e-6
# Means of the domains of a large run: 2 kB each for 15 channels, 33 kB for 64.
REMEMBERED_BYTES = 2**25


class CovarianceRecentring(Recentring):
    """``M^(-1/2) C_i M^(-1/2)`` with the mean ``M`` of the domain's covariances.

    Parameters
    ----------
    mean : {"riemannian", "euclidean"}
        The affine-invariant (Karcher) mean, or the arithmetic one.
    """

    def __init__(self, mean: str = "riemannian") -> None:
        self.mean = mean

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        return mean_covariance(X, self.mean)

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        check_option("mean", self.mean, MEANS)
        return _weighted_mean(np.stack(references), counts, self.mean)

    def _whiten(
        self,
        X: NDArray[Any],
        whitening: NDArray[np.float64],
        out: NDArray[Any],
        where: NDArray[np.intp],
    ) -> None:
        out[where] = whitening @ X[where] @ whitening


class RiemannianAlignment(SignalWhitening):
    """Whiten the trials of every domain by the Riemannian mean of their covariances.

    As :class:`EuclideanAlignment`, with a mean on which single trials of large amplitude, such
    as artefacts, weigh less. Covariances are shrunk by a thousandth towards the domain's arithmetic
    mean: unlike shrinkage towards a sphere this commutes with whitening, so the mean of what was
    whitened is the identity. Directions without signal, as after an average reference, are left
    out of it.
    """

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        wide = np.asarray(X, dtype=np.float64)
        return _remembered["signals"](wide @ wide.swapaxes(1, 2) / X.shape[2])

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        return _mean_where_signal_is(np.stack(references), counts)


def mean_covariance(covariances: NDArray[Any], mean: str) -> NDArray[np.float64]:
    """Return the mean of covariances, ``(n_trials, n_chans, n_chans)``, by name."""
    check_option("mean", mean, MEANS)
    return _remembered[mean](covariances)


def _mean_where_signal_is(
    covariances: NDArray[np.float64], counts: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Return the Riemannian mean within the directions that hold signal in any matrix."""
    arithmetic = np.average(covariances, axis=0, weights=counts)
    values, vectors = np.linalg.eigh(arithmetic)
    if not values[-1] > 0:
        return arithmetic  # zero or not finite, which whitening refuses
    span = vectors[:, values > RANK_TOLERANCE * values[-1]]
    within = span.T @ ((1.0 - SHRINKAGE) * covariances + SHRINKAGE * arithmetic) @ span
    return span @ _weighted_mean(within, counts, "riemannian") @ span.T


def _weighted_mean(
    covariances: NDArray[np.float64], counts: NDArray[np.int_], mean: str
) -> NDArray[np.float64]:
    # pyriemann 0.12's `mean_covariance` gives the Riemannian mean whatever `metric` says
    means = pyriemann_module("geometry.mean")
    weights = counts.astype(np.float64)
    found: NDArray[np.float64] = (
        means.mean_riemann(covariances, tol=TOLERANCE, sample_weight=weights)
        if mean == "riemannian"
        else means.mean_euclid(covariances, sample_weight=weights)
    )
    return found


def _even(X: NDArray[Any]) -> NDArray[np.int_]:
    return np.ones(len(X), dtype=int)


_remembered = {
    "riemannian": Memory(lambda X: _weighted_mean(X, _even(X), "riemannian"), REMEMBERED_BYTES),
    "euclidean": Memory(lambda X: _weighted_mean(X, _even(X), "euclidean"), REMEMBERED_BYTES),
    "signals": Memory(lambda X: _mean_where_signal_is(X, _even(X)), REMEMBERED_BYTES),
}
