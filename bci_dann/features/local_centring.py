"""Local means of features over neighbouring trials, which track slow changes in a session.

The reference of a session accounts for differences between sessions. Within a session, alertness,
skin and electrodes change, too. Vidaurre, Kawanabe, von Bünau, Blankertz and Müller (2011), "Toward
unsupervised adaptation of LDA for brain-computer interfaces", IEEE Trans. Biomed. Eng. 58(3),
587-597, update the mean of the features with each past trial, without labels. The means here are
taken over past and future trials.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["local_deviations", "local_weights", "local_weights_within"]

# The label of a trial whose class is not known.
UNKNOWN = -1


def local_deviations(
    X: NDArray[Any],
    domains: NDArray[np.str_],
    span: float,
    labels: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]:
    """Return the local mean of the features around each trial, minus the mean of its domain.

    Trial ``j`` has the weight ``exp(-(i - j)^2 / (2 span^2))`` in the local mean of trial ``i``.
    Where the class of a trial is known, the mean of this class in the domain is first subtracted,
    so that differences between classes are kept whatever the order of the cues.

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
    drift_directions : Directions of drift that all subjects share.
    bci_dann.RiemannianClassifier : Subtracts local means, with ``local_span``.

    Examples
    --------
    A feature with a linear trend, and two classes in turn:

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
        deviations[rows] = local_weights(len(rows), span) @ (values - values.mean(axis=0))
    return deviations


def local_weights(n_trials: int, span: float) -> NDArray[np.float64]:
    """Return the weights of all trials of a domain in the local mean of each trial.

    Parameters
    ----------
    n_trials : int
        Number of trials, in the order of recording.
    span : float
        Standard deviation of the weights (trials).

    Returns
    -------
    ndarray, shape (n_trials, n_trials)
        Row ``i`` has the weights for trial ``i``, of sum 1.

    See Also
    --------
    local_deviations : Local means, minus the mean of the domain.

    Examples
    --------
    >>> from bci_dann.features.local_centring import local_weights
    >>> local_weights(3, span=1.0).round(2)
    array([[0.57, 0.35, 0.08],
           [0.27, 0.45, 0.27],
           [0.08, 0.35, 0.57]])
    """
    apart = np.subtract.outer(np.arange(n_trials), np.arange(n_trials))
    weights = np.exp(-0.5 * (apart / span) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


# An online adaptation needs the same weights several times in each step.
@lru_cache(maxsize=4)
def local_weights_within(domains: tuple[str, ...], span: float) -> NDArray[np.float64]:
    """Return the weights of all trials in the local mean of each trial, over its domain only.

    Parameters
    ----------
    domains : tuple of str, length n_trials
        The domain of each trial; the trials of each in the order of recording.
    span : float
        Standard deviation of the weights (trials).

    Returns
    -------
    ndarray, shape (n_trials, n_trials)
        Row ``i`` has the weights for trial ``i``, of sum 1; zero for trials of other domains.
        Read-only.

    See Also
    --------
    local_weights : The weights within one domain.

    Examples
    --------
    >>> from bci_dann.features.local_centring import local_weights_within
    >>> local_weights_within(("1/0", "1/0", "1/1"), span=1.0).round(2)
    array([[0.62, 0.38, 0.  ],
           [0.38, 0.62, 0.  ],
           [0.  , 0.  , 1.  ]])
    """
    names, weights = np.array(domains), np.zeros((len(domains), len(domains)))
    for name in np.unique(names):
        here = np.flatnonzero(names == name)
        weights[np.ix_(here, here)] = local_weights(len(here), span)
    weights.flags.writeable = False
    return weights


def _without_class_means(
    values: NDArray[np.float64], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    for label in np.unique(labels[labels != UNKNOWN]):
        values[labels == label] -= values[labels == label].mean(axis=0)
    return values
