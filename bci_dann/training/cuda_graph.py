"""How a training step is recorded, on the devices that can repeat it from a recording."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from bci_dann.training.network_inputs import Batch
from bci_dann.training.training_data import Member

__all__ = ["Buffers", "GraphRecorder", "Recorder", "Step", "recorder_for"]

logger = logging.getLogger(__name__)

# A batch, the progress and the learning rate in; the summands of the loss of each network out.
Step = Callable[[Batch, float | Tensor, float | Tensor], Tensor]

# Steps before a recording, on its stream: libraries set themselves up in their first calls.
WARM_UP = 3

# Of recordings that failed: torch's allocator may go on asking a graph that it was filling.
_failed: list[torch.cuda.CUDAGraph] = []


class Buffers:
    """Where a recorded step finds its arguments.

    Parameters
    ----------
    batch : Batch
        Gives the shapes, and the first trials.

    Attributes
    ----------
    batch : Batch
        The trials.
    progress, lr : Tensor of float64, shape ()
        Share of the training that is done, and learning rate.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch.of(map(torch.clone, batch.tensors()))
        self.progress, self.lr = batch.labels.new_zeros(2, dtype=torch.float64).unbind()

    def fill(self, batch: Batch, progress: float, lr: float) -> None:
        """Take other arguments of the same shapes."""
        for buffer, value in zip(self.batch.tensors(), batch.tensors(), strict=True):
            buffer.copy_(value)
        self.progress.fill_(progress)
        self.lr.fill_(lr)


class Recorder(Protocol):
    """How a step is recorded."""

    def record(self, step: Step, buffers: Buffers) -> Callable[[], Tensor]:
        """Return what repeats the step on the buffers, whatever they hold by then.

        Parameters
        ----------
        step : callable
            A step of tensors; recording may take it any number of times.
        buffers : Buffers
            Its arguments.

        Returns
        -------
        callable
            Without arguments; returns the losses.
        """


class GraphRecorder:
    """Records the kernels of a step as a CUDA graph.

    Graphs of one recorder share their memory: they never run at once, and nothing that lives in
    it is read after another has run.

    Parameters
    ----------
    device : torch.device
        A CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def record(self, step: Step, buffers: Buffers) -> Callable[[], Tensor]:
        """Return what launches the step's graph, see :class:`Recorder`."""
        outside = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._stream):  # left even where a failing capture is not
            self._stream.wait_stream(outside)
            try:
                for _ in range(WARM_UP):
                    step(buffers.batch, buffers.progress, buffers.lr)
            finally:  # whoever restores the weights must not be overtaken
                outside.wait_stream(self._stream)
            graph, losses = self._captured(step, buffers)

        def replay() -> Tensor:
            graph.replay()
            return losses.clone()

        return replay

    def _captured(self, step: Step, buffers: Buffers) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                losses = step(buffers.batch, buffers.progress, buffers.lr)
        except RuntimeError:
            _failed.append(graph)
            raise
        return graph, losses


# By type of device; on others each step is taken anew.
RECORDERS: dict[str, Callable[[torch.device], Recorder]] = {"cuda": GraphRecorder}


def recorder_for(members: Sequence[Member], device: torch.device) -> Recorder | None:
    """Return how to record the training steps of some networks, where it is possible.

    Parameters
    ----------
    members : sequence of Member
        Trained in one set of tensors.
    device : torch.device
        Where.

    Returns
    -------
    Recorder or None
        None where the device repeats nothing, or where a step is not the same operations each
        time; the log then says why.
    """
    if device.type not in RECORDERS:
        return None
    reason = next(filter(None, map(_hindrance, members)), None)
    if reason is not None:
        logger.info("Training steps are not replayed from a recording: %s.", reason)
        return None
    return RECORDERS[device.type](device)


def _hindrance(member: Member) -> str | None:
    """Say what in a step depends on more than the shapes of its arguments, if anything."""
    if member.domain_batch_norm:
        return "source and target trials, whose numbers differ, are normalised apart"
    for name, term in member.objective.terms.items():
        if not getattr(term, "replayable", False):
            return f"the term {name!r} is not said to be `replayable`"
    layers = (layer for layer in member.network.modules() if isinstance(layer, _BatchNorm))
    if any(layer.momentum is None for layer in layers):
        return "a batch norm without momentum reads the number of batches back"
    return None
