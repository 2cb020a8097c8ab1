"""Euclidean alignment: remove the covariance that a subject's recording has on average.

He and Wu (2020), "Transfer learning for brain-computer interfaces: a Euclidean space data
alignment approach", IEEE Trans. Biomed. Eng. 67(2), 399-410, doi:10.1109/TBME.2019.2913914.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bci_dann.exceptions import DataError

__all__ = ["EuclideanAlignment", "align", "euclidean_reference", "inverse_square_root"]

# Directions with less than this share of the largest eigenvalue carry no signal, as after
# an average reference; whitening them would only amplify rounding errors.
RANK_TOLERANCE = 1e-10


def euclidean_reference(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the arithmetic mean of the trials' covariances.

    ``R = (1/n) sum_i X_i X_i' / n_times`` (He and Wu 2020, eq. 10, scaled by the length so
    that trials of different lengths can share a reference).

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials of one domain (µV).

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        The reference (µV²), computed in double precision.
    """
    reference = np.zeros((X.shape[1], X.shape[1]))
    for trial in X:  # trial by trial: a float64 copy of all trials need not fit in memory
        wide = np.asarray(trial, dtype=np.float64)
        reference += wide @ wide.T
    return reference / (len(X) * X.shape[2])


def inverse_square_root(reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``R^(-1/2)`` of a symmetric positive semi-definite matrix.

    Directions without signal are mapped to zero (pseudo-inverse).

    Parameters
    ----------
    reference : ndarray, shape (n_chans, n_chans)
        A mean covariance.

    Returns
    -------
    ndarray, shape (n_chans, n_chans)

    Raises
    ------
    DataError
        When the matrix holds values that are not finite, or is zero.
    """
    if not np.isfinite(reference).all():
        raise DataError("The alignment reference is not finite: look for NaN in the trials.")
    values, vectors = np.linalg.eigh(reference)
    kept = values > RANK_TOLERANCE * max(values[-1], 0.0)
    if values[-1] <= 0:
        raise DataError("The alignment reference is zero: the trials hold no signal.")
    scale = np.zeros_like(values)
    scale[kept] = values[kept] ** -0.5
    whitening: NDArray[np.float64] = (vectors * scale) @ vectors.T
    return whitening


def align(
    X: NDArray[Any],
    whitening: NDArray[np.float64],
    out: NDArray[np.float32] | None = None,
    where: NDArray[np.intp] | None = None,
) -> NDArray[np.float32]:
    """Return ``R^(-1/2) X_i`` of every trial, as float32.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    whitening : ndarray, shape (n_chans, n_chans)
        What :func:`inverse_square_root` returned.
    out : ndarray of float32, shape (n_trials, n_chans, n_times), optional
        Where to write.
    where : ndarray of int, optional
        Which trials to align; all of them where it is not given.

    Returns
    -------
    ndarray, shape (n_trials, n_chans, n_times)
        Aligned trials, without unit; ``out`` where it is given.
    """
    aligned = np.empty(X.shape, dtype=np.float32) if out is None else out
    for index in range(len(X)) if where is None else where:
        aligned[index] = whitening @ np.asarray(X[index], dtype=np.float64)
    return aligned


class EuclideanAlignment(TransformerMixin, BaseEstimator):
    """Align every domain by its own reference, and strangers by the pooled one.

    Put it inside an estimator rather than before one: as a separate pipeline step it never
    sees the target that an evaluation hands to ``fit``.

    Attributes
    ----------
    references_ : dict of str to ndarray, shape (n_chans, n_chans)
        The reference of each domain met in :meth:`fit` or :meth:`extend` (µV²).
    fallback_ : ndarray, shape (n_chans, n_chans)
        The reference for trials of a domain never met: the mean over the trials of the
        last call, so over the sources until a target has been seen, and over the target
        from then on.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(scale=[[[10.0], [3.0]]], size=(20, 2, 200))
    >>> aligned = EuclideanAlignment().fit(X).transform(X)
    >>> np.allclose(euclidean_reference(aligned), np.eye(2), atol=1e-6)
    True
    """

    references_: dict[str, NDArray[np.float64]]
    fallback_: NDArray[np.float64]

    def fit(
        self,
        X: NDArray[Any],
        y: Any = None,  # noqa: ARG002 (scikit-learn's signature)
        domains: ArrayLike | None = None,
    ) -> EuclideanAlignment:
        """Compute the references of the source domains.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        y : None
            Ignored.
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial; one domain for all where it is not given.

        Returns
        -------
        EuclideanAlignment
            ``self``.
        """
        self.references_ = {}
        return self.extend(X, domains)

    def extend(self, X: NDArray[Any], domains: ArrayLike | None = None) -> EuclideanAlignment:
        """Add the references of further domains, and make their mean the fallback.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials of the new domains, for example of the target (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial.

        Returns
        -------
        EuclideanAlignment
            ``self``.
        """
        names = _domain_names(domains, len(X))
        for name in np.unique(names):
            self.references_[str(name)] = euclidean_reference(X[names == name])
        counts = {str(name): int((names == name).sum()) for name in np.unique(names)}
        weighted = [count * self.references_[name] for name, count in counts.items()]
        self.fallback_ = np.sum(weighted, axis=0) / len(X)
        return self

    def transform(
        self,
        X: NDArray[Any],
        domains: ArrayLike | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Align trials by the frozen references.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_chans, n_times)
            Trials (µV).
        domains : array-like of str, shape (n_trials,), optional
            The domain of each trial. A domain never met, and trials without domain, get
            the fallback.
        out : ndarray of float32, shape (n_trials, n_chans, n_times), optional
            Where to write; a new array where it is not given.

        Returns
        -------
        ndarray, shape (n_trials, n_chans, n_times)
            Aligned trials, float32, without unit.
        """
        check_is_fitted(self)
        if domains is None:
            return align(X, inverse_square_root(self.fallback_), out)
        names = _domain_names(domains, len(X))
        aligned = np.empty(X.shape, dtype=np.float32) if out is None else out
        for name in np.unique(names):
            reference = self.references_.get(str(name), self.fallback_)
            align(X, inverse_square_root(reference), aligned, np.flatnonzero(names == name))
        return aligned


def _domain_names(domains: ArrayLike | None, n_trials: int) -> NDArray[np.str_]:
    if domains is None:
        return np.repeat("", n_trials)
    names = np.asarray(domains).astype(str)
    if names.shape != (n_trials,):
        raise DataError(f"domains must have shape ({n_trials},); got {names.shape}.")
    return names
