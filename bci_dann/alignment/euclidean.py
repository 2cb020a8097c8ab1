"""Euclidean alignment: whiten the trials of each domain by their arithmetic mean covariance.

He and Wu (2020), "Transfer learning for brain-computer interfaces: a Euclidean space data
alignment approach", IEEE Trans. Biomed. Eng. 67(2), 399-410, doi:10.1109/TBME.2019.2913914.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.alignment.outlying_directions import robust_mean_of_signals
from bci_dann.alignment.recentring import SignalWhitening

__all__ = ["EuclideanAlignment", "euclidean_reference"]


def euclidean_reference(X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the arithmetic mean of the trials' covariances.

    ``R = (1/n) sum_i X_i X_i' / n_times``: equation 10 of [1]_, divided by the number of samples so
    that trials of different lengths can share a reference.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials of one domain (µV).

    Returns
    -------
    ndarray, shape (n_chans, n_chans)
        The reference (µV²), computed in double precision.

    See Also
    --------
    EuclideanAlignment : Whitens trials by this reference.

    References
    ----------
    .. [1] He, H. and Wu, D. (2020). Transfer learning for brain-computer interfaces: a Euclidean
       space data alignment approach. IEEE Transactions on Biomedical Engineering 67(2), 399-410.
       doi:10.1109/TBME.2019.2913914.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann.alignment import euclidean_reference
    >>> X = np.random.default_rng(0).normal(scale=[[[10.0], [3.0]]], size=(20, 2, 200))
    >>> euclidean_reference(X).round()
    array([[100.,  -0.],
           [ -0.,   9.]])
    """
    reference = np.zeros((X.shape[1], X.shape[1]))
    for trial in X:  # trial by trial: a float64 copy of all trials may not fit in memory
        wide = np.asarray(trial, dtype=np.float64)
        reference += wide @ wide.T
    return reference / (len(X) * X.shape[2])


class EuclideanAlignment(SignalWhitening):
    """Whiten the trials ``X_i`` of every domain by its reference ``R``: ``R^(-1/2) X_i``.

    Trials are ``(n_trials, n_chans, n_times)`` in microvolt, references in µV². Whitened trials are
    float32 and without unit; the mean covariance of each domain is then the identity [1]_.

    Parameters
    ----------
    robust : bool
        Whether artefacts of each trial are first suppressed, in the reference and in the whitened
        signals, see :mod:`bci_dann.alignment.artefacts`, and outlying directions have no influence
        on the reference; see :mod:`bci_dann.alignment.outlying_directions`.

    See Also
    --------
    RiemannianAlignment : The same with the Riemannian mean.
    euclidean_reference : The reference ``R``.

    References
    ----------
    .. [1] He, H. and Wu, D. (2020). Transfer learning for brain-computer interfaces: a Euclidean
       space data alignment approach. IEEE Transactions on Biomedical Engineering 67(2), 399-410.
       doi:10.1109/TBME.2019.2913914.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import EuclideanAlignment
    >>> X = np.random.default_rng(0).normal(scale=[[[10.0], [3.0]]], size=(20, 2, 200))
    >>> aligned = EuclideanAlignment().fit(X).transform(X)
    >>> covariances = aligned @ aligned.transpose(0, 2, 1) / 200
    >>> np.allclose(covariances.mean(axis=0), np.eye(2), atol=1e-6)
    True
    """

    def _reference(self, X: NDArray[Any]) -> NDArray[np.float64]:
        if self.robust:
            return robust_mean_of_signals(self._covariances(X), "euclidean")
        return euclidean_reference(X)

    def _metric(self) -> str:
        return "euclidean"

    def _pooled(
        self, references: Sequence[NDArray[np.float64]], counts: NDArray[np.int_]
    ) -> NDArray[np.float64]:
        weighted = [count * one for one, count in zip(references, counts, strict=True)]
        pooled: NDArray[np.float64] = np.sum(weighted, axis=0) / counts.sum()
        return pooled
