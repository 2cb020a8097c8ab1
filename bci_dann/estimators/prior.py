"""How often a new person imagines each movement, estimated without labels.

Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a
priori probabilities: a simple procedure", Neural Computation 14(1), 21-41, eq. 2.9.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

__all__ = ["estimate_prior", "offsets_to_prior"]

ITERATIONS = 200
# The estimate is drawn towards equal shares as if so many trials had shown them.
PSEUDO_TRIALS = 40.0

Floats = NDArray[np.float64]


def estimate_prior(probabilities: Floats, source_prior: Floats) -> Floats:
    """Return the shares of the classes among trials, by expectation maximisation.

    Parameters
    ----------
    probabilities : ndarray, shape (n_trials, n_classes)
        What a classifier that was trained on the sources says of the trials.
    source_prior : ndarray, shape (n_classes,)
        The shares of the classes in its training data.

    Returns
    -------
    ndarray, shape (n_classes,)
        Positive, sum 1; near equal shares where there are few trials.
    """
    n_trials, n_classes = probabilities.shape
    prior = np.full(n_classes, 1.0 / n_classes)
    for _ in range(ITERATIONS):
        posterior = probabilities * (prior / source_prior)
        posterior /= posterior.sum(axis=1, keepdims=True)
        prior = (posterior.sum(axis=0) + PSEUDO_TRIALS / n_classes) / (n_trials + PSEUDO_TRIALS)
    return np.asarray(prior)


def offsets_to_prior(scores: Floats, prior: Floats) -> Floats:
    """Return what to add to the scores so that their mean probabilities are the prior.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Log-odds.
    prior : ndarray, shape (n_classes,)
        Shares of the classes.

    Returns
    -------
    ndarray, shape (n_classes,)
        Of mean 0.
    """
    offsets = np.zeros(len(prior))
    for _ in range(ITERATIONS):
        offsets += np.log(prior / softmax(scores + offsets, axis=1).mean(axis=0))
        offsets -= offsets.mean()
    return offsets
