"""How one step of training is done: for one network, or for a stack of them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bci_dann.models import Inputs, keyed
from bci_dann.objectives import BatchView
from bci_dann.training.data import Member, TrainingSettings
from bci_dann.training.inputs import rows

__all__ = ["Batch", "Lone", "Stack"]

# Of a single trial a batch norm behind the last pooling has no variance.
FEWEST = 2


class Batch(NamedTuple):
    """The trials of one step of one network.

    Parameters
    ----------
    inputs : Tensor or TrialSpectra
        What the network takes.
    labels, domains, weights, is_target : Tensor, shape (batch,)
        As in :class:`BatchView`.
    keys : Tensor of int32, shape (n_dropout_layers,)
        What the dropout masks are made from.
    """

    inputs: Inputs
    labels: Tensor
    domains: Tensor
    weights: Tensor
    is_target: Tensor
    keys: Tensor


class Learner(nn.Module):
    """A network and its objective as one module: a batch in, the summands of the loss out."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.network, self.objective = member.network, member.objective
        self._apart = member.apart

    def forward(self, batch: Batch, progress: float) -> Tensor:
        """Return the weighted summands of the loss, ``(n_summands,)``."""
        with keyed(self.network, batch.keys):
            outputs = self._apart_outputs(batch) if self._apart else self.network(batch.inputs)
            features, logits = outputs
        view = BatchView(
            features,
            logits,
            labels=batch.labels,
            domains=batch.domains,
            weights=batch.weights,
            is_target=batch.is_target,
            progress=progress,
        )
        return torch.stack(list(self.objective(view).values()))

    def _apart_outputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return features and logits; batch norms see source and target one after the other."""
        groups = [torch.nonzero(batch.is_target == there)[:, 0] for there in (False, True)]
        if min(map(len, groups)) < FEWEST:
            outputs: tuple[Tensor, Tensor] = self.network(batch.inputs)
            return outputs
        features, logits = zip(*(self.network(rows(batch.inputs, g)) for g in groups), strict=True)
        back = torch.cat(groups).argsort()
        return torch.cat(features)[back], torch.cat(logits)[back]


class Lone:
    """Training steps of one network.

    Parameters
    ----------
    member : Member
        Trained in place.
    settings : TrainingSettings
        Learning rate, weight decay, device.
    """

    def __init__(self, member: Member, settings: TrainingSettings) -> None:
        self._learner = Learner(member).to(settings.device).train()
        self._optimiser = _optimiser(list(self._learner.parameters()), settings)

    def step(self, batches: Sequence[Batch], progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(1, n_summands)``."""
        return _descend(self._learner(batches[0], progress)[None], self._optimiser, lr)

    def finish(self) -> None:
        """Leave the weights where they are: in the member's network."""


class Stack:
    """Training steps of several networks of one architecture, in one set of tensors.

    Each network keeps its weights, its batches and its dropout; none can touch another.

    Parameters
    ----------
    members : sequence of Member
        Left alone until :meth:`finish`.
    settings : TrainingSettings
        Learning rate, weight decay, device.
    """

    def __init__(self, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._learners = [Learner(member).to(settings.device).train() for member in members]
        self._weights, self._buffers = torch.func.stack_module_state(self._learners)
        self._optimiser = _optimiser(list(self._weights.values()), settings)
        self._template = copy.deepcopy(self._learners[0]).to("meta")

    def step(self, batches: Sequence[Batch], progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(n_members, n_summands)``."""

        def summands(
            weights: dict[str, Tensor], buffers: dict[str, Tensor], batch: Batch
        ) -> Tensor:
            result: Tensor = torch.func.functional_call(
                self._template, (weights, buffers), (batch, progress)
            )
            return result

        with _quiet():
            together = torch.vmap(summands, randomness="different")
            losses = together(self._weights, self._buffers, _stacked(batches))
            return _descend(losses, self._optimiser, lr)

    @torch.no_grad()
    def finish(self) -> None:
        """Give every member its weights and buffers."""
        for index, learner in enumerate(self._learners):
            for stacked, own in (
                (self._weights, dict(learner.named_parameters())),
                (self._buffers, dict(learner.named_buffers())),
            ):
                for name, values in stacked.items():
                    own[name].copy_(values[index])


def _optimiser(weights: list[Tensor], settings: TrainingSettings) -> torch.optim.Optimizer:
    fused = torch.device(settings.device).type in ("cpu", "cuda")
    return torch.optim.AdamW(
        weights, lr=settings.lr, weight_decay=settings.weight_decay, fused=fused
    )


def _descend(losses: Tensor, optimiser: torch.optim.Optimizer, lr: float) -> Tensor:
    for group in optimiser.param_groups:
        group["lr"] = lr
    optimiser.zero_grad(set_to_none=True)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return losses.detach()


def _stacked(batches: Sequence[Batch]) -> Batch:
    inputs, *others = zip(*batches, strict=True)
    first = inputs[0]
    joined = (
        torch.stack(inputs)
        if isinstance(first, Tensor)
        else type(first)(*(torch.stack(parts) for parts in zip(*inputs, strict=True)))
    )
    return Batch(joined, *(torch.stack(parts) for parts in others))


@contextmanager
def _quiet() -> Iterator[None]:
    """Max-norm constraints have no batching rule: torch loops over these few weights."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        yield
