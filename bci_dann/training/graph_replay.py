"""Training steps that a GPU repeats from a recording.

A step of the small networks that EEG takes is hundreds of short kernels, and to launch them one
after another takes longer than to run them. CUDA can record the launches of a step and start all
of them at once, on tensors that stay where they are: so a step's arguments are copied into the
same buffers each time, one recording for each shape of batch. Before a recording is used it has
to do what an ordinary step does.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from bci_dann.exceptions import BCIDannWarning
from bci_dann.training.cuda_graph import Buffers, Recorder, Step
from bci_dann.training.network_inputs import Batch

__all__ = ["Replay", "TrainingState"]

logger = logging.getLogger(__name__)

Shapes = tuple[torch.Size, ...]
Tensors = dict[str, list[Tensor]]

# What a recording is looked at with. It is made with other numbers, of an earlier batch: one that
# repeats its own arguments is found.
TRIAL_PROGRESS, TRIAL_LR = 0.5, 1e-3

# Losses, gradients and statistics agree to float rounding. Adam magnifies rounding in weights
# without influence, so weights need only move alike: a tenth of the way may differ.
TOLERANCE, MOVE_TOLERANCE = 1e-4, 0.1


class TrainingState:
    """All tensors that a step changes.

    Parameters
    ----------
    weights, buffers : iterable of Tensor
        Of the networks and their objectives.
    optimiser : torch.optim.Optimizer
        Of these weights.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        buffers: Iterable[Tensor],
        optimiser: torch.optim.Optimizer,
    ) -> None:
        self._weights, self._buffers, self._optimiser = list(weights), list(buffers), optimiser

    def copy(self) -> Tensors:
        """Return copies, by kind."""
        return {
            kind: [tensor.detach().clone() for tensor in tensors]
            for kind, tensors in self._by_kind().items()
        }

    @torch.no_grad()
    def restore(self, copied: Tensors) -> None:
        """Set all tensors, where they are, to what they were."""
        for kind, tensors in self._by_kind().items():
            for tensor, value in zip(tensors, copied[kind], strict=True):
                tensor.copy_(value)

    def _by_kind(self) -> Tensors:
        found: Tensors = {"weights": self._weights, "buffers": self._buffers}
        for weight in self._weights:
            for name, moment in self._optimiser.state.get(weight, {}).items():
                found.setdefault(name, []).append(moment)
        return {kind: tensors for kind, tensors in found.items() if tensors}


class Replay:
    """A training step that is recorded when a shape of batch comes for the second time.

    Parameters
    ----------
    step : callable
        The ordinary step.
    state : TrainingState
        What it changes.
    recorder : Recorder
        How it is recorded.
    """

    def __init__(self, step: Step, state: TrainingState, recorder: Recorder) -> None:
        self._step, self._state = step, state
        self._recorder: Recorder | None = recorder
        self._buffers: dict[Shapes, Buffers] = {}
        self._replays: dict[Shapes, Callable[[], Tensor]] = {}

    def __call__(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Take a step; return the summands of the loss."""
        shapes = tuple(tensor.shape for tensor in batch.tensors())
        if self._recorder is not None and shapes not in self._replays:
            if shapes in self._buffers:
                self._record(batch, shapes, self._recorder)
            else:  # a recording is made of another batch than it is looked at with
                self._buffers[shapes] = Buffers(batch)
        if shapes not in self._replays:
            return self._step(batch, progress, lr)
        self._buffers[shapes].fill(batch, progress, lr)
        return self._replays[shapes]()

    def _record(self, batch: Batch, shapes: Shapes, recorder: Recorder) -> None:
        """Keep a recording if it does what a step does; leave no trace either way."""
        before = self._state.copy()
        try:
            replay = self._tried(batch, self._buffers[shapes], recorder, before)
        except RuntimeError as error:  # torch's word for all that a recording may not do
            replay = None
            self._warn(batch, str(error).partition("\n")[0])
        finally:
            self._state.restore(before)
        if replay is None:
            self._recorder = None
            self._buffers.clear()
            self._replays.clear()
        else:
            self._replays[shapes] = replay

    def _tried(
        self, batch: Batch, buffers: Buffers, recorder: Recorder, before: Tensors
    ) -> Callable[[], Tensor] | None:
        """Return a recording of the step, if it can be trusted."""
        ordinary, drew = self._ordinary(batch)
        if drew:
            logger.info(
                "Training steps are not replayed from a recording: a layer draws from torch's "
                "global generator."
            )
            return None
        self._state.restore(before)
        replay = recorder.record(self._step, buffers)
        self._state.restore(before)
        buffers.fill(batch, TRIAL_PROGRESS, TRIAL_LR)
        replayed = {"losses": [replay()], **self._state.copy()}
        if _alike(before, ordinary, replayed):
            return replay
        self._warn(batch, "it does something else than an ordinary step")
        return None

    def _warn(self, batch: Batch, problem: str) -> None:
        warnings.warn(
            f"A training step cannot be replayed from a recording on {batch.labels.device}: "
            f"{problem}. Each step is taken anew, with the same results, which is slower.",
            BCIDannWarning,
            stacklevel=2,
        )

    def _ordinary(self, batch: Batch) -> tuple[Tensors, bool]:
        """Return what a step leaves behind, and whether it drew from a global generator."""
        devices = [batch.labels.device] if batch.labels.is_cuda else []
        with torch.random.fork_rng(devices):
            generators = _generators(devices)
            losses = self._step(batch, TRIAL_PROGRESS, TRIAL_LR)
            drew = not all(map(torch.equal, generators, _generators(devices)))
        return {"losses": [losses], **self._state.copy()}, drew


def _generators(devices: Iterable[torch.device]) -> list[Tensor]:
    return [torch.get_rng_state(), *map(torch.cuda.get_rng_state, devices)]


def _alike(before: Tensors, ordinary: Tensors, replayed: Tensors) -> bool:
    """Whether two steps from one state have left the same behind."""
    for kind, tensors in ordinary.items():
        wanted, found = _flat(tensors), _flat(replayed[kind])
        if kind == "losses":  # one by one: those of a network may be far larger than all others
            alike = torch.allclose(found, wanted, rtol=TOLERANCE, atol=0.1 * TOLERANCE)
        elif kind == "weights":
            alike = _near(found, wanted, MOVE_TOLERANCE, wanted - _flat(before[kind]))
        else:
            alike = _near(found, wanted, TOLERANCE, wanted)
        if not alike:
            return False
    return True


def _near(found: Tensor, wanted: Tensor, tolerance: float, scale: Tensor) -> bool:
    distance = torch.linalg.vector_norm(found - wanted)
    return bool(distance <= tolerance * torch.linalg.vector_norm(scale))


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return all numbers; those that are not finite are told by the loss."""
    whole = torch.cat([tensor.detach().flatten().double() for tensor in tensors])
    return whole.nan_to_num(0.0, 0.0, 0.0)
