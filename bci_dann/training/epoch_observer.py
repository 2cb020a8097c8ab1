"""Callbacks after each epoch of any training, for a progress bar or a log of losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = [
    "LossListener",
    "listener_of_losses",
    "notify_observer",
    "observed_epochs",
    "observed_losses",
]

Observer = Callable[[int], None]
_observer: ContextVar[Observer | None] = ContextVar("observer of epochs", default=None)
# Called with the epoch (from 0) and the losses of each network, None for one that has failed.
LossListener = Callable[[int, Sequence[Mapping[str, float] | None]], None]
# Called with the names of the networks whose training begins.
LossObserver = Callable[[Sequence[str]], LossListener]
_loss_observer: ContextVar[LossObserver | None] = ContextVar("observer of losses", default=None)


@contextmanager
def observed_epochs(observer: Observer) -> Iterator[None]:
    """Call an observer after each epoch of any network that is trained in a ``with`` block.

    Parameters
    ----------
    observer : callable
        Called in the training thread, with the number of networks that have finished an epoch.

    Yields
    ------
    None
        While the observer is active.

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


def notify_observer(n_networks: int) -> None:
    """Call the observer, if there is one, at the end of an epoch.

    Parameters
    ----------
    n_networks : int
        Number of networks that were trained at once.
    """
    observer = _observer.get()
    if observer is not None:
        observer(n_networks)


@contextmanager
def observed_losses(observer: LossObserver) -> Iterator[None]:
    """Pass the losses of any network that is trained in a ``with`` block to an observer.

    Parameters
    ----------
    observer : callable
        Called with the names of networks before they are trained together; returns a callable,
        which is called after each epoch with its number (from 0) and the losses of each network,
        ``None`` for a network whose training has failed.

    Yields
    ------
    None
        While the observer is active.
    """
    token = _loss_observer.set(observer)
    try:
        yield
    finally:
        _loss_observer.reset(token)


def listener_of_losses(names: Sequence[str]) -> LossListener | None:
    """Return the callable that the observer of losses provides for a training.

    Parameters
    ----------
    names : sequence of str
        Names of the networks that are trained together.

    Returns
    -------
    callable or None
        To be called after each epoch; ``None`` if there is no observer.
    """
    observer = _loss_observer.get()
    return None if observer is None else observer(names)
