"""Context with single precision as torch's default, for building and training networks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["single_precision"]


@contextmanager
def single_precision() -> Iterator[None]:
    """Set torch's default dtype to float32 inside a ``with`` block, and restore it afterwards.

    Layers are initialised in the default dtype, and trials are float32. Several threads may be in
    the block at once; the user's default is restored when the last one leaves it.

    Yields
    ------
    None
    """
    with _default.replaced():
        yield


class _Default:
    """The default dtype of the process, with a count of the threads that have replaced it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._of_user: torch.dtype

    @contextmanager
    def replaced(self) -> Iterator[None]:
        import torch

        with self._lock:
            if self._users == 0:
                self._of_user = torch.get_default_dtype()
                torch.set_default_dtype(torch.float32)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    torch.set_default_dtype(self._of_user)


_default = _Default()
