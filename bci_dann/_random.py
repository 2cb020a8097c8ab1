"""Randomness without global state: named streams, and a fenced torch generator."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["fenced_torch_seed", "stream"]


def stream(random_state: Any, *purpose: str | int) -> np.random.SeedSequence:
    """Return the seed sequence of one purpose, independent of all other purposes.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState, Generator or SeedSequence
        The user's seed, or the stream of which this is a part. ``None`` draws fresh entropy
        from the system.
    *purpose : str or int
        What the stream is for, for example ``"initialisation"`` or ``("member", 3)``.

    Returns
    -------
    numpy.random.SeedSequence
        Equal for equal arguments when ``random_state`` is an integer.
    """
    key = tuple(zlib.crc32(str(part).encode()) for part in purpose)
    if isinstance(random_state, np.random.SeedSequence):
        return np.random.SeedSequence(
            random_state.entropy, spawn_key=(*random_state.spawn_key, *key)
        )
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    elif isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**31 - 1))
    return np.random.SeedSequence(random_state, spawn_key=key)


@contextmanager
def fenced_torch_seed(seed: np.random.SeedSequence) -> Iterator[None]:
    """Seed torch inside a ``with`` block and restore the caller's generators after it.

    Module initialisers and dropout draw from torch's global generator and cannot be
    given another, so it is lent and handed back unchanged.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        The stream that the block draws from.
    """
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(int(seed.generate_state(1, np.uint64)[0]) & (2**63 - 1))
        yield
