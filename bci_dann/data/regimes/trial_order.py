"""Orders of the trials of a subject: cues in blocks, and shuffled sessions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_session", "in_blocks", "shuffled"]

Rows = NDArray[np.intp]
Names = NDArray[np.str_]


def by_session(sessions: Names) -> list[Rows]:
    """Return the trials of each session.

    Parameters
    ----------
    sessions : ndarray of str, shape (n_trials,)
        The session of each trial.

    Returns
    -------
    list of ndarray of int
        Indices of trials for each session, in the order of first occurrence.
    """
    return [np.flatnonzero(sessions == name) for name in dict.fromkeys(sessions.tolist())]


def in_blocks(labels: Names, sessions: Names, length: int) -> Rows:
    """Return an order of trials with blocks of one class in each session.

    Parameters
    ----------
    labels : ndarray of str, shape (n_trials,)
        The classes.
    sessions : ndarray of str, shape (n_trials,)
        The sessions.
    length : int
        Number of trials in a block.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices of trials. Classes alternate in alphabetical order; trials of a class keep their
        order.
    """
    order = []
    for rows in by_session(sessions):
        names, class_number = np.unique(labels[rows], return_inverse=True)
        rank = np.zeros(len(rows), dtype=np.intp)
        for number in range(len(names)):
            own = class_number == number
            rank[own] = np.arange(own.sum())
        order.append(rows[np.lexsort((rank, class_number, rank // length))])
    return np.concatenate(order)


def shuffled(sessions: Names, rng: np.random.Generator) -> Rows:
    """Return a random order of the trials of each session.

    Parameters
    ----------
    sessions : ndarray of str, shape (n_trials,)
        The sessions.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Indices of trials; sessions keep their order.
    """
    return np.concatenate([rng.permutation(rows) for rows in by_session(sessions)])
