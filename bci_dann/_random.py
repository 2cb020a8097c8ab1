"""Randomness without global state: named streams, and a fenced torch generator."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bci_dann.exceptions import ConfigError

__all__ = ["TURN", "check_random_state", "fenced_torch_seed", "stream"]

# What torch has one of in a process, its generator and oneDNN's switch, belongs to one thread at
# a time, from the first weights of a network to the end of its training.
TURN = threading.RLock()


def check_random_state(random_state: Any) -> None:
    """Raise on what cannot be a seed.

    Parameters
    ----------
    random_state : object
        As an estimator got it.

    Raises
    ------
    ConfigError
        Saying what is accepted.
    """
    kinds = (np.random.RandomState, np.random.Generator, np.random.SeedSequence)
    whole = isinstance(random_state, Integral) and int(random_state) >= 0
    if not (random_state is None or whole or isinstance(random_state, kinds)):
        raise ConfigError(
            "random_state must be None, a whole number from 0 on, or one of numpy's generators; "
            f"got {random_state!r}."
        )


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
    given another, so it is lent and handed back unchanged. Threads take turns.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        The stream that the block draws from.
    """
    import torch

    with TURN, torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(int(seed.generate_state(1, np.uint64)[0]) & (2**63 - 1))
        yield
