"""Fit several network classifiers at once, such as the folds or seeds of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bci_dann.estimators.network import NetworkClassifier
from bci_dann.estimators.networks.training_plan import TrainingPlan
from bci_dann.exceptions import ConfigError, TrainingError
from bci_dann.training import train_networks

__all__ = ["fit_together"]


def fit_together(
    models: Sequence[NetworkClassifier],
    arguments: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str] | None = None,
    stack: bool | None = None,
) -> list[NetworkClassifier | TrainingError]:
    """Fit each model to its own data, as ``model.fit(**arguments)`` would.

    Parameters
    ----------
    models : sequence of NetworkClassifier
        Fitted in place.
    arguments : sequence of mapping
        Keyword arguments of ``fit`` for each model.
    names : sequence of str, optional
        Name of each model, for messages, such as ``"fold 3, seed 1"``.
    stack : bool, optional
        Whether networks of the same architecture are trained as one stack of tensors. By default
        they are on a GPU, where a single small network leaves most of the device idle. On a CPU,
        training one after another is about as fast (``tests/benchmarks/bench_stack.py``), and
        processes use all cores.

    Returns
    -------
    list
        Each fitted model, or the error that stopped its training; the others are not affected.

    Raises
    ------
    ConfigError
        When the numbers of models, arguments and names differ.

    See Also
    --------
    bci_dann.evaluation.run_benchmark : Fits the folds and seeds of a run with this function.
    bci_dann.training.train_networks : Trains the networks.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.estimators import fit_together
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> models = [NetworkClassifier("MLP", max_epochs=2, random_state=seed) for seed in (0, 1)]
    >>> fitted = fit_together(models, [{"X": X, "y": X[:, 0] > 0}] * 2)
    >>> [len(model.history_) for model in fitted]
    [2, 2]
    """
    names = [f"network {index}" for index in range(len(models))] if names is None else names
    if not len(models) == len(arguments) == len(names):
        raise ConfigError(
            f"fit_together needs one entry of arguments and one name for each of {len(models)} "
            f"models; got {len(arguments)} entries of arguments and {len(names)} names."
        )
    try:
        return _fit_planned(models, arguments, names, stack)
    except BaseException:
        for model in models:
            model.forget()
        raise


def _fit_planned(
    models: Sequence[NetworkClassifier],
    arguments: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    stack: bool | None,
) -> list[NetworkClassifier | TrainingError]:
    results: list[NetworkClassifier | TrainingError] = list(models)
    plans: dict[int, TrainingPlan] = {}
    for index, (model, given) in enumerate(zip(models, arguments, strict=True)):
        if model.trains_network:
            plans[index] = model.plan(model.training_trials(**given), names[index])
        else:
            model.fit(**given)
    members = [(index, member) for index, plan in plans.items() for member in plan.members]
    histories = train_networks(
        [member for _, member in members],
        [models[index].training_settings() for index, _ in members],
        stack=stack,
    )
    for index, plan in plans.items():
        of_model = [h for (owner, _), h in zip(members, histories, strict=True) if owner == index]
        try:
            models[index].complete(plan, of_model)
        except TrainingError as error:
            models[index].forget()
            results[index] = error
    return results
