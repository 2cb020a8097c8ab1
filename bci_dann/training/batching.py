"""Batches in which every domain, and within it every class, has the same share."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["balanced_order", "batches_of"]

Indices = NDArray[np.int64]
Cut = TypeVar("Cut", Indices, Tensor)


def balanced_order(
    labels: Indices, domains: Indices, rng: np.random.Generator, n_trials: int | None = None
) -> Indices:
    """Return one epoch's order of trials: domains in turn, classes in turn within a domain.

    An epoch has as many rounds as the mean domain has trials, and each round takes one trial
    of every domain. Small domains and classes come round again within an epoch, large ones
    go on where they stopped only by chance: each epoch is shuffled anew.

    Parameters
    ----------
    labels : ndarray of int, shape (n_trials,)
        Class indices; unlabelled trials share one value.
    domains : ndarray of int, shape (n_trials,)
        Domain indices.
    rng : numpy.random.Generator
        Source of the shuffling.
    n_trials : int, optional
        How many trials an epoch is long, where it is not to be as many as there are.

    Returns
    -------
    ndarray of int, shape (n_rounds * n_domains,)
        Indices into the trials.
    """
    names = np.unique(domains)
    n_rounds = max(1, round((n_trials or len(domains)) / len(names)))
    columns = [
        _class_alternating(np.flatnonzero(domains == name), labels, n_rounds, rng) for name in names
    ]
    rounds = rng.permuted(np.stack(columns, axis=1), axis=1)
    order: Indices = rounds.reshape(-1)
    return order


def batches_of(order: Cut, batch_size: int) -> list[Cut]:
    """Cut an order into batches of one size.

    A rest shorter than half a batch joins the batch before it, so that no batch is too small
    for batch normalisation.

    Parameters
    ----------
    order : ndarray or Tensor of int, shape (..., n)
        Indices into the trials.
    batch_size : int
        Wanted length; batches are up to half as long again.

    Returns
    -------
    list of ndarray or Tensor
        At least one batch.
    """
    n_batches = max(1, round(order.shape[-1] / batch_size))
    return [
        order[..., start : start + batch_size if index < n_batches - 1 else None]
        for index, start in enumerate(range(0, n_batches * batch_size, batch_size))
    ]


def _class_alternating(
    members: Indices, labels: Indices, n_rounds: int, rng: np.random.Generator
) -> Indices:
    """Draw ``n_rounds`` trials of one domain, its classes in turn."""
    classes = rng.permutation(np.unique(labels[members]))
    per_class = -(-n_rounds // len(classes))
    drawn = [_cycle(members[labels[members] == c], per_class, rng) for c in classes]
    order: Indices = np.stack(drawn, axis=1).reshape(-1)[:n_rounds]
    return order


def _cycle(members: Indices, n: int, rng: np.random.Generator) -> Indices:
    """Draw ``n`` members: each once in random order before any comes again."""
    turns = [rng.permutation(members) for _ in range(-(-n // len(members)))]
    order: Indices = np.concatenate(turns)[:n]
    return order
