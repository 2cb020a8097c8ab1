"""The epoch loop, for one network or a stack of networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from bci_dann.exceptions import TrainingError
from bci_dann.models.precision import single_precision
from bci_dann.training.batching import BatchLoader
from bci_dann.training.convolution_check import checked_convolutions
from bci_dann.training.epoch_observer import listener_of_losses, notify_observer
from bci_dann.training.training_data import Member, TrainingSettings
from bci_dann.training.training_step import NetworkTraining, StackTraining

__all__ = ["History", "OnEpoch", "run_epochs", "train"]

# Number of trials for the check of gradients. Empirical: wrong gradients of oneDNN show with one
# trial, and eight take less time than a step.
N_CHECKED_TRIALS = 8

# For each epoch, the mean of each summand of the loss by its name, and of what terms measure.
History = list[dict[str, float]]
OnEpoch = Callable[[int, dict[str, float]], None]


def train(member: Member, settings: TrainingSettings, on_epoch: OnEpoch | None = None) -> History:
    """Train one network in place.

    Parameters
    ----------
    member : Member
        The network, its objective and its trials.
    settings : TrainingSettings
        Number of epochs, batch size, learning rate, device.
    on_epoch : callable, optional
        Called with the epoch (from 0) and its mean losses.

    Returns
    -------
    list of dict
        For each epoch, the mean of each summand of the loss, and of what its terms measure
        beside it (``domain_adversary.domain_accuracy``).

    Raises
    ------
    TrainingError
        When the loss is not finite, with the epoch.

    See Also
    --------
    train_networks : Many networks, in stacks where that is faster.
    Member : A network with its trials and objective.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import TrainingSettings, train
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", random_state=0)
    >>> (member,) = model.plan(model.training_trials(X, X[:, 0] > 0)).members
    >>> settings = TrainingSettings(3, batch_size=16, lr=1e-2, weight_decay=0, device="cpu")
    >>> len(train(member, settings))
    3
    """
    (result,) = run_epochs([member], NetworkTraining(member, settings), settings, on_epoch)
    if isinstance(result, TrainingError):
        raise result
    return result


def run_epochs(
    members: Sequence[Member],
    training: NetworkTraining | StackTraining,
    settings: TrainingSettings,
    on_epoch: OnEpoch | None = None,
) -> list[History | TrainingError]:
    """Run all epochs of one network or of a stack.

    Parameters
    ----------
    members : sequence of Member
        The networks, with their trials.
    training : NetworkTraining or StackTraining
        Computes the training steps of these networks.
    settings : TrainingSettings
        Number of epochs, batch size, learning rate, device.
    on_epoch : callable, optional
        Called with the epoch (from 0) and the mean losses of the first network.

    Returns
    -------
    list
        The history of each member, or the error that stopped it.
    """
    loader, device = BatchLoader(members, settings), torch.device(settings.device)
    examples = loader.first_trials(N_CHECKED_TRIALS)
    with (
        single_precision(),
        torch.enable_grad(),
        checked_convolutions(members[0].network, examples, device),
    ):
        return _epochs(members, loader, training, settings, on_epoch)


def _epochs(
    members: Sequence[Member],
    loader: BatchLoader,
    training: NetworkTraining | StackTraining,
    settings: TrainingSettings,
    on_epoch: OnEpoch | None,
) -> list[History | TrainingError]:
    results: list[History | TrainingError] = [[] for _ in members]
    listener = listener_of_losses([member.name for member in members])
    batches = loader.draw_epoch()
    for epoch in range(settings.max_epochs):
        losses = []
        for step, indices in enumerate(batches):
            progress = (epoch + step / len(batches)) / settings.max_epochs
            lr = settings.lr * 0.5 * (1.0 + math.cos(math.pi * progress))
            losses.append(training.step(loader.batch(indices), progress, lr))
        batches = loader.draw_epoch()  # before reading the losses, which waits for the GPU
        means = torch.stack(losses).mean(0).tolist()
        for index, (member, values) in enumerate(zip(members, means, strict=True)):
            results[index] = _with_epoch(results[index], member, epoch, values)
        if listener is not None:
            listener(epoch, [None if isinstance(r, TrainingError) else r[-1] for r in results])
        if all(isinstance(result, TrainingError) for result in results):
            return results
        notify_observer(len(members))
        if on_epoch is not None and not isinstance(results[0], TrainingError):
            on_epoch(epoch, results[0][-1])
    training.finish(map(loader.batch, batches))
    return results


def _with_epoch(
    before: History | TrainingError, member: Member, epoch: int, values: list[float]
) -> History | TrainingError:
    """Return the history with one more epoch, or the error that ends training."""
    if isinstance(before, TrainingError):
        return before
    names = member.objective.names
    losses = dict(zip(names, values, strict=False))  # measures of the terms follow
    if all(math.isfinite(value) for value in losses.values()):
        measures = zip(member.objective.measure_names, values[len(names) :], strict=True)
        return [*before, {**losses, **dict(measures)}]
    return TrainingError(
        f"The loss of {member.name} is not finite in epoch {epoch + 1}: {losses}. "
        "Lower `lr`, or look for trials of an extreme amplitude."
    )
