"""Train many networks: in stacks where that pays, one after another where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from bci_dann._random import fenced_torch_seed
from bci_dann.exceptions import TrainingError
from bci_dann.training.loop import History, OnEpoch, stack_signature, train, train_stack
from bci_dann.training.training_data import Member, TrainingSettings

__all__ = ["train_networks"]


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
        Whether networks of one shape advance in one set of tensors. By default they do on a
        GPU, where a small network leaves most of the device idle; on a CPU one after another
        is about as fast (``tests/benchmarks/bench_stack.py``), and processes use all cores.
        Those that normalise source and target apart are always trained alone.
    on_epoch : callable, optional
        As in :func:`train`, for networks that are trained alone.

    Returns
    -------
    list
        The history of each member; or the error that has stopped it, which does not concern
        the others.
    """
    outcomes: dict[int, History | TrainingError] = {}
    for indices in _groups(members, settings, stack):
        group, how = [members[index] for index in indices], settings[indices[0]]
        with fenced_torch_seed(group[0].torch_seed):
            outcomes.update(zip(indices, _train(group, how, on_epoch), strict=True))
    return [outcomes[index] for index in range(len(members))]


def _groups(
    members: Sequence[Member], settings: Sequence[TrainingSettings], stack: bool | None
) -> list[list[int]]:
    """Return which members are trained together."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, (member, how) in enumerate(zip(members, settings, strict=True)):
        together = how.device.startswith("cuda") if stack is None else stack
        alike = together and not member.domain_batch_norm  # groups of a batch differ in size
        groups[(how, stack_signature(member, how)) if alike else index].append(index)
    return list(groups.values())


def _train(
    members: list[Member], settings: TrainingSettings, on_epoch: OnEpoch | None
) -> Sequence[History | TrainingError]:
    if len(members) > 1:
        return train_stack(members, settings)
    try:
        return [train(members[0], settings, on_epoch)]
    except TrainingError as error:
        return [error]
