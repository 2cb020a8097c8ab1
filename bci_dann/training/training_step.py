"""How one step of training is done: for one network, or for a stack of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from bci_dann.models import Inputs, keyed
from bci_dann.objectives import BatchView
from bci_dann.training.batch_norm import recompute_batch_norm
from bci_dann.training.cuda_graph import recorder_for
from bci_dann.training.graph_replay import Replay, TrainingState
from bci_dann.training.network_inputs import Batch, rows
from bci_dann.training.training_data import Member, TrainingSettings

__all__ = ["Lone", "Stack"]

# A batch and the progress in; the weighted summands of the loss of each network out.
Losses = Callable[[Batch, float | Tensor], Tensor]

# Weights and buffers of a module, by their names.
States = tuple[dict[str, Tensor], dict[str, Tensor]]

# Statistics of a batch norm that has seen nothing yet.
FRESH = {"running_mean": 0, "running_var": 1, "num_batches_tracked": 0}

# Of a single trial a batch norm behind the last pooling has no variance.
FEWEST = 2


class Learner(nn.Module):
    """A network and its objective as one module: a batch in, the summands of the loss out."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.network, self.objective = member.network, member.objective
        self._apart = member.domain_batch_norm

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
        self._network = learner.network
        self._step = _stepper(
            lambda batch, progress: learner(batch, progress)[None],
            [member],
            settings,
            learner.parameters(),
            learner.buffers(),
        )

    def step(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(1, n_summands)``."""
        return self._step(batch.alone(), progress, lr)

    def finish(self, batches: Iterable[Batch]) -> None:
        """Take the statistics of batch norm anew; the weights are the member's own."""
        recompute_batch_norm(self._network, (batch.alone().inputs for batch in batches))


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
        self._template = copy.deepcopy(self._learners[0]).to("meta")
        self._step = _stepper(
            self._losses,
            members,
            settings,
            self._weights.values(),
            self._buffers.values(),
        )

    def step(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Descend once; return the summands of the loss, ``(n_members, n_summands)``."""
        return self._step(batch, progress, lr)

    @torch.no_grad()
    def finish(self, batches: Iterable[Batch]) -> None:
        """Take the statistics of batch norm anew, and give every member what is its own."""
        for name, values in self._buffers.items():
            kind = name.rpartition(".")[2]
            if kind in FRESH:
                values.fill_(FRESH[kind])
        recompute_batch_norm(
            self._template.network, (batch.inputs for batch in batches), self._outputs
        )
        for index, learner in enumerate(self._learners):
            learner.network.eval()
            for stacked, own in (
                (self._weights, dict(learner.named_parameters())),
                (self._buffers, dict(learner.named_buffers())),
            ):
                for name, values in stacked.items():
                    own[name].copy_(values[index])

    def _losses(self, batch: Batch, progress: float | Tensor) -> Tensor:
        """Return the losses of each network on its share of the batch."""

        def losses(state: States, batch: Batch) -> Tensor:
            result: Tensor = functional_call(self._template, state, (batch, progress))
            return result

        states = self._weights, self._buffers
        return torch.vmap(losses, randomness="different")(states, batch)

    def _outputs(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Return features and logits of each network for its share of the trials."""

        def outputs(state: States, inputs: Inputs) -> tuple[Tensor, Tensor]:
            result: tuple[Tensor, Tensor] = functional_call(
                self._template.network, state, (inputs,)
            )
            return result

        states = _below("network.", self._weights), _below("network.", self._buffers)
        return torch.vmap(outputs, randomness="different")(states, inputs)


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


def _below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what belongs to a module of the one that the names are given for."""
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }
