"""Training of many networks, in stacks of the same architecture or one after another."""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from bci_dann._random import isolated_torch_seed
from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError
from bci_dann.training.batching import balanced_order, batches_of
from bci_dann.training.loop import History, OnEpoch, run_epochs, train
from bci_dann.training.training_data import Member, TrainingSettings
from bci_dann.training.training_step import StackTraining

__all__ = ["stack_signature", "train_networks", "train_stack"]

logger = logging.getLogger(__name__)


def train_networks(
    members: Sequence[Member],
    settings: Sequence[TrainingSettings],
    *,
    stack: bool | None = None,
    on_epoch: OnEpoch | None = None,
) -> list[History | TrainingError]:
    """Train each network in place, as :func:`train` would.

    Parameters
    ----------
    members : sequence of Member
        Networks of any kind.
    settings : sequence of TrainingSettings
        One for each member.
    stack : bool, optional
        Whether networks with the same :func:`stack_signature` are trained as one stack of tensors.
        By default they are on a GPU, where a small network leaves most of the device idle; on a CPU
        training one after another is about as fast (``tests/benchmarks/bench_stack.py``), and
        processes use all cores. Networks that ``torch.vmap`` does not support are trained alone,
        and the log gives the reason; so are those with ``domain_batch_norm``. The choice changes
        results by float rounding only, except for layers that use torch's global generator (such as
        ``nn.Dropout1d``, or functional dropout), which draw different masks in a stack.
    on_epoch : callable, optional
        As in :func:`train`, for networks that are trained alone.

    Returns
    -------
    list
        The history of each member, or the error that stopped it; the others are not affected.

    See Also
    --------
    train : One network.
    train_stack : One stack.
    bci_dann.estimators.fit_together : The same for classifiers.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import TrainingSettings, train_networks
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", n_members=2, random_state=0)
    >>> members = model.plan(model.training_trials(X, X[:, 0] > 0)).members
    >>> settings = TrainingSettings(3, batch_size=16, lr=1e-2, weight_decay=0, device="cpu")
    >>> [len(history) for history in train_networks(members, [settings] * 2)]
    [3, 3]
    """
    results: dict[int, History | TrainingError] = {}
    for indices in _groups(members, settings, stack):
        group = [members[index] for index in indices]
        trained = _train_group(group, settings[indices[0]], on_epoch)
        results.update(zip(indices, trained, strict=True))
    return [results[index] for index in range(len(members))]


def train_stack(
    members: Sequence[Member], settings: TrainingSettings
) -> list[History | TrainingError]:
    """Train networks of one architecture as one stack, with the same results as separately.

    Where the device does not have enough memory, the stack is halved, with a warning.

    Parameters
    ----------
    members : sequence of Member
        Their networks are trained in place. All must have the same :func:`stack_signature`.
    settings : TrainingSettings
        Number of epochs, batch size, learning rate, device.

    Returns
    -------
    list
        The history of each member, or the error that stopped it; the others are not affected.

    Raises
    ------
    ConfigError
        When the members differ in architecture or in the shape of trials or batches.

    See Also
    --------
    train_networks : Groups networks into stacks.
    stack_signature : What members of a stack have in common.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import TrainingSettings, train_stack
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", n_members=2, random_state=0)
    >>> members = model.plan(model.training_trials(X, X[:, 0] > 0)).members
    >>> settings = TrainingSettings(3, batch_size=16, lr=1e-2, weight_decay=0, device="cpu")
    >>> [len(history) for history in train_stack(members, settings)]
    [3, 3]
    """
    _check_one_signature(members, settings)
    states = _generator_states(members)
    try:
        return run_epochs(members, StackTraining(members, settings), settings)
    except torch.OutOfMemoryError:
        if len(members) == 1:
            raise
    half = len(members) // 2
    warnings.warn(
        f"{settings.device} has no memory for {len(members)} networks at a time: "
        f"continuing with {len(members) - half}.",
        BCIDannWarning,
        stacklevel=2,
    )
    _restore_generators(members, states)
    return train_stack(members[:half], settings) + train_stack(members[half:], settings)


def stack_signature(member: Member, settings: TrainingSettings) -> tuple[Hashable, ...]:
    """Return the properties that members of a stack must have in common.

    Parameters
    ----------
    member : Member
        A network with its trials.
    settings : TrainingSettings
        The batch size determines the lengths of batches.

    Returns
    -------
    tuple
        Hashable: layers with their settings, shapes of weights and trials, terms with their
        weights, and lengths of all batches.

    See Also
    --------
    train_stack : Trains members with the same signature.

    Examples
    --------
    >>> import numpy as np
    >>> from bci_dann import NetworkClassifier
    >>> from bci_dann.training import TrainingSettings, stack_signature
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> model = NetworkClassifier("MLP", n_members=2, random_state=0)
    >>> first, second = model.plan(model.training_trials(X, X[:, 0] > 0)).members
    >>> settings = TrainingSettings(3, batch_size=16, lr=1e-2, weight_decay=0, device="cpu")
    >>> stack_signature(first, settings) == stack_signature(second, settings)
    True
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
    layers = tuple(map(_layers, modules))
    return weights, layers, tuple(member.data.X.shape[1:]), member.objective.signature, lengths


def _groups(
    members: Sequence[Member], settings: Sequence[TrainingSettings], stack: bool | None
) -> list[list[int]]:
    """Return the indices of the members of each stack; members trained alone are stacks of one."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, (member, setting) in enumerate(zip(members, settings, strict=True)):
        wanted = setting.device.startswith("cuda") if stack is None else stack
        stacks = wanted and not member.domain_batch_norm  # source and target parts vary in size
        key = (setting, stack_signature(member, setting)) if stacks else index
        groups[key].append(index)
    return list(groups.values())


def _train_group(
    members: list[Member], settings: TrainingSettings, on_epoch: OnEpoch | None
) -> Sequence[History | TrainingError]:
    """Train as one stack if there are several networks and it is possible, else one by one."""
    if len(members) > 1:
        states = _generator_states(members)
        try:
            with isolated_torch_seed(members[0].torch_seed):
                return train_stack(members, settings)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # layers may raise anything under vmap
            reason = str(error).partition("\n")[0]
            logger.info("%d networks are trained one by one, not stacked: %s", len(members), reason)
            _restore_generators(members, states)
    return [_train_alone(member, settings, on_epoch) for member in members]


def _train_alone(
    member: Member, settings: TrainingSettings, on_epoch: OnEpoch | None
) -> History | TrainingError:
    with isolated_torch_seed(member.torch_seed):
        try:
            return train(member, settings, on_epoch)
        except TrainingError as error:
            return error


def _check_one_signature(members: Sequence[Member], settings: TrainingSettings) -> None:
    first = stack_signature(members[0], settings)
    for member in members[1:]:
        if stack_signature(member, settings) != first:
            raise ConfigError(
                f"{member.name} and {members[0].name} differ in layers, terms, or the shape of "
                "trials or batches, and cannot be trained in one stack. Train them one after "
                "another."
            )


def _generator_states(members: Sequence[Member]) -> list[Mapping[str, object]]:
    return [member.rng.bit_generator.state for member in members]


def _restore_generators(members: Sequence[Member], states: Sequence[Mapping[str, object]]) -> None:
    for member, state in zip(members, states, strict=True):
        member.rng.bit_generator.state = state


def _layers(module: nn.Module) -> tuple[Hashable, ...]:
    """Return names, classes and settings of all layers, which must be equal in a stack."""
    return tuple(
        (name, type_before_parametrizations(layer), _comparable(_own_attributes(layer)))
        for name, layer in module.named_modules()
    )


def _own_attributes(layer: nn.Module) -> dict[str, object]:
    """Return what a layer has beside weights, buffers and layers: its settings and arrays."""
    of_any_layer = vars(nn.Module()).keys() - {"training"}
    return {key: value for key, value in vars(layer).items() if key not in of_any_layer}


def _comparable(value: object) -> Hashable:
    """Return plain values and arrays by their content, and the class of other objects.

    A stack applies the first network's arrays that are neither weights nor buffers to all.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
        numbers = value.detach().to_dense().cpu().contiguous().flatten().view(torch.uint8)
        return tuple(value.shape), value.dtype, numbers.numpy().tobytes()
    if isinstance(value, Mapping):
        return tuple((str(key), _comparable(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_comparable, value))
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), _comparable({f.name: getattr(value, f.name) for f in fields(value)})
    return value if isinstance(value, type) else type(value)
