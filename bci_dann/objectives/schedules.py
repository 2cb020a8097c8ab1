"""How strongly a term counts as training goes on."""

from __future__ import annotations

import math
from typing import overload

import torch
from torch import Tensor

__all__ = ["ganin_schedule"]


@overload
def ganin_schedule(progress: float, gamma: float = 10.0) -> float: ...


@overload
def ganin_schedule(progress: Tensor, gamma: float = 10.0) -> Tensor: ...


def ganin_schedule(progress: float | Tensor, gamma: float = 10.0) -> float | Tensor:
    """Return ``2 / (1 + exp(-gamma p)) - 1``: nothing at the start, nearly 1 at the end.

    Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59),
    section 5.2.2, with gamma = 10.

    Parameters
    ----------
    progress : float or Tensor, shape ()
        Share of the training that is done, from 0 to 1. A tensor stays on its device.
    gamma : float
        How soon the adversary comes in.

    Returns
    -------
    float or Tensor, shape ()
        From 0 to 1.
    """
    if isinstance(progress, Tensor):
        return 2.0 / (1.0 + torch.exp(-gamma * progress)) - 1.0
    return 2.0 / (1.0 + math.exp(-gamma * progress)) - 1.0
