"""Termination of worker processes when their parent process has ended."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["end_with_parent"]

# Interval of checks (s).
INTERVAL_S = 0.5


def end_with_parent(parent: int) -> None:
    """End this process soon after its parent has ended, even if the parent was killed.

    This is safe at any time, because records are written atomically.

    Parameters
    ----------
    parent : int
        Number of the parent process.
    """
    threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    # when the parent ends, the system assigns another parent process
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
