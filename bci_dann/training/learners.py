"""How one step of training is done: for one network, or for a stack of them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from bci_dann.models import keyed
from bci_dann.objectives import BatchView
from bci_dann.training.data import Member, TrainingSettings
from bci_dann.training.inputs import Batch, rows
from bci_dann.training.recording import recorder_for
from bci_dann.training.replay import Replay, TrainingState

__all__ = ["Lone", "Stack"]

# A batch and the progress in; the weighted summands of the loss of each network out.
Losses = Callable[[Batch, float | Tensor], Tensor]

# Of a single trial a batch norm behind the last pooling has no variance.
FEWEST = 2


class Learner(nn.Module):
    """A network and its objective as one module: a batch in, the summands of the loss out."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.network, self.objective = member.network, member.objective
        self._apart = member.apart

    def forward(self, batch: Batch, progress: float | Tensor) -> Tensor:
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
        learner = Learner(member).to(settings.device).train()
        self._step = _stepper(
            lambda batch, progress: learner(batch, progress)[None],
            [member],
            settings,
            learner.parameters(),
            learner.buffers(),
        )

    def step(self, batches: Sequence[Batch], progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(1, n_summands)``."""
        return self._step(batches[0], progress, lr)

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
        self._step = _stepper(
            _together(self._learners[0], self._weights, self._buffers),
            members,
            settings,
            self._weights.values(),
            self._buffers.values(),
        )

    def step(self, batches: Sequence[Batch], progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(n_members, n_summands)``."""
        with _quiet():
            return self._step(_stacked(batches), progress, lr)

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


def _together(learner: Learner, weights: dict[str, Tensor], buffers: dict[str, Tensor]) -> Losses:
    """Return the losses of all networks in a stack, whose first is ``learner``."""
    template = copy.deepcopy(learner).to("meta")

    def losses(batch: Batch, progress: float | Tensor) -> Tensor:
        def summands(
            weights: dict[str, Tensor], buffers: dict[str, Tensor], batch: Batch
        ) -> Tensor:
            result: Tensor = torch.func.functional_call(
                template, (weights, buffers), (batch, progress)
            )
            return result

        return torch.vmap(summands, randomness="different")(weights, buffers, batch)

    return losses


def _stepper(
    losses: Losses,
    members: Sequence[Member],
    settings: TrainingSettings,
    weights: Iterable[Tensor],
    buffers: Iterable[Tensor],
) -> Callable[[Batch, float, float], Tensor]:
    """Return what descends once, from a recording where that is possible.

    All is float32: half precision would not pay. Spectra are complex, and cuFFT takes half
    precision only at lengths that are powers of two; steps are bound by launches and memory,
    not by multiplications.
    """
    weights, device = list(weights), torch.device(settings.device)
    recorder = recorder_for(members, device)
    optimiser = _optimiser(weights, settings, replayed=recorder is not None)

    def step(batch: Batch, progress: float | Tensor, lr: float | Tensor) -> Tensor:
        return _descend(losses(batch, progress), optimiser, lr)

    if recorder is None:
        return step
    return Replay(step, TrainingState(weights, buffers, optimiser), recorder)


def _optimiser(
    weights: list[Tensor], settings: TrainingSettings, *, replayed: bool
) -> torch.optim.Optimizer:
    kind, lr = torch.device(settings.device).type, settings.lr
    return torch.optim.AdamW(
        weights,
        lr=_rate(lr, settings.device) if replayed else lr,
        weight_decay=settings.weight_decay,
        fused=kind in ("cpu", "cuda"),
        capturable=replayed and kind == "cuda",
    )


def _rate(lr: float, device: str) -> Tensor:
    """Return a learning rate that is read anew in each replay: a number would be recorded."""
    dtype = torch.float32 if torch.device(device).type == "cuda" else torch.float64
    return torch.tensor(lr, dtype=dtype, device=device)  # what torch's kernels read


def _descend(losses: Tensor, optimiser: torch.optim.Optimizer, lr: float | Tensor) -> Tensor:
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(lr)
        else:
            group["lr"] = lr
    optimiser.zero_grad(set_to_none=True)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return losses.detach()


def _stacked(batches: Sequence[Batch]) -> Batch:
    parts = zip(*(batch.tensors() for batch in batches), strict=True)
    return batches[0].of(map(torch.stack, parts))


@contextmanager
def _quiet() -> Iterator[None]:
    """Max-norm constraints have no batching rule: torch loops over these few weights."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
        yield
