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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import LibController

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

    Several threads of Python may do so at once: linear algebra has one thread until the last of
    them has left. Inside the block, gradients are computed as usual: a caller may predict in
    ``torch.inference_mode()``, in which nothing can be trained, and adapt in between.

    Parameters
    ----------
    uses_network : bool
        Whether a network is trained or applied, which keeps the threads of torch.

    Yields
    ------
    None
    """
    with _blas.limited():
        if "torch" not in sys.modules:
            yield
            return
        import torch

        threads = nullcontext() if uses_network else _torch.limited()
        with torch.inference_mode(mode=False), threads:
            yield


class _BlasLimit:
    """One thread for linear algebra, for as long as any thread of Python asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        # the libraries that were limited, and the threads that they had, by the library's path
        self._before: dict[str, tuple[LibController, int]] = {}

    @contextmanager
    def limited(self) -> Iterator[None]:
        libraries = _libraries(*(name in sys.modules for name in _WITH_POOLS))
        with self._lock:
            self._users += 1
            numbers = [(one, one.num_threads) for one in libraries]
            of_thread = [(one, n_threads) for one, n_threads in numbers if _is_per_thread(one)]
            for library, n_threads in numbers:
                if not _is_per_thread(library):
                    self._before.setdefault(library.filepath, (library, n_threads))
                library.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                _set_threads(of_thread)
                if self._users == 0:
                    _set_threads(self._before.values())
                    self._before.clear()
                _release_control()


def _is_per_thread(library: LibController) -> bool:
    """Whether each thread of Python has its own number of threads."""
    return getattr(library, "threading_layer", None) == "openmp"


def _set_threads(numbers: Iterable[tuple[LibController, int]]) -> None:
    for library, n_threads in numbers:
        library.set_num_threads(n_threads)


class _TorchLimit:
    """One thread of torch for the thread of Python that asks; each has a number of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._of_process = 1
        self._thread = threading.local()

    @contextmanager
    def limited(self) -> Iterator[None]:
        import torch

        if getattr(self._thread, "is_limited", False):
            yield
            return
        with self._lock:
            before = torch.get_num_threads()
            if self._users == 0:
                self._of_process = before
            elif before == 1:  # a thread that is new to torch begins with the limit of another
                before = self._of_process
            self._users += 1
            torch.set_num_threads(1)
        self._thread.is_limited = True
        try:
            yield
        finally:
            self._thread.is_limited = False
            with self._lock:
                self._users -= 1
                torch.set_num_threads(before)


def _release_control() -> None:
    """Let another thread of Python set the number next: from version 3.8 on, one has to."""
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread()


@functools.cache
def _libraries(*loaded: bool) -> list[LibController]:  # noqa: ARG001 (new libraries: look anew)
    """Return the libraries of now; looking for them takes tens of milliseconds."""
    from threadpoolctl import ThreadpoolController

    libraries: list[LibController] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries


_blas, _torch = _BlasLimit(), _TorchLimit()
