"""The one epoch loop, for a network alone and for a stack of networks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch

from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError
from bci_dann.training.batch_loader import Feed
from bci_dann.training.batching import balanced_order, batches_of
from bci_dann.training.convolution_check import checked_convolutions
from bci_dann.training.training_data import Member, TrainingSettings
from bci_dann.training.training_step import Lone, Stack

__all__ = ["History", "stack_signature", "train", "train_stack"]

# Trials that are enough to see whether gradients are right.
FEW = 8

History = list[dict[str, float]]
OnEpoch = Callable[[int, dict[str, float]], None]


def train(member: Member, settings: TrainingSettings, on_epoch: OnEpoch | None = None) -> History:
    """Train one network in place.

    Parameters
    ----------
    member : Member
        The network, its objective and its trials.
    settings : TrainingSettings
        Duration, batch size, learning rate, device.
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
    (outcome,) = _train([member], Lone(member, settings), settings, on_epoch)
    if isinstance(outcome, TrainingError):
        raise outcome
    return outcome


def train_stack(
    members: Sequence[Member], settings: TrainingSettings
) -> list[History | TrainingError]:
    """Train networks of one architecture together, as if each were trained alone.

    Where the device has not enough memory for all, the stack is halved, with a warning.

    Parameters
    ----------
    members : sequence of Member
        Their networks are trained in place. All must have one :func:`stack_signature`.
    settings : TrainingSettings
        Duration, batch size, learning rate, device.

    Returns
    -------
    list
        The history of each member; or the error that has stopped it, which does not concern
        the others.

    Raises
    ------
    ConfigError
        When the members differ in shape.
    """
    _check_one_shape(members, settings)
    states = [member.rng.bit_generator.state for member in members]
    try:
        return _train(members, Stack(members, settings), settings)
    except torch.OutOfMemoryError:
        if len(members) == 1:
            raise
    half = len(members) // 2
    warnings.warn(
        f"{settings.device} has no memory for {len(members)} networks at a time: "
        f"going on with {len(members) - half}.",
        BCIDannWarning,
        stacklevel=2,
    )
    for member, state in zip(members, states, strict=True):
        member.rng.bit_generator.state = state
    return train_stack(members[:half], settings) + train_stack(members[half:], settings)


def stack_signature(member: Member, settings: TrainingSettings) -> tuple[object, ...]:
    """Return what members must have in common to be trained in one stack.

    Parameters
    ----------
    member : Member
        A network with its trials.
    settings : TrainingSettings
        The batch size cuts the epochs.

    Returns
    -------
    tuple
        Hashable: shapes of weights and trials, terms, and lengths of all batches.
    """
    modules = (member.network, member.objective)
    weights = tuple(
        (name, tuple(weight.shape))
        for module in modules
        for name, weight in module.named_parameters()
    )
    labels, domains = member.data.labels.numpy(), member.data.domains.numpy()
    rng = np.random.default_rng(0)
    order = balanced_order(labels, domains, rng, member.data.n_recorded)
    lengths = tuple(len(batch) for batch in batches_of(order, settings.batch_size))
    return weights, tuple(member.data.X.shape[1:]), member.objective.signature, lengths


def _check_one_shape(members: Sequence[Member], settings: TrainingSettings) -> None:
    first = stack_signature(members[0], settings)
    for member in members[1:]:
        if stack_signature(member, settings) != first:
            raise ConfigError(
                f"{member.name} and {members[0].name} differ in the shape of weights, trials or "
                "batches, and cannot be trained in one stack. Train them one after another."
            )


def _train(
    members: Sequence[Member],
    learner: Lone | Stack,
    settings: TrainingSettings,
    on_epoch: OnEpoch | None = None,
) -> list[History | TrainingError]:
    feed = Feed(members, settings)
    with checked_convolutions(members[0].network, feed.few(FEW), torch.device(settings.device)):
        return _epochs(members, feed, learner, settings, on_epoch)


def _epochs(
    members: Sequence[Member],
    feed: Feed,
    learner: Lone | Stack,
    settings: TrainingSettings,
    on_epoch: OnEpoch | None,
) -> list[History | TrainingError]:
    outcomes: list[History | TrainingError] = [[] for _ in members]
    picks = feed.plan()
    for epoch in range(settings.max_epochs):
        losses = []
        for step, pick in enumerate(picks):
            progress = (epoch + step / len(picks)) / settings.max_epochs
            lr = settings.lr * 0.5 * (1.0 + math.cos(math.pi * progress))
            losses.append(learner.step(feed.batch(pick), progress, lr))
        picks = feed.plan()  # while a GPU still computes: the losses have to wait for it
        means = torch.stack(losses).mean(0).tolist()
        for index, (member, values) in enumerate(zip(members, means, strict=True)):
            outcomes[index] = _outcome(outcomes[index], member, epoch, values)
        if all(isinstance(outcome, TrainingError) for outcome in outcomes):
            return outcomes
        if on_epoch is not None and not isinstance(outcomes[0], TrainingError):
            on_epoch(epoch, outcomes[0][-1])
    learner.finish(map(feed.batch, picks))
    return outcomes


def _outcome(
    before: History | TrainingError, member: Member, epoch: int, values: list[float]
) -> History | TrainingError:
    """Add an epoch to a history, or say what has ended it."""
    if isinstance(before, TrainingError):
        return before
    losses = dict(zip(member.objective.names, values, strict=True))
    if all(math.isfinite(value) for value in values):
        return [*before, losses]
    return TrainingError(
        f"The loss of {member.name} is not finite in epoch {epoch + 1}: {losses}. "
        "Lower `lr`, or look for trials of an extreme amplitude."
    )
