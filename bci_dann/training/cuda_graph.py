"""Capture of a training step as a CUDA graph, with arguments in fixed buffers.

This module decides which steps can be captured, and captures them;
:mod:`bci_dann.training.graph_replay` checks and replays them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from bci_dann.training.batch_norm import batch_norm_layers
from bci_dann.training.network_inputs import Batch
from bci_dann.training.training_data import Member

__all__ = ["CudaGraphCapture", "Step", "StepBuffers", "StepCapture", "step_capture_for"]

logger = logging.getLogger(__name__)

# Maps a batch, the progress and the learning rate to the summands of the loss of each network.
Step = Callable[[Batch, float | Tensor, float | Tensor], Tensor]

# Warm-up steps before the capture, since libraries initialise in their first calls; as in torch's
# documentation ("CUDA semantics", section "CUDA Graphs").
WARM_UP = 3

# Graphs whose capture failed. They must live as long as the process, because torch's caching
# allocator, which is process-wide, may still ask such a graph whether it is being captured. A
# training run adds at most one, and then continues without graphs.
_failed_graphs: list[torch.cuda.CUDAGraph] = []


class StepBuffers:
    """Tensors at fixed addresses that hold the arguments of a captured step.

    Parameters
    ----------
    batch : Batch
        Defines the shapes, and the initial values.

    Attributes
    ----------
    batch : Batch
        The trials.
    progress, lr : Tensor of float64, shape ()
        Completed share of the training, and learning rate.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch.with_tensors(map(torch.clone, batch.tensors()))
        self.progress, self.lr = batch.labels.new_zeros(2, dtype=torch.float64).unbind()

    def fill(self, batch: Batch, progress: float, lr: float) -> None:
        """Copy new arguments into the buffers.

        Parameters
        ----------
        batch : Batch
            Trials, with the shapes of the buffers.
        progress : float
            Completed share of the training.
        lr : float
            Learning rate.
        """
        for buffer, value in zip(self.batch.tensors(), batch.tensors(), strict=True):
            buffer.copy_(value)
        self.progress.fill_(progress)
        self.lr.fill_(lr)


class StepCapture(Protocol):
    """Interface for capturing a training step, to be replayed on fixed buffers."""

    def capture(self, step: Step, buffers: StepBuffers) -> Callable[[], Tensor]:
        """Return a function that replays the step on the current content of the buffers.

        Parameters
        ----------
        step : callable
            A step on tensors; it may be called any number of times.
        buffers : StepBuffers
            The arguments of the step.

        Returns
        -------
        callable
            Without arguments; returns the losses.
        """


class CudaGraphCapture:
    """Captures the kernels of a step as a CUDA graph.

    The graphs of one object share memory: they never run concurrently, and results are copied
    before another graph runs.

    Parameters
    ----------
    device : torch.device
        A CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def capture(self, step: Step, buffers: StepBuffers) -> Callable[[], Tensor]:
        """Return a function that launches the step's graph.

        Parameters
        ----------
        step : callable
            A step on tensors; it is called a few times before it is captured.
        buffers : StepBuffers
            The arguments of the step.

        Returns
        -------
        callable
            Without arguments; returns the losses.

        Raises
        ------
        RuntimeError
            When the step does something that a CUDA graph cannot contain.
        """
        outside = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):  # is left even if the capture fails
            self._stream.wait_stream(outside)
            try:
                for _ in range(WARM_UP):
                    step(buffers.batch, buffers.progress, buffers.lr)
            finally:  # weights are restored only after these steps
                outside.wait_stream(self._stream)
            graph, losses = self._captured(step, buffers)
        return partial(_replayed, graph, losses)

    def _captured(self, step: Step, buffers: StepBuffers) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                losses = step(buffers.batch, buffers.progress, buffers.lr)
        except RuntimeError:
            _failed_graphs.append(graph)
            raise
        return graph, losses


def _replayed(graph: torch.cuda.CUDAGraph, losses: Tensor) -> Tensor:
    graph.replay()
    return losses.clone()


# Captures by type of device; on other devices each step is computed operation by operation.
CAPTURES: dict[str, Callable[[torch.device], StepCapture]] = {"cuda": CudaGraphCapture}


def step_capture_for(members: Sequence[Member], device: torch.device) -> StepCapture | None:
    """Return an object that captures the training steps of networks, where that is possible.

    Parameters
    ----------
    members : sequence of Member
        Networks that are trained as one stack.
    device : torch.device
        Where they are trained.

    Returns
    -------
    StepCapture or None
        None where the device has no graphs, or where the operations of a step may vary; the log
        then gives the reason.
    """
    if device.type not in CAPTURES:
        return None
    reason = next(filter(None, map(_reason_against_capture, members)), None)
    if reason is not None:
        logger.info("Training steps are not replayed as a CUDA graph: %s.", reason)
        return None
    return CAPTURES[device.type](device)


def _reason_against_capture(member: Member) -> str | None:
    """Return why operations of a step do not depend on shapes alone; None if they do."""
    if member.domain_batch_norm:
        return "source and target trials, whose numbers differ, are normalised separately"
    for name, term in member.objective.terms.items():
        if not getattr(term, "replayable", False):
            return f"the term {name!r} is not declared `replayable`"
    for layer in member.network.modules():
        if not getattr(layer, "replayable", True):
            return f"a layer of {type(layer).__name__} is declared not `replayable`"
    if any(layer.momentum is None for layer in batch_norm_layers(member.network)):
        return "a batch norm without momentum reads the number of batches back"
    return None
