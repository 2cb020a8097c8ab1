"""Deviations of features over neighbouring trials, which follow slow changes of a recording.

The reference of a session follows what differs from session to session. Within a session
alertness, skin and electrodes change, too. Vidaurre, Kawanabe, von Bünau, Blankertz and Müller
(2011), "Toward unsupervised adaptation of LDA for brain-computer interfaces", IEEE Trans. Biomed.
Eng. 58(3), 587-597, let the mean of the features follow the trials that pass, without labels. The
means here look to both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["local_deviations"]

# The label of a trial whose class is not known.
UNKNOWN = -1


def local_deviations(
    X: NDArray[Any],
    domains: NDArray[np.str_],
    span: float,
    labels: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return how far the mean of the features around each trial is from that of its domain.

    Trial ``j`` weighs ``exp(-(i - j)^2 / (2 span^2))`` in the mean around trial ``i``. Of trials
    whose class is known only the deviation from the mean of this class in the domain counts, so
    that classes are kept apart whatever the order of the cues.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_features)
        Features; the trials of each domain in the order of recording.
    domains : ndarray of str, shape (n_trials,)
        The domain of each trial.
    span : float
        Standard deviation of the weights (trials).
    labels : ndarray of int, shape (n_trials,), optional
        Class indices, -1 where unknown.

    Returns
    -------
    ndarray, shape (n_trials, n_features)
        To be subtracted from the features.

    See Also
    --------
    drift_directions : Directions in which trials drift, in all subjects.
    bci_dann.RiemannianClassifier : Subtracts them, with ``local_span``.

    Examples
    --------
    A feature that rises from trial to trial, between two classes in turn:

    >>> import numpy as np
    >>> from bci_dann.features import local_deviations
    >>> rising, classes = np.linspace(-3, 3, 200), np.tile([-0.5, 0.5], 100)
    >>> X = (rising + classes)[:, None]
    >>> centred = X - local_deviations(X, np.repeat("1/0", 200), span=10.0)
    >>> bool(np.abs(centred[40:160, 0] - classes[40:160]).max() < 0.01)
    True
    """
    deviations = np.empty(X.shape)
    for name in np.unique(domains):
        rows = np.flatnonzero(domains == name)
        values = X[rows].astype(np.float64)
        if labels is not None:
            values = _without_class_means(values, labels[rows])
        deviations[rows] = _weights(len(rows), span) @ (values - values.mean(axis=0))
    return deviations


def _weights(n_trials: int, span: float) -> NDArray[np.float64]:
    """Return the weights of all trials in the mean around each, rows of sum 1."""
    apart = np.subtract.outer(np.arange(n_trials), np.arange(n_trials))
    weights = np.exp(-0.5 * (apart / span) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _without_class_means(
    values: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    for label in np.unique(labels[labels != UNKNOWN]):
        values[labels == label] -= values[labels == label].mean(axis=0)
    return values
