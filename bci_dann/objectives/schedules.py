"""Schedules: the factor of a term's weight as training goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from bci_dann._validation import check_between

__all__ = ["Constant", "Ganin", "Linear", "Schedule", "ganin_schedule"]

# Steepness of the schedule in Ganin et al. (2016), section 5.2.2.
GAMMA = 10.0


class Schedule(Protocol):
    """What a schedule is: a function of the progress of training."""

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight.

        Parameters
        ----------
        progress : float or Tensor, shape ()
            Share of the training that is done, from 0 to 1. It is a tensor where training
            steps are captured as a CUDA graph, and must not be converted to a number.

        Returns
        -------
        float or Tensor, shape ()
        """


def ganin_schedule(progress: float | Tensor, gamma: float = GAMMA) -> float | Tensor:
    """Return ``2 / (1 + exp(-gamma p)) - 1``: 0 at the start, nearly 1 at the end.

    Ganin et al. (2016), "Domain-adversarial training of neural networks", JMLR 17(59),
    section 5.2.2, with gamma = 10.

    Parameters
    ----------
    progress : float or Tensor, shape ()
        Share of the training that is done, from 0 to 1. A tensor stays on its device.
    gamma : float
        Steepness: larger values reach 1 sooner.

    Returns
    -------
    float or Tensor, shape ()
        From 0 to 1.
    """
    if isinstance(progress, Tensor):
        return 2.0 / (1.0 + torch.exp(-gamma * progress)) - 1.0
    return 2.0 / (1.0 + math.exp(-gamma * progress)) - 1.0


@dataclass(frozen=True)
class Constant:
    """The full weight from the first step to the last."""

    def __call__(self, progress: float | Tensor) -> float:  # noqa: ARG002 (of all schedules)
        """Return 1; see :class:`Schedule`."""
        return 1.0


@dataclass(frozen=True)
class Ganin:
    """The schedule of Ganin et al. (2016); see :func:`ganin_schedule`.

    Parameters
    ----------
    gamma : float
        Steepness.
    """

    gamma: float = GAMMA

    def __post_init__(self) -> None:
        check_between("gamma", self.gamma, 0.0, math.inf, inclusive=True)

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight; see :class:`Schedule`."""
        return ganin_schedule(progress, self.gamma)


@dataclass(frozen=True)
class Linear:
    """A weight that rises from 0 in proportion to the progress, and then stays.

    Parameters
    ----------
    until : float
        The progress at which the full weight is reached, above 0 and at most 1.
    """

    until: float = 1.0

    def __post_init__(self) -> None:
        check_between("until", self.until, 0.0, math.nextafter(1.0, 2.0))

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight; see :class:`Schedule`."""
        if isinstance(progress, Tensor):
            return (progress / self.until).clamp(max=1.0)
        return min(progress / self.until, 1.0)
