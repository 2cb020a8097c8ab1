"""Callbacks for each epoch of whatever network is trained: a progress bar, a log of losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["LossListener", "listener_of_losses", "observed_epochs", "observed_losses", "tell_epoch"]

Observer = Callable[[int], None]
_observer: ContextVar[Observer | None] = ContextVar("observer of epochs", default=None)
# Called with the epoch (from 0) and the losses of each network, None for one that has failed.
LossListener = Callable[[int, Sequence[Mapping[str, float] | None]], None]
# Called with the names of the networks whose training begins.
LossObserver = Callable[[Sequence[str]], LossListener]
_loss_observer: ContextVar[LossObserver | None] = ContextVar("observer of losses", default=None)


@contextmanager
def observed_epochs(observer: Observer) -> Iterator[None]:
    """Call an observer after each epoch of any network that is trained in a block.

    Parameters
    ----------
    observer : callable
        Called with the number of networks that have finished an epoch, in the thread that trains.

    Yields
    ------
    None
        While it observes.

    See Also
    --------
    train_networks : Trains networks.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import observed_epochs
    >>> X, counts = np.random.default_rng(0).normal(size=(40, 4)), []
    >>> with observed_epochs(counts.append):
    ...     model = NetworkClassifier("MLP", max_epochs=3).fit(X, X[:, 0] > 0)
    >>> counts
    [1, 1, 1]
    """
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


def tell_epoch(n_networks: int) -> None:
    """Tell the observer, where there is one, that an epoch is finished.

    Parameters
    ----------
    n_networks : int
        Networks that were trained at once.
    """
    observer = _observer.get()
    if observer is not None:
        observer(n_networks)


@contextmanager
def observed_losses(observer: LossObserver) -> Iterator[None]:
    """Tell an observer the losses of any network that is trained in a block, epoch by epoch.

    Parameters
    ----------
    observer : callable
        Called with the names of the networks that begin to be trained together; returns a
        callable, which gets the epoch (from 0) and the losses of each, ``None`` for a network
        whose training has failed.

    Yields
    ------
    None
        While it observes.
    """
    token = _loss_observer.set(observer)
    try:
        yield
    finally:
        _loss_observer.reset(token)


def listener_of_losses(names: Sequence[str]) -> LossListener | None:
    """Tell the observer of losses, where there is one, that a training begins.

    Parameters
    ----------
    names : sequence of str
        Of the networks that are trained together.

    Returns
    -------
    callable or None
        What to call after each epoch.
    """
    observer = _loss_observer.get()
    return None if observer is None else observer(names)
