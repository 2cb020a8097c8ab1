"""What training works on, and how long and how fast."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from bci_dann.models import Decoder
from bci_dann.objectives import Objective

__all__ = ["Member", "TrainingData", "TrainingSettings"]


@dataclass(frozen=True)
class TrainingData:
    """All trials that training may see, source and target together.

    Parameters
    ----------
    X : Tensor, shape (n_trials, n_chans, n_times)
        Signals, scaled.
    labels : Tensor, shape (n_trials,)
        Class indices, ``UNLABELLED`` for the target.
    domains : Tensor, shape (n_trials,)
        Domain indices.
    weights : Tensor, shape (n_trials,)
        Importance weights of the label loss.
    is_target : Tensor of bool, shape (n_trials,)
        Which trials are the target's.
    prior : Tensor, shape (n_classes,), or None
        How often the target is thought to imagine each movement, where it is known.
    n_recorded : int or None
        How many trials an epoch passes over; all where it is None.
    """

    X: Tensor
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    prior: Tensor | None = None
    n_recorded: int | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How long and how fast to learn.

    Parameters
    ----------
    max_epochs : int
        Passes over as many trials as there are.
    batch_size : int
        Trials in a batch, all domains together.
    lr : float
        Adam's first learning rate; it falls to zero along a half cosine.
    weight_decay : float
        Decoupled weight decay (AdamW).
    device : str
        Where to compute.
    """

    max_epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    device: str


@dataclass(frozen=True)
class Member:
    """One network with all that it is trained by.

    Parameters
    ----------
    network : Decoder
        Backbone and motor-imagery head, trained in place.
    objective : Objective
        Label loss and terms; its parameters are trained too.
    data : TrainingData
        The trials.
    rng : numpy.random.Generator
        Order of the trials and dropout.
    name : str
        Whose network it is, for messages.
    torch_seed : numpy.random.SeedSequence
        For layers that draw from torch's global generator, which is lent to them.
    domain_batch_norm : bool
        Whether source and target trials of a batch are normalised apart.
    """

    network: Decoder
    objective: Objective
    data: TrainingData
    rng: np.random.Generator
    name: str = "the network"
    torch_seed: np.random.SeedSequence = field(default_factory=lambda: np.random.SeedSequence(0))
    domain_batch_norm: bool = False
