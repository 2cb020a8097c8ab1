"""Fit several networks at once: the folds of a benchmark, the seeds of an ensemble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from bci_dann._random import fenced_torch_seed, stream
from bci_dann.estimators.neural import NeuralClassifier
from bci_dann.exceptions import ConfigError, TrainingError
from bci_dann.training import (
    History,
    Member,
    TrainingSettings,
    stack_signature,
    train,
    train_stack,
)

__all__ = ["fit_together"]


def fit_together(
    models: Sequence[NeuralClassifier],
    arguments: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str] | None = None,
    stack: bool | None = None,
) -> list[NeuralClassifier | TrainingError]:
    """Fit each model to its own data, as ``model.fit(**arguments)`` would.

    Parameters
    ----------
    models : sequence of NeuralClassifier
        Fitted in place.
    arguments : sequence of mapping
        What ``fit`` of each model takes, by name.
    names : sequence of str, optional
        Whose model each is, for messages: ``"fold 3, seed 1"``.
    stack : bool, optional
        Whether networks of one shape advance in one set of tensors. By default they do on a
        GPU, where a small network leaves most of the device idle; on a CPU one after another
        is about as fast (``tests/benchmarks/bench_stack.py``), and processes use all cores.

    Returns
    -------
    list
        Each model; or the error that has stopped its training, which leaves the others alone.

    Raises
    ------
    ConfigError
        When the numbers of models, arguments and names differ.
    """
    names = [f"network {index}" for index in range(len(models))] if names is None else names
    if not len(models) == len(arguments) == len(names):
        raise ConfigError(
            f"{len(models)} models need as many arguments and names; "
            f"got {len(arguments)} and {len(names)}."
        )
    outcomes: list[NeuralClassifier | TrainingError] = list(models)
    members: dict[int, Member] = {}
    for index, (model, given) in enumerate(zip(models, arguments, strict=True)):
        if model.trains_network:
            members[index] = model._member(model._training_trials(**given), names[index])
        else:
            model.fit(**given)
    settings = {index: models[index]._settings() for index in members}
    for indices in _groups(members, settings, stack):
        seed = stream(models[indices[0]].random_state, "unkeyed")
        with fenced_torch_seed(seed):
            histories = _train([members[i] for i in indices], settings[indices[0]])
        for index, history in zip(indices, histories, strict=True):
            if isinstance(history, TrainingError):
                outcomes[index] = history
            else:
                models[index]._take(members[index], history)
    return outcomes


def _groups(
    members: Mapping[int, Member], settings: Mapping[int, TrainingSettings], stack: bool | None
) -> list[list[int]]:
    """Return which members are trained together."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, member in members.items():
        how = settings[index]
        together = how.device.startswith("cuda") if stack is None else stack
        groups[(how, stack_signature(member, how)) if together else index].append(index)
    return list(groups.values())


def _train(members: list[Member], settings: TrainingSettings) -> Sequence[History | TrainingError]:
    if len(members) > 1:
        return train_stack(members, settings)
    try:
        return [train(members[0], settings)]
    except TrainingError as error:
        return [error]
