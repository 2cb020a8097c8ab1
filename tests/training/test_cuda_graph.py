"""Which training steps may be captured, and the buffers that captured steps read."""

from __future__ import annotations

import logging

import pytest
import torch

from bci_dann.models import SPDNet
from bci_dann.objectives import Objective
from bci_dann.training import cuda_graph
from bci_dann.training.cuda_graph import StepBuffers, step_capture_for
from bci_dann.training.network_inputs import Batch

CPU = torch.device("cpu")


def batch(value: float, n: int = 4) -> Batch:
    numbers = torch.full((1, n), int(value))
    return Batch(
        torch.full((1, n, 2, 3), value),
        numbers,
        numbers + 1,
        torch.full((1, n), value),
        numbers > 5,
        torch.full((1, 2), int(value), dtype=torch.int32),
    )


def test_buffers_keep_their_addresses_when_they_are_filled():
    first, second = batch(1.0), batch(9.0)
    buffers = StepBuffers(first)
    addresses = [tensor.data_ptr() for tensor in buffers.batch.tensors()]
    assert all(map(torch.equal, buffers.batch.tensors(), first.tensors()))
    buffers.fill(second, 0.25, 1e-3)
    assert [tensor.data_ptr() for tensor in buffers.batch.tensors()] == addresses
    assert all(map(torch.equal, buffers.batch.tensors(), second.tensors()))
    assert (float(buffers.progress), float(buffers.lr)) == (0.25, 1e-3)


def test_filling_buffers_leaves_the_batch_of_the_capture_alone():
    first = batch(1.0)
    StepBuffers(first).fill(batch(9.0), 0.5, 1.0)
    assert torch.equal(first.inputs, torch.ones(1, 4, 2, 3))


def test_buffers_take_one_shape_only():
    with pytest.raises(RuntimeError, match="size"):
        StepBuffers(batch(1.0)).fill(batch(1.0, n=5), 0.5, 1.0)


@pytest.fixture
def captures(monkeypatch):
    """Return the devices for which a capture was made, in the place of a GPU's."""
    made = []
    monkeypatch.setitem(cuda_graph.CAPTURES, "cpu", lambda device: made.append(device) or "capture")
    return made


def test_networks_of_the_package_can_be_captured(draw_member, captures, caplog):
    members = [draw_member(seed, name) for seed, name in enumerate(("EEGNet", "MLP"))]
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        assert step_capture_for(members, CPU) == "capture"
    assert captures == [CPU]
    assert not caplog.records


def test_other_devices_have_no_graphs(draw_member):
    assert step_capture_for([draw_member()], CPU) is None
    assert step_capture_for([draw_member()], torch.device("mps")) is None


class Undeclared(torch.nn.Module):
    """A term of another package, which does not say what it does."""

    def forward(self, view):
        return view.features.mean()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"domain_batch_norm": True}, "normalised separately"),
        ({"objective": Objective({"mine": Undeclared()})}, "'mine' is not declared `replayable`"),
    ],
)
def test_one_member_that_cannot_be_captured_is_enough(
    draw_member, captures, caplog, change, reason
):
    members = [draw_member(0), draw_member(1, **change)]
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        assert step_capture_for(members, CPU) is None
    (record,) = caplog.records
    assert reason in record.getMessage()
    assert captures == []


def test_a_batch_norm_that_counts_its_batches_cannot_be_captured(draw_member, captures, caplog):
    member = draw_member()
    member.network.backbone.body.bnorm_1.momentum = None
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        assert step_capture_for([member], CPU) is None
    assert "batch norm without momentum" in caplog.text


def test_a_layer_that_waits_for_the_gpu_cannot_be_captured(draw_member, captures, caplog):
    member = draw_member()
    member.network.backbone.body = SPDNet(4)
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        assert step_capture_for([member], CPU) is None
    assert "a layer of SPDNet is declared not `replayable`" in caplog.text
    assert captures == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a CUDA device")
def test_a_failed_capture_is_kept_for_the_allocator(monkeypatch):
    monkeypatch.setattr(cuda_graph, "_failed_graphs", [])
    device = torch.device("cuda")
    on_device = batch(1.0).with_tensors(part.to(device) for part in batch(1.0).tensors())
    with pytest.raises(RuntimeError):
        cuda_graph.CudaGraphCapture(device).capture(
            lambda batch, progress, lr: batch.weights.sum().cpu(), StepBuffers(on_device)
        )
    assert len(cuda_graph._failed_graphs) == 1
