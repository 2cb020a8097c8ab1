"""Training steps that are replayed as a CUDA graph, after a check against ordinary steps.

A training step of a small EEG network consists of hundreds of short kernels, and launching them one
by one takes longer than running them. A CUDA graph launches all kernels of a step at once, on
tensors at fixed addresses. The arguments of a step are therefore copied into the same buffers each
time, with one graph for each shape of batch. Before a graph is used, its effect is compared with
that of an ordinary step.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from bci_dann.exceptions import BCIDannWarning
from bci_dann.training.cuda_graph import Step, StepBuffers, StepCapture
from bci_dann.training.network_inputs import Batch

__all__ = ["ReplayedStep", "TrainingState"]

logger = logging.getLogger(__name__)

Shapes = tuple[torch.Size, ...]
TensorsByKind = dict[str, list[Tensor]]

# Progress and learning rate of the comparison. The graph is captured with different values, and an
# earlier batch, so that a graph that repeats the arguments of its capture is detected. Any numbers
# would do.
TRIAL_PROGRESS, TRIAL_LR = 0.5, 1e-3

# Largest relative difference of losses, gradients and statistics: float32 rounding errors, summed
# over a batch. Adam amplifies rounding errors in weights without effect, so the change of all
# weights may differ by a tenth. Empirical, on an H100.
TOLERANCE, MOVE_TOLERANCE = 1e-4, 0.1


class TrainingState:
    """All tensors that a training step changes.

    Parameters
    ----------
    weights, buffers : iterable of Tensor
        Tensors of the networks and their objectives.
    optimiser : torch.optim.Optimizer
        The optimiser of these weights.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        buffers: Iterable[Tensor],
        optimiser: torch.optim.Optimizer,
    ) -> None:
        self._weights, self._buffers, self._optimiser = list(weights), list(buffers), optimiser

    def copy(self) -> TensorsByKind:
        """Return copies of all tensors.

        Returns
        -------
        dict of str to list of Tensor
            Weights, buffers, and each kind of the optimiser's moments.
        """
        return {
            kind: [tensor.detach().clone() for tensor in tensors]
            for kind, tensors in self._by_kind().items()
        }

    @torch.no_grad()
    def restore(self, copied: TensorsByKind) -> None:
        """Restore the values of all tensors in place.

        Parameters
        ----------
        copied : dict of str to list of Tensor
            From :meth:`copy`.
        """
        for kind, tensors in self._by_kind().items():
            for tensor, value in zip(tensors, copied[kind], strict=True):
                tensor.copy_(value)

    def _by_kind(self) -> TensorsByKind:
        by_kind: TensorsByKind = {"weights": self._weights, "buffers": self._buffers}
        for weight in self._weights:
            for name, moment in self._optimiser.state.get(weight, {}).items():
                by_kind.setdefault(name, []).append(moment)
        return {kind: tensors for kind, tensors in by_kind.items() if tensors}


class ReplayedStep:
    """A training step that is captured when a batch shape occurs for the second time.

    Parameters
    ----------
    step : callable
        The ordinary step.
    state : TrainingState
        The tensors that the step changes.
    capture : StepCapture
        Turns the step into one that is replayed.
    n_summands : int or None
        How many of the values of a step are compared, the first ones; ``None`` compares all. The
        accuracy of a classifier is not compared: rounding may change a single decision.
    """

    def __init__(
        self,
        step: Step,
        state: TrainingState,
        capture: StepCapture,
        n_summands: int | None = None,
    ) -> None:
        self._step, self._state, self._n_summands = step, state, n_summands
        self._capture: StepCapture | None = capture
        self._buffers: dict[Shapes, StepBuffers] = {}
        self._replays: dict[Shapes, Callable[[], Tensor]] = {}

    def __call__(self, batch: Batch, progress: float, lr: float) -> Tensor:
        """Take a step.

        Parameters
        ----------
        batch : Batch
            Trials.
        progress : float
            Completed share of the training.
        lr : float
            Learning rate.

        Returns
        -------
        Tensor, shape (n_networks, n_values)
            What the step returns, the summands of the loss first.
        """
        shapes = tuple(tensor.shape for tensor in batch.tensors())
        if self._capture is not None and shapes not in self._replays:
            if shapes in self._buffers:
                self._try_capture(batch, shapes, self._capture)
            else:  # the comparison needs a different batch than the capture
                self._buffers[shapes] = StepBuffers(batch)
        if shapes not in self._replays:
            return self._step(batch, progress, lr)
        self._buffers[shapes].fill(batch, progress, lr)
        return self._replays[shapes]()

    def _try_capture(self, batch: Batch, shapes: Shapes, capture: StepCapture) -> None:
        """Use a graph if it has the effect of a step; weights are restored in any case."""
        before = self._state.copy()
        try:
            replay = self._checked_replay(batch, self._buffers[shapes], capture, before)
        except RuntimeError as error:  # torch raises it for everything that cannot be captured
            replay = None
            self._warn(batch, str(error).partition("\n")[0])
        finally:
            self._state.restore(before)
        if replay is None:
            self._capture = None
            self._buffers.clear()
            self._replays.clear()
        else:
            self._replays[shapes] = replay

    def _checked_replay(
        self, batch: Batch, buffers: StepBuffers, capture: StepCapture, before: TensorsByKind
    ) -> Callable[[], Tensor] | None:
        """Return a replay of the step if it has the effect of an ordinary step, else None."""
        ordinary, draws_randomly = self._effect_of_ordinary_step(batch)
        if draws_randomly:
            logger.info(
                "Training steps are not replayed as a CUDA graph: a layer draws from torch's "
                "global generator."
            )
            return None
        self._state.restore(before)
        replay = capture.capture(self._step, buffers)
        self._state.restore(before)
        buffers.fill(batch, TRIAL_PROGRESS, TRIAL_LR)
        replayed = {"losses": [self._compared(replay())], **self._state.copy()}
        if _same_effect(before, ordinary, replayed):
            return replay
        self._warn(batch, "it does something else than an ordinary step")
        return None

    def _warn(self, batch: Batch, problem: str) -> None:
        warnings.warn(
            f"A training step cannot be replayed as a CUDA graph on {batch.labels.device}: "
            f"{problem}. Each step is launched anew, with the same results, which is slower.",
            BCIDannWarning,
            stacklevel=2,
        )

    def _effect_of_ordinary_step(self, batch: Batch) -> tuple[TensorsByKind, bool]:
        """Return the tensors after a step, and whether it used a global random generator."""
        devices = [batch.labels.device] if batch.labels.is_cuda else []
        with torch.random.fork_rng(devices):
            generators = _generator_states(devices)
            losses = self._step(batch, TRIAL_PROGRESS, TRIAL_LR)
            draws_randomly = not all(map(torch.equal, generators, _generator_states(devices)))
        return {"losses": [self._compared(losses)], **self._state.copy()}, draws_randomly

    def _compared(self, values: Tensor) -> Tensor:
        return values[..., : self._n_summands]


def _generator_states(devices: Iterable[torch.device]) -> list[Tensor]:
    return [torch.get_rng_state(), *map(torch.cuda.get_rng_state, devices)]


def _same_effect(before: TensorsByKind, ordinary: TensorsByKind, replayed: TensorsByKind) -> bool:
    """Return whether two steps from the same state have the same effect."""
    return all(
        _close(kind, _flat(before.get(kind, [])), _flat(tensors), _flat(replayed[kind]))
        for kind, tensors in ordinary.items()
    )


def _close(kind: str, before: Tensor, expected: Tensor, value: Tensor) -> bool:
    if kind == "losses":  # one by one: the losses of one network may be far larger than others
        return torch.allclose(value, expected, rtol=TOLERANCE, atol=0.1 * TOLERANCE)
    if kind == "weights":
        return _near(value, expected, MOVE_TOLERANCE, expected - before)
    return _near(value, expected, TOLERANCE, expected)


def _near(value: Tensor, expected: Tensor, tolerance: float, scale: Tensor) -> bool:
    distance = torch.linalg.vector_norm(value - expected)
    return bool(distance <= tolerance * torch.linalg.vector_norm(scale))


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return all numbers of tensors, with 0 for those that are not finite."""
    if not tensors:
        return torch.empty(0)
    flat = torch.cat([tensor.detach().flatten().double() for tensor in tensors])
    return flat.nan_to_num(0.0, 0.0, 0.0)
