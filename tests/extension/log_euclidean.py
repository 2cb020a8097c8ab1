"""Alignment by the log-Euclidean mean of the covariances of each domain.

Arsigny, Fillard, Pennec and Ayache (2007), "Geometric means in a novel vector space structure on
symmetric positive-definite matrices", SIAM J. Matrix Anal. Appl. 29(1), 328-347.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bci_dann.alignment import Alignment


class LogEuclideanAlignment(Alignment):
    """Whiten the trials of every domain by ``exp(mean_i log C_i)``.

    Parameters
    ----------
    shrinkage : float
        Share of each covariance that is replaced by a sphere of the same trace, so that its
        logarithm exists.
    """

    def __init__(self, shrinkage: float = 0.01) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Learn the mean logarithm of the covariances of each source domain."""
        self.mean_logs_: dict[str, NDArray[np.float64]] = {}
        return self.extend(X, domains)

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> Self:
        """Learn those of further domains; trials of no known domain get the mean of the last."""
        names = np.repeat("", len(X)) if domains is None else np.asarray(domains)
        logs = self._log_covariances(X)
        for name in np.unique(names).tolist():
            self.mean_logs_[name] = logs[names == name].mean(axis=0)
        self.fallback_ = logs.mean(axis=0)
        return self

    def transform(self, X: NDArray[Any], domains: ArrayLike | None = None) -> NDArray[np.float32]:
        """Whiten trials: ``exp(-L / 2) X_i`` with the mean logarithm ``L`` of their domain."""
        names = np.repeat("", len(X)) if domains is None else np.asarray(domains)
        aligned = np.empty(X.shape, dtype=np.float32)
        for name in np.unique(names).tolist():
            mean_log = self.mean_logs_.get(name, self.fallback_)
            values, vectors = np.linalg.eigh(mean_log)
            whitening = (vectors * np.exp(-values / 2)) @ vectors.T
            aligned[names == name] = whitening @ X[names == name]
        return aligned

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the mean logarithms, domain after domain."""
        return {"mean_logs": np.stack(list(self.mean_logs_.values())), "fallback": self.fallback_}

    def from_arrays(self, domains: list[str], arrays: dict[str, NDArray[Any]]) -> Self:
        """Restore the mean logarithms of the domains, which come in the order of learning."""
        self.mean_logs_ = dict(zip(domains, arrays["mean_logs"], strict=True))
        self.fallback_ = arrays["fallback"]
        return self

    def _log_covariances(self, X: NDArray[Any]) -> NDArray[np.float64]:
        wide = X.astype(np.float64)
        covariances = wide @ wide.swapaxes(1, 2) / X.shape[2]
        values, vectors = np.linalg.eigh(covariances)
        mean = values.mean(axis=1, keepdims=True)
        logs = np.log((1 - self.shrinkage) * values + self.shrinkage * mean)
        return (vectors * logs[:, None]) @ vectors.swapaxes(1, 2)
