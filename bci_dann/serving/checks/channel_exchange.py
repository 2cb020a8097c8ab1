"""Detection of exchanged channels, from their correlations in the training subjects."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving.checks.plausibility import ENOUGH_TRIALS

if TYPE_CHECKING:
    from bci_dann.serving.model_recipe import ModelRecipe

__all__ = ["exchanged_channels", "mean_correlations", "warn_of_exchange"]

# Distance to the mean correlations of training, as a share of the distance before any exchange:
# after the best exchange of two channels, and after the best series of exchanges. Exchanges are
# reported if a share is below its limit. Empirical: of ten subjects of MI-OpenBCI (15 channels),
# each compared with the other nine, nine fit best without an exchange, and one reaches shares of
# 0.92 and 0.77. After an exchange of two distant electrodes, the first share is below its limit in
# 94 of 100 cases; after random reordering, at least one share is below its limit in 96. Exchanges
# of neighbouring electrodes are often not found.
LIMIT_OF_ONE, LIMIT_OF_SERIES = 0.9, 0.75

# The fewest channels: with fewer, another order can fit better by chance. Empirical: so it does for
# one in six simulated subjects with three channels, and for one in a hundred with eight.
ENOUGH_CHANNELS = 8
# The fewest training subjects for mean correlations. Empirical: of the sessions of MI-OpenBCI, 6 in
# 100 seem to have exchanged channels with three training subjects, 3 with four, and none with nine.
ENOUGH_SUBJECTS = 4


def mean_correlations(X: NDArray[Any], subjects: NDArray[np.str_]) -> list[str] | None:
    """Return the mean correlations between channels over subjects, in the form of a recipe.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    subjects : ndarray of str, shape (n_trials,)
        The subject of each trial.

    Returns
    -------
    list of str or None
        One row of numbers for each channel; ``None`` for fewer than four subjects or eight
        channels.
    """
    names = np.unique(subjects)
    if len(names) < ENOUGH_SUBJECTS or X.shape[1] < ENOUGH_CHANNELS:
        return None
    mean = np.mean([_correlations(X[subjects == name]) for name in names], axis=0)
    return [" ".join(f"{value:.3f}" for value in row) for row in mean]


def warn_of_exchange(X: NDArray[Any], recipe: ModelRecipe, label: str) -> None:
    """Warn if the correlations between channels suggest that some channels are exchanged.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials of the recording (µV), with the channels in the order of the model.
    recipe : ModelRecipe
        Recipe of the model; ``correlations`` is missing in recipes of earlier versions.
    label : str
        Name of the recording.
    """
    names = recipe.preprocessing.channels
    if recipe.correlations is None or names is None or len(X) < ENOUGH_TRIALS:
        return
    training = np.array([row.split() for row in recipe.correlations], dtype=float)
    moved = exchanged_channels(_correlations(X), training)
    if moved:
        listed = ", ".join(f"{names[i]} seems to be {names[j]}" for i, j in moved)
        warnings.warn(
            f"{label}: some channels may be exchanged: {listed}. With these names, their "
            "correlations would be more similar to those of the training subjects. Check which "
            "electrode is on which channel, and look for electrodes that touch or have come off.",
            BCIDannWarning,
            stacklevel=4,
        )


def exchanged_channels(
    correlations: NDArray[np.float64], training: NDArray[np.float64]
) -> Sequence[tuple[int, int]]:
    """Return names of channels with which their correlations are closer to those of training.

    The search is greedy: it makes the best exchange of two channels as long as one helps.

    Parameters
    ----------
    correlations : ndarray, shape (n_chans, n_chans)
        Correlations between the channels of a recording.
    training : ndarray, shape (n_chans, n_chans)
        Mean correlations over the training subjects.

    Returns
    -------
    sequence of tuple of int
        For each channel that seems to have the name of another one, its index and that of the
        other one; empty if the improvement is too small to be reliable.
    """
    order = np.arange(len(correlations))
    before = _distance(correlations, training)
    orders: list[NDArray[np.intp]] = []
    shares: list[float] = []
    while True:
        reordered = correlations[np.ix_(order, order)]
        gains = _gains(reordered, training)
        i, j = np.unravel_index(np.argmax(gains), gains.shape)
        if not gains[i, j] > 1e-9 * before**2:
            break
        order[[i, j]] = order[[j, i]]
        orders.append(order.copy())
        reordered = correlations[np.ix_(order, order)]
        shares.append(_distance(reordered, training) / before)
    if shares and shares[-1] < LIMIT_OF_SERIES:
        return _moved(orders[-1])
    return _moved(orders[0]) if shares and shares[0] < LIMIT_OF_ONE else []


def _moved(order: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the channel at each place and the place, where they differ."""
    return [(int(k), place) for place, k in enumerate(order) if k != place]


def _gains(correlations: NDArray[np.float64], training: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each exchange of two channels reduces the squared distance."""
    products = correlations @ training
    own = np.diag(products)
    # both matrices are symmetric with ones on the diagonal; terms within a pair do not change
    apart = own[:, None] + own[None, :] - 2.0 - 2.0 * correlations * training
    across = products + products.T - 2.0 * (correlations + training)
    gains: NDArray[np.float64] = 4.0 * (across - apart)
    np.fill_diagonal(gains, 0.0)
    return gains


def _correlations(X: NDArray[Any]) -> NDArray[np.float64]:
    from bci_dann.alignment import euclidean_reference

    covariance = euclidean_reference(X)
    spread = np.sqrt(np.diag(covariance))
    correlations: NDArray[np.float64] = covariance / np.outer(spread, spread)
    return correlations


def _distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(first - second))
