"""A watch by which a worker process ends when the process that has started it is gone."""

from __future__ import annotations

import os
import threading
import time

__all__ = ["end_with_parent"]

# Seconds between two looks: a worker that is left behind for a second harms no one.
INTERVAL_S = 0.5


def end_with_parent(parent: int) -> None:
    """End this process soon after its parent has ended, even if that was killed.

    Nothing is lost by an end at any moment: records are written in one step.

    Parameters
    ----------
    parent : int
        The process that has started this one.
    """
    threading.Thread(target=_watch, args=(parent,), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    # a process whose parent has ended is given another one
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
