"""Channels of a recording that seem to be exchanged, by how they correlate in training subjects."""

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

# Shares of the distance to the mean correlations of training that are left after the best exchange
# of two channels, and after the best of several. Empirical: subjects of MI-OpenBCI (15 channels),
# each against the other nine, are best as they are, but for one with 0.92 and 0.77; after an
# exchange of two electrodes that are far apart the first is below ONE in 94 of 100 cases, and after
# a random order one of both is below its limit in 96. Two neighbours are often not told apart.
ONE, SEVERAL = 0.9, 0.75

# With fewer channels some order fits better by chance; empirical, as above: of three channels of
# simulated subjects one in six is, of eight one in a hundred.
ENOUGH_CHANNELS = 8
ENOUGH_SUBJECTS = 3


def mean_correlations(X: NDArray[Any], subjects: NDArray[np.str_]) -> list[str] | None:
    """Return the mean over subjects of the correlations between channels, to be kept in a recipe.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Trials (µV).
    subjects : ndarray of str, shape (n_trials,)
        The subject of each.

    Returns
    -------
    list of str or None
        One row of numbers for each channel; ``None`` with fewer than three subjects or eight
        channels.
    """
    names = np.unique(subjects)
    if len(names) < ENOUGH_SUBJECTS or X.shape[1] < ENOUGH_CHANNELS:
        return None
    mean = np.mean([_correlations(X[subjects == name]) for name in names], axis=0)
    return [" ".join(f"{value:.3f}" for value in row) for row in mean]


def warn_of_exchange(X: NDArray[Any], recipe: ModelRecipe, label: str) -> None:
    """Warn where the channels of a recording correlate as if some were exchanged.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_chans, n_times)
        Its trials (µV), with the channels in the order of the model.
    recipe : ModelRecipe
        With ``correlations``, where it was written by this version.
    label : str
        Of the recording.
    """
    names = recipe.preprocessing.channels
    if recipe.correlations is None or names is None or len(X) < ENOUGH_TRIALS:
        return
    training = np.array([row.split() for row in recipe.correlations], dtype=float)
    pairs = exchanged_channels(_correlations(X), training)
    if pairs:
        listed = ", ".join(f"{names[i]} with {names[j]}" for i, j in pairs)
        warnings.warn(
            f"{label}: the channels would correlate more like those of the training subjects if "
            f"they were exchanged: {listed}. Check which electrode is on which channel, and "
            "look for electrodes that touch or have come off.",
            BCIDannWarning,
            stacklevel=4,
        )


def exchanged_channels(
    correlations: NDArray[np.float64], training: NDArray[np.float64]
) -> Sequence[tuple[int, int]]:
    """Return the exchanges by which correlations come closer to those of training.

    The best exchange of two channels is taken, and then the next one, as long as one helps.

    Parameters
    ----------
    correlations : ndarray, shape (n_chans, n_chans)
        Of a recording.
    training : ndarray, shape (n_chans, n_chans)
        The mean over training subjects.

    Returns
    -------
    sequence of tuple of int
        Pairs of indices; empty where no exchange helps enough to be believed.
    """
    order = np.arange(len(correlations))
    before = _distance(correlations, training)
    pairs: list[tuple[int, int]] = []
    shares: list[float] = []
    while True:
        moved = correlations[np.ix_(order, order)]
        gains = _gains(moved, training)
        i, j = np.unravel_index(np.argmax(gains), gains.shape)
        if not gains[i, j] > 1e-9 * before**2:
            break
        order[[i, j]] = order[[j, i]]
        pairs.append((min(int(i), int(j)), max(int(i), int(j))))
        moved = correlations[np.ix_(order, order)]
        shares.append(_distance(moved, training) / before)
    if shares and shares[-1] < SEVERAL:
        return pairs
    return pairs[:1] if shares and shares[0] < ONE else []


def _gains(correlations: NDArray[np.float64], training: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each exchange of two channels lowers the squared distance."""
    products = correlations @ training
    own = np.diag(products)
    # both matrices are symmetric with a diagonal of ones; the terms within a pair do not change
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
