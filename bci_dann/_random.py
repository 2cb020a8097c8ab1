"""Random streams derived from one seed by purpose, and a block with torch's generator seeded."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bci_dann.exceptions import ConfigError

__all__ = ["TORCH_LOCK", "check_random_state", "isolated_torch_seed", "stream"]

# Held from the first weights of a network to the end of its training: torch's global generator and
# oneDNN's switch exist once in a process, so threads that train use them one after another.
TORCH_LOCK = threading.RLock()


def check_random_state(random_state: Any) -> None:
    """Raise unless a value can seed an estimator.

    Parameters
    ----------
    random_state : object
        The parameter of an estimator.

    Raises
    ------
    ConfigError
        When it is none of what is accepted, which the message lists.
    """
    kinds = (np.random.RandomState, np.random.Generator, np.random.SeedSequence)
    is_seed = isinstance(random_state, Integral) and int(random_state) >= 0
    if not (random_state is None or is_seed or isinstance(random_state, kinds)):
        raise ConfigError(
            "random_state must be None, a whole number from 0 on, or one of numpy's generators; "
            f"got {random_state!r}."
        )


def stream(random_state: Any, *purpose: str | int) -> np.random.SeedSequence:
    """Return the seed sequence of one purpose, independent of all other purposes.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState, Generator or SeedSequence
        The user's seed, or the stream that this one is derived from. ``None`` takes fresh entropy
        from the system; a generator is advanced by one draw.
    *purpose : str or int
        What the stream is for, for example ``"initialisation"``, or ``"member", 3``.

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
def isolated_torch_seed(seed: np.random.SeedSequence) -> Iterator[None]:
    """Seed torch's generators inside a ``with`` block, and restore their state after it.

    Module initialisers and dropout draw from torch's global generator and accept no other. Other
    threads that enter such a block wait for this one.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        The stream that the block draws from.

    Yields
    ------
    None
        While the generators are seeded.
    """
    import torch

    with TORCH_LOCK, torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(int(seed.generate_state(1, np.uint64)[0]) & (2**63 - 1))
        yield
