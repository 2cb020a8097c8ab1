"""Single precision as torch's default for as long as a network is built, trained or applied."""

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
    """Make float32 the default of torch inside a ``with`` block, and restore the user's after it.

    Layers are initialised in the default precision, and trials are float32. Several threads of
    Python may be inside at once: the user's default returns when the last of them has left.

    Yields
    ------
    None
    """
    with _default.replaced():
        yield


class _Default:
    """The default precision of the process, which belongs to the user."""

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
