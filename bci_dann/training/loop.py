"""The one epoch loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from bci_dann.exceptions import TrainingError
from bci_dann.models import Decoder, draw_keys
from bci_dann.objectives import BatchView, Objective
from bci_dann.training.batch_norm import settle_batch_norm
from bci_dann.training.batching import balanced_order, batches_of
from bci_dann.training.inputs import TrainingInputs

__all__ = ["TrainingData", "TrainingSettings", "train"]

History = list[dict[str, float]]


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
    """

    X: Tensor
    labels: Tensor
    domains: Tensor
    weights: Tensor

    def to(self, device: torch.device) -> TrainingData:
        """Return the same with all but the signals on ``device``."""
        rest = (part.to(device) for part in (self.labels, self.domains, self.weights))
        return TrainingData(self.X, *rest)

    def view(self, index: Tensor, features: Tensor, logits: Tensor, progress: float) -> BatchView:
        """Return what the terms see of the trials at ``index``."""
        labels, domains, weights = self.labels[index], self.domains[index], self.weights[index]
        return BatchView(features, logits, labels, domains, weights, progress)


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


def train(
    network: Decoder,
    objective: Objective,
    data: TrainingData,
    settings: TrainingSettings,
    rng: np.random.Generator,
    on_epoch: Callable[[int, dict[str, float]], None] | None = None,
) -> History:
    """Train ``network`` in place.

    Parameters
    ----------
    network : Decoder
        Backbone and motor-imagery head.
    objective : Objective
        Label loss and terms; its parameters are trained too.
    data : TrainingData
        The trials.
    settings : TrainingSettings
        Duration, batch size, learning rate, device.
    rng : numpy.random.Generator
        Order of the trials.
    on_epoch : callable, optional
        Called with the epoch (from 0) and its mean losses.

    Returns
    -------
    list of dict
        The mean of each summand of the loss, one entry an epoch.

    Raises
    ------
    TrainingError
        When the loss is not finite, naming the epoch.
    """
    device = torch.device(settings.device)
    modules = nn.ModuleList([network, objective]).to(device).train()
    optimiser = torch.optim.AdamW(
        modules.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    inputs = TrainingInputs(network, data.X, device)
    trials = data.to(device)
    labels, domains = data.labels.numpy(), data.domains.numpy()
    history: History = []
    for epoch in range(settings.max_epochs):
        batches = batches_of(balanced_order(labels, domains, rng), settings.batch_size)
        losses = []
        for step, order in enumerate(batches):
            progress = (epoch + step / len(batches)) / settings.max_epochs
            _set_lr(optimiser, settings.lr * 0.5 * (1.0 + math.cos(math.pi * progress)))
            draw_keys(network, rng)
            index = torch.from_numpy(order)
            features, logits = network(inputs.take(index))
            summands = objective(trials.view(index.to(device), features, logits, progress))
            losses.append(_descend(summands, optimiser))
        history.append(_mean_losses(losses, epoch))
        if on_epoch is not None:
            on_epoch(epoch, history[-1])
    order = balanced_order(labels, domains, rng)
    batches = batches_of(order, settings.batch_size)
    settle_batch_norm(network, (inputs.take(torch.from_numpy(index)) for index in batches))
    return history


def _descend(summands: dict[str, Tensor], optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(summands.values())).sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return {name: value.detach() for name, value in summands.items()}


def _set_lr(optimiser: torch.optim.Optimizer, lr: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr


def _mean_losses(losses: list[dict[str, Tensor]], epoch: int) -> dict[str, float]:
    means = {name: float(torch.stack([loss[name] for loss in losses]).mean()) for name in losses[0]}
    if not all(math.isfinite(value) for value in means.values()):
        raise TrainingError(
            f"The loss is not finite in epoch {epoch + 1}: {means}. "
            "Lower `lr`, or look for trials of an extreme amplitude."
        )
    return means
