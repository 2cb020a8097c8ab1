"""A callback after each epoch of any training, for example for a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["notify_observer", "observed_epochs"]

Observer = Callable[[int], None]
_observer: ContextVar[Observer | None] = ContextVar("observer of epochs", default=None)


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
