"""Threads of torch and of the linear algebra libraries: one policy for all methods.

The matrices of this field are small: covariances of tens of channels, heads of a thousand weights.
Products of such matrices take longer on several threads than on one, and many times longer where
other processes use the cores. So methods compute on one thread; only networks use as many threads
of torch as the user allows.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["limited_threads", "method_threads"]

# Libraries that bring thread pools of their own, and are loaded when they are first needed.
_WITH_POOLS = ("numpy", "scipy.linalg", "sklearn", "torch")


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Limit torch and the linear algebra libraries to a number of threads, and restore them.

    Parameters
    ----------
    threads : int
        How many. Sums are split differently for another number, and round differently.

    Yields
    ------
    None
    """
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def method_threads(uses_network: bool) -> Iterator[None]:
    """Compute on one thread, and restore what the process had.

    Parameters
    ----------
    uses_network : bool
        Whether a network is trained or applied, which keeps the threads of torch.

    Yields
    ------
    None
    """
    with _blas.limited():
        if uses_network or "torch" not in sys.modules:
            yield
        else:
            with _torch.limited():
                yield


class _SharedLimit:
    """A limit of the whole process, for as long as any thread of Python asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._restore = ExitStack()

    @contextmanager
    def limited(self) -> Iterator[None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._apply(self._restore)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._restore.close()

    def _apply(self, restore: ExitStack) -> None:
        raise NotImplementedError


class _BlasLimit(_SharedLimit):
    def _apply(self, restore: ExitStack) -> None:
        controller = _controller(*(name in sys.modules for name in _WITH_POOLS))
        restore.enter_context(controller.limit(limits=1, user_api="blas"))


class _TorchLimit(_SharedLimit):
    def _apply(self, restore: ExitStack) -> None:
        import torch

        restore.callback(torch.set_num_threads, torch.get_num_threads())
        torch.set_num_threads(1)


@functools.cache
def _controller(*loaded: bool) -> ThreadpoolController:  # noqa: ARG001 (new libraries: look anew)
    """Return what controls the libraries of now; looking for them takes tens of milliseconds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


_blas, _torch = _BlasLimit(), _TorchLimit()
