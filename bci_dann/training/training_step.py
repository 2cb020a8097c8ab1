"""Training steps of one network, or of a stack of networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from bci_dann.models import NetworkInput, keyed
from bci_dann.objectives import BatchView
from bci_dann.training.batch_norm import recompute_batch_norm
from bci_dann.training.cuda_graph import step_capture_for
from bci_dann.training.graph_replay import ReplayedStep, TrainingState
from bci_dann.training.network_inputs import Batch, take_trials
from bci_dann.training.training_data import Member, TrainingSettings

__all__ = ["NetworkTraining", "NetworkWithObjective", "StackTraining"]

# Maps a batch and the progress to the weighted summands of the loss of each network, followed by
# what its terms measure.
Losses = Callable[[Batch, float | Tensor], Tensor]

# Weights and buffers of a module by name.
States = tuple[dict[str, Tensor], dict[str, Tensor]]

# Initial statistics of a batch norm, as torch's `reset_running_stats` sets them.
INITIAL_STATISTICS = {"running_mean": 0, "running_var": 1, "num_batches_tracked": 0}

# Fewest trials of a separately normalised group: batch normalisation after the last pooling needs
# two trials for a variance.
MIN_GROUP_SIZE = 2


class NetworkWithObjective(nn.Module):
    """A network and its objective as one module, from a batch to the summands of the loss.

    The measures of the terms, which are no part of the loss, follow the summands.

    Parameters
    ----------
    member : Member
        Its network and objective become submodules.
    """

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.network, self.objective = member.network, member.objective
        self._domain_batch_norm = member.domain_batch_norm

    def forward(self, batch: Batch, progress: float | Tensor) -> Tensor:
        """Compute the loss of a batch.

        Parameters
        ----------
        batch : Batch
            A batch of this network.
        progress : float or Tensor, shape ()
            Completed share of the training.

        Returns
        -------
        Tensor, shape (n_summands + n_measures,)
            The weighted summands of the loss, and the measures of the terms.
        """
        with keyed(self.network, batch.keys):
            features, logits = (
                self._outputs_by_domain(batch)
                if self._domain_batch_norm
                else self.network(batch.inputs)
            )
        view = BatchView(
            features,
            logits,
            labels=batch.labels,
            domains=batch.domains,
            weights=batch.weights,
            is_target=batch.is_target,
            progress=progress,
        )
        values = {**self.objective(view), **self.objective.measures(view)}
        return torch.stack(list(values.values()))

    def _outputs_by_domain(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return features and logits, with source and target normalised separately."""
        groups = [torch.nonzero(batch.is_target == target)[:, 0] for target in (False, True)]
        if min(map(len, groups)) < MIN_GROUP_SIZE:
            outputs: tuple[Tensor, Tensor] = self.network(batch.inputs)
            return outputs
        outputs_by_group = [self.network(take_trials(batch.inputs, group)) for group in groups]
        features, logits = zip(*outputs_by_group, strict=True)
        order = torch.cat(groups).argsort()
        return torch.cat(features)[order], torch.cat(logits)[order]


class NetworkTraining:
    """Training steps of one network.

    Parameters
    ----------
    member : Member
        Trained in place.
    settings : TrainingSettings
        Learning rate, weight decay, device.
    """

    def __init__(self, member: Member, settings: TrainingSettings) -> None:
        module = NetworkWithObjective(member).to(settings.device).train()
        self._network = module.network
        self._step = _make_step(
            lambda batch, progress: module(batch, progress)[None],
            [member],
            settings,
            module.parameters(),
            module.buffers(),
        )

    def step(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Take one step of the optimiser.

        Parameters
        ----------
        batch : Batch
            Trials; the axis of the networks has length 1.
        progress : float
            Completed share of the training.
        lr : float
            Learning rate.

        Returns
        -------
        Tensor, shape (1, n_summands + n_measures)
            The summands of the loss, and the measures of the terms.
        """
        return self._step(batch.of_first_network(), progress, lr)

    def finish(self, batches: Iterable[Batch]) -> None:
        """Recompute the statistics of batch norm with the final weights.

        Parameters
        ----------
        batches : iterable of Batch
            The batches of one epoch.
        """
        recompute_batch_norm(self._network, (batch.of_first_network().inputs for batch in batches))


class StackTraining:
    """Training steps of several networks of one architecture, stacked along a new tensor axis.

    Each network has its own weights, batches and dropout masks, and does not affect the others.
    ``torch.vmap`` applies the layers of the first network with the weights of all.

    Parameters
    ----------
    members : sequence of Member
        Networks with the same :func:`stack_signature`; not modified until :meth:`finish`.
    settings : TrainingSettings
        Learning rate, weight decay, device.
    """

    def __init__(self, members: Sequence[Member], settings: TrainingSettings) -> None:
        self._modules = [
            NetworkWithObjective(member).to(settings.device).train() for member in members
        ]
        self._weights, self._buffers = torch.func.stack_module_state(self._modules)
        self._template = copy.deepcopy(self._modules[0]).to("meta")
        self._step = _make_step(
            self._losses,
            members,
            settings,
            self._weights.values(),
            self._buffers.values(),
        )

    def step(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Take one step of the optimiser.

        Parameters
        ----------
        batch : Batch
            Trials of all networks.
        progress : float
            Completed share of the training.
        lr : float
            Learning rate.

        Returns
        -------
        Tensor, shape (n_members, n_summands + n_measures)
            The summands of the loss, and the measures of the terms.
        """
        return self._step(batch, progress, lr)

    @torch.no_grad()
    def finish(self, batches: Iterable[Batch]) -> None:
        """Recompute the statistics of batch norm, and write all weights to the members.

        Parameters
        ----------
        batches : iterable of Batch
            The batches of one epoch, for all networks.
        """
        self._reset_batch_norms()
        recompute_batch_norm(
            self._template.network, (batch.inputs for batch in batches), self._outputs, trial_axis=1
        )
        for index, module in enumerate(self._modules):
            module.network.eval()
            for stacked, tensors in (
                (self._weights, dict(module.named_parameters())),
                (self._buffers, dict(module.named_buffers())),
            ):
                for name, values in stacked.items():
                    tensors[name].copy_(values[index])

    def _reset_batch_norms(self) -> None:
        for name, layer in self._template.named_modules():
            if isinstance(layer, _BatchNorm):
                for statistic, value in INITIAL_STATISTICS.items():
                    stacked = self._buffers.get(f"{name}.{statistic}")
                    if stacked is not None:  # a layer may have no running statistics
                        stacked.fill_(value)

    def _losses(self, batch: Batch, progress: float | Tensor) -> Tensor:
        """Return the losses and measures of each network on its part of the batch."""

        def losses(state: States, batch: Batch) -> Tensor:
            result: Tensor = functional_call(self._template, state, (batch, progress))
            return result

        states = self._weights, self._buffers
        return torch.vmap(losses, randomness="different")(states, batch)

    def _outputs(self, inputs: NetworkInput) -> tuple[Tensor, Tensor]:
        """Return features and logits of each network for its part of the trials."""

        def outputs(state: States, inputs: NetworkInput) -> tuple[Tensor, Tensor]:
            result: tuple[Tensor, Tensor] = functional_call(
                self._template.network, state, (inputs,)
            )
            return result

        states = (
            _submodule_state("network.", self._weights),
            _submodule_state("network.", self._buffers),
        )
        return torch.vmap(outputs, randomness="different")(states, inputs)


def _make_step(
    losses: Losses,
    members: Sequence[Member],
    settings: TrainingSettings,
    weights: Iterable[Tensor],
    buffers: Iterable[Tensor],
) -> Callable[[Batch, float, float], Tensor]:
    """Return a function that takes one training step, with a CUDA graph where that is possible.

    Everything is float32, since half precision would not be faster: cuFFT supports it only for
    lengths that are powers of two, and the time of steps is limited by kernel launches and memory,
    not by multiplications.
    """
    weights, device = list(weights), torch.device(settings.device)
    capture = step_capture_for(members, device)
    n_summands = len(members[0].objective.names)
    optimiser = _optimiser(weights, settings, replayed=capture is not None)

    def step(batch: Batch, progress: float | Tensor, lr: float | Tensor) -> Tensor:
        return _optimiser_step(losses(batch, progress), n_summands, optimiser, lr)

    if capture is None:
        return step
    return ReplayedStep(step, TrainingState(weights, buffers, optimiser), capture, n_summands)


def _optimiser(
    weights: list[Tensor], settings: TrainingSettings, *, replayed: bool
) -> torch.optim.Optimizer:
    kind, lr = torch.device(settings.device).type, settings.lr
    return torch.optim.AdamW(
        weights,
        lr=_learning_rate(lr, settings.device) if replayed else lr,
        weight_decay=settings.weight_decay,
        fused=kind in ("cpu", "cuda"),
        capturable=replayed and kind == "cuda",
    )


def _learning_rate(lr: float, device: str) -> Tensor:
    """Return the learning rate as a tensor, since a number would be fixed in a CUDA graph."""
    dtype = torch.float32 if torch.device(device).type == "cuda" else torch.float64
    return torch.tensor(lr, dtype=dtype, device=device)  # as torch's kernels expect


def _optimiser_step(
    values: Tensor, n_summands: int, optimiser: torch.optim.Optimizer, lr: float | Tensor
) -> Tensor:
    """Take a step on the sum of the first values, the summands of the loss; return all values."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(lr)
        else:
            group["lr"] = lr
    optimiser.zero_grad(set_to_none=True)
    values[:, :n_summands].sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return values.detach()


def _submodule_state(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a submodule, with names relative to it."""
    return {
        name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)
    }
