"""The fast EEGNet against braindecode's own layers."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from bci_dann._compat import braindecode_models
from bci_dann.models import Backbone, make_backbone
from bci_dann.models.fast import fused_layers
from bci_dann.training.batch_norm import recompute_batch_norm

Function = Callable[..., Any]

GRID = [
    # n_chans, n_times, further arguments
    (1, 101, {"kernel_length": 33}),
    (3, 128, {}),
    (5, 97, {"kernel_length": 64}),
    (15, 110, {"kernel_length": 31, "depthwise_kernel_length": 7}),
    (22, 130, {"kernel_length": 16, "F1": 4, "D": 3, "F2": 5}),
    (4, 120, {"kernel_length": 1, "depthwise_kernel_length": 1, "D": 1}),
    (4, 120, {"kernel_length": 2, "depthwise_kernel_length": 2, "F1": 1}),
    (6, 64, {"kernel_length": 64, "pool1_kernel_size": 3, "pool2_kernel_size": 5}),
    (6, 99, {"pool_mode": "max"}),
    (6, 99, {"activation": nn.Tanh, "kernel_length": 20}),
]


@pytest.fixture
def pair(perturbed: Function) -> Function:
    """A fast backbone away from its first weights, and braindecode's model with them."""

    def make(n_chans: int, n_times: int, **params: Any) -> tuple[Backbone, Backbone]:
        torch.manual_seed(0)
        fast = perturbed(make_backbone("EEGNet", n_chans, n_times, sfreq=128.0, **params))
        model = original(n_chans, n_times, **params)
        model.load_state_dict(fast.body.state_dict())
        return fast, Backbone(model, n_chans, n_times)

    return make


def original(n_chans: int, n_times: int, **params: Any) -> nn.Module:
    model: nn.Module = braindecode_models().EEGNet(
        n_chans=n_chans, n_times=n_times, n_outputs=2, final_layer_with_constraint=True, **params
    )
    model.final_layer = nn.Identity()
    return model


def test_make_backbone_uses_it() -> None:
    assert type(make_backbone("EEGNet", 3, 128).body).__name__ == "EEGNetBody"


def test_initial_weights_are_braindecodes() -> None:
    torch.manual_seed(5)
    ours = make_backbone("EEGNet", 3, 128).body.state_dict()
    torch.manual_seed(5)
    theirs = original(3, 128).state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=0.0, atol=0.0)


def test_state_dict_loads_both_ways(pair: Function) -> None:
    fast, slow = pair(3, 128)
    slow.load_state_dict(fast.state_dict())
    fast.load_state_dict(slow.state_dict())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("n_chans", "n_times", "params"), GRID)
def test_equals_braindecode(
    n_chans: int,
    n_times: int,
    params: dict[str, Any],
    training: bool,
    pair: Function,
    signals: Function,
    run: Function,
    assert_near: Function,
) -> None:
    fast, slow = (item.train(training) for item in pair(n_chans, n_times, **params))
    X = signals(n_chans, n_times)
    features, gradients = run(fast, X)
    wanted, wanted_gradients = run(slow.double(), X.double())  # its own rounding is not ours
    assert_near(features, wanted, float(wanted.norm()), 1e-5)
    assert gradients.keys() == wanted_gradients.keys()
    largest = max(float(item.norm()) for item in wanted_gradients.values())
    for name, gradient in wanted_gradients.items():
        # in training a later batch norm undoes what this layer does, up to its epsilon
        undone = training and ".bnorm_temporal." in name
        assert_near(gradients[name], gradient, largest if undone else float(gradient.norm()), 1e-5)
    for got, buffer in zip(fast.buffers(), slow.buffers(), strict=True):
        torch.testing.assert_close(got.double(), buffer.double(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("elu", ["a CPU's", "a GPU's"])
@pytest.mark.parametrize(("n_chans", "n_times", "params"), GRID)
def test_equals_braindecode_exactly_in_double_precision(
    n_chans: int,
    n_times: int,
    params: dict[str, Any],
    elu: str,
    pair: Function,
    signals: Function,
    run: Function,
    assert_near: Function,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fused_layers, "_has_fast_elu", lambda X: elu == "a GPU's")
    fast, slow = (item.double().train() for item in pair(n_chans, n_times, **params))
    X = signals(n_chans, n_times).double()
    features, gradients = run(fast, X)
    wanted, wanted_gradients = run(slow, X)
    torch.testing.assert_close(features, wanted, rtol=1e-10, atol=1e-11)
    largest = max(float(item.norm()) for item in wanted_gradients.values())
    for name, gradient in wanted_gradients.items():
        scale = largest if name.endswith("bnorm_temporal.bias") else float(gradient.norm())
        assert_near(gradients[name], gradient, scale, 1e-9)


def test_long_batches_are_cut_into_parts_without_a_trace(
    pair: Function,
    signals: Function,
    run: Function,
    assert_near: Function,
) -> None:
    fast, slow = pair(40, 200)
    X = signals(40, 200, n_trials=70)  # several parts, the last one short
    features, gradients = run(fast, X)
    wanted, wanted_gradients = run(slow, X)
    assert_near(features, wanted, float(wanted.norm()), 1e-5)
    name = "body.conv_temporal.weight"
    assert_near(gradients[name], wanted_gradients[name], float(wanted_gradients[name].norm()), 1e-5)


def test_fifty_steps_stay_together(pair: Function, signals: Function, losses: Function) -> None:
    X = signals(5, 128, n_trials=48)
    ours, theirs = (losses(backbone, X, torch.optim.AdamW) for backbone in pair(5, 128))
    assert ours[-1] < ours[0]
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_settled_statistics_agree(pair: Function, signals: Function) -> None:
    batches = signals(5, 128, n_trials=40).split(16)
    fast, slow = pair(5, 128)
    for backbone in (fast, slow):
        recompute_batch_norm(backbone, batches)
    for got, buffer in zip(fast.buffers(), slow.buffers(), strict=True):
        torch.testing.assert_close(got, buffer, rtol=1e-5, atol=1e-6)


def test_layers_in_evaluation_mode_keep_their_statistics(pair: Function, signals: Function) -> None:
    fast, _ = pair(3, 128)
    before = copy.deepcopy(list(fast.buffers()))
    fast.eval()(signals(3, 128))
    for buffer, old in zip(fast.buffers(), before, strict=True):
        torch.testing.assert_close(buffer, old, rtol=0.0, atol=0.0)


def test_without_running_statistics(
    pair: Function, signals: Function, assert_near: Function
) -> None:
    pairs = pair(3, 128)
    X = signals(3, 128)
    for backbone in pairs:
        norm = backbone.body.bnorm_temporal
        norm.running_mean = norm.running_var = norm.num_batches_tracked = None
    fast, slow = (backbone.eval()(X) for backbone in pairs)
    assert_near(fast, slow, float(slow.detach().norm()), 1e-5)


def test_gradients_of_the_signals_by_braindecodes_layers(
    caplog: pytest.LogCaptureFixture, pair: Function, signals: Function
) -> None:
    fast, slow = (backbone.eval() for backbone in pair(3, 128))
    gradients = []
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        for backbone in (fast, slow, fast):
            X = signals(3, 128).requires_grad_()
            backbone(X).sum().backward()
            gradients.append(X.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0.0, atol=0.0)
    (record,) = caplog.records  # once, not at every call
    assert "gradients with respect to the signals" in record.getMessage()


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        (torch.ones(2, 3, 40), "longer than the trials"),
        (torch.ones(2, 3, 128, 1), "input of shape"),
    ],
)
def test_inputs_that_are_not_covered(
    X: torch.Tensor, reason: str, caplog: pytest.LogCaptureFixture, pair: Function
) -> None:
    fast, slow = (backbone.eval() for backbone in pair(3, 128))
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        torch.testing.assert_close(fast(X), slow(X), rtol=0.0, atol=0.0)
    assert reason in caplog.text


def test_mixed_precision_runs_braindecodes_layers(
    caplog: pytest.LogCaptureFixture, pair: Function, signals: Function
) -> None:
    fast, _ = pair(3, 128)
    with (
        caplog.at_level(logging.INFO, logger="bci_dann"),
        torch.autocast("cpu", dtype=torch.bfloat16),
    ):
        fast(signals(3, 128))
    assert "mixed precision" in caplog.text


def test_it_can_be_copied_and_switched_off(
    pair: Function, signals: Function, assert_near: Function
) -> None:
    fast, _ = pair(3, 128)
    slow = copy.deepcopy(fast.eval())
    slow.body.fast = False
    X = signals(3, 128)
    wanted = slow(X).detach()
    assert_near(fast(X), wanted, float(wanted.norm()), 1e-5)
