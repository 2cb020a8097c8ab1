"""Schedules: the factor of a term's weight as a function of training progress."""

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
    """Interface of schedules: a function of the progress of training.

    See Also
    --------
    ganin_schedule : The schedule of the DANN paper.
    bci_dann.resolve : Schedules by name.

    Examples
    --------
    A term that is active only in the second half of training:

    >>> from bci_dann import NetworkClassifier
    >>> def late(progress):
    ...     return 1.0 if progress > 0.5 else 0.0
    >>> model = NetworkClassifier(terms={"mcc": {"weight": 1.0, "schedule": late}})
    >>> model.terms["mcc"]["schedule"](0.75)
    1.0
    """

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight.

        Parameters
        ----------
        progress : float or Tensor, shape ()
            Completed share of the training, from 0 to 1. It is a tensor where training steps are
            captured as a CUDA graph, and must then not be converted to a number.

        Returns
        -------
        float or Tensor, shape ()
        """


def ganin_schedule(progress: float | Tensor, gamma: float = GAMMA) -> float | Tensor:
    """Return ``2 / (1 + exp(-gamma p)) - 1``: 0 at the start, nearly 1 at the end.

    The lambda of [1]_, section 5.2.2, with gamma = 10.

    Parameters
    ----------
    progress : float or Tensor, shape ()
        Completed share of the training, from 0 to 1. A tensor stays on its device.
    gamma : float
        Steepness: larger values reach 1 sooner.

    Returns
    -------
    float or Tensor, shape ()
        From 0 to 1.

    See Also
    --------
    bci_dann.objectives.schedules.Ganin : The same as a schedule object.

    References
    ----------
    .. [1] Ganin, Y. et al. (2016). Domain-adversarial training of neural networks. Journal of
       Machine Learning Research 17(59), 1-35. arXiv:1505.07818.

    Examples
    --------
    >>> from bci_dann.objectives import ganin_schedule
    >>> [round(ganin_schedule(progress), 2) for progress in (0.0, 0.1, 0.5, 1.0)]
    [0.0, 0.46, 0.99, 1.0]
    """
    if isinstance(progress, Tensor):
        return 2.0 / (1.0 + torch.exp(-gamma * progress)) - 1.0
    return 2.0 / (1.0 + math.exp(-gamma * progress)) - 1.0


@dataclass(frozen=True)
class Constant:
    """The full weight from the first step to the last.

    See Also
    --------
    Schedule : The interface of schedules.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("schedule", "constant")(0.3)
    1.0
    """

    def __call__(self, progress: float | Tensor) -> float:  # noqa: ARG002 (of all schedules)
        """Return 1; see :class:`Schedule`."""
        return 1.0


@dataclass(frozen=True)
class Ganin:
    """The schedule of the DANN paper; see :func:`ganin_schedule`.

    Parameters
    ----------
    gamma : float
        Steepness.

    See Also
    --------
    ganin_schedule : The formula and its paper.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> resolve("schedule", {"name": "ganin", "gamma": 5.0})(1.0) < 1
    True
    """

    gamma: float = GAMMA

    def __post_init__(self) -> None:
        check_between("gamma", self.gamma, 0.0, math.inf, inclusive=True)

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight; see :class:`Schedule`."""
        return ganin_schedule(progress, self.gamma)


@dataclass(frozen=True)
class Linear:
    """A weight that rises linearly from 0, and then stays constant.

    Parameters
    ----------
    until : float
        The progress at which the full weight is reached, above 0 and at most 1.

    See Also
    --------
    Schedule : The interface of schedules.

    Examples
    --------
    >>> from bci_dann import resolve
    >>> schedule = resolve("schedule", {"name": "linear", "until": 0.5})
    >>> schedule(0.25), schedule(0.75)
    (0.5, 1.0)
    """

    until: float = 1.0

    def __post_init__(self) -> None:
        check_between("until", self.until, 0.0, math.nextafter(1.0, 2.0))

    def __call__(self, progress: float | Tensor) -> float | Tensor:
        """Return the factor of the weight; see :class:`Schedule`."""
        if isinstance(progress, Tensor):
            return (progress / self.until).clamp(max=1.0)
        return min(progress / self.until, 1.0)
