"""The fast ShallowFBCSPNet against braindecode's own layers."""

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
from bci_dann.models.fast.block_sums import block_sums
from bci_dann.models.fast.shallow_fbcsp import ShallowFBCSPNetBody
from bci_dann.training.batch_norm import recompute_batch_norm

Function = Callable[..., Any]

GRID = [
    # n_chans, n_times, further arguments
    (2, 99, {}),  # one window
    (3, 131, {}),
    (5, 128, {"filter_time_length": 24, "batch_norm_alpha": 0.3}),
    (15, 120, {"filter_time_length": 31, "n_filters_time": 10, "n_filters_spat": 6}),
    (22, 160, {"n_filters_time": 30}),
    (64, 110, {}),
    (4, 120, {"filter_time_length": 1}),
    (4, 150, {"filter_time_length": 64, "pool_time_length": 60}),
    (6, 61, {"filter_time_length": 2, "pool_time_length": 7, "pool_time_stride": 7}),
    (6, 40, {"pool_time_length": 8, "pool_time_stride": 1}),
    (6, 90, {"pool_time_length": 60, "pool_time_stride": 60, "drop_prob": 0.0}),
    (6, 130, {"activation_pool_nonlin": nn.Tanh}),
]

NOT_COVERED = [
    # further arguments, what the log says
    ({"pool_mode": "max"}, "pooling by MaxPool2d"),
    ({"pool_time_length": 70}, "pooling by AvgPool2d"),
    ({"conv_nonlin": nn.ELU}, "ELU"),
    ({"conv_nonlin": torch.square}, "Expression"),
    ({"batch_norm": False}, "no batch norm"),
]


@pytest.fixture
def pair(perturbed: Function) -> Function:
    """A fast backbone away from its first weights, and braindecode's model with them."""

    def make(n_chans: int, n_times: int, **params: Any) -> tuple[Backbone, Backbone]:
        torch.manual_seed(0)
        fast = perturbed(make_backbone("ShallowFBCSPNet", n_chans, n_times, **params))
        model = original(n_chans, n_times, **params)
        model.load_state_dict(fast.body.state_dict())
        return fast, Backbone(model, n_chans, n_times)

    return make


def original(n_chans: int, n_times: int, **params: Any) -> nn.Module:
    model: nn.Module = braindecode_models().ShallowFBCSPNet(
        n_chans=n_chans, n_times=n_times, n_outputs=2, **params
    )
    model.final_layer = nn.Identity()
    return model


def test_initial_weights_and_keys_are_braindecodes() -> None:
    torch.manual_seed(5)
    body = make_backbone("ShallowFBCSPNet", 3, 128).body
    torch.manual_seed(5)
    theirs = original(3, 128).state_dict()
    assert isinstance(body, ShallowFBCSPNetBody)
    assert list(body.state_dict()) == list(theirs)
    for name, value in body.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=0.0, atol=0.0)
    body.load_state_dict(theirs)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=str
)
@pytest.mark.parametrize(("n_chans", "n_times", "params"), GRID)
def test_equals_braindecode(
    n_chans: int,
    n_times: int,
    params: dict[str, Any],
    dtype: torch.dtype,
    tolerance: float,
    training: bool,
    pair: Function,
    signals: Function,
    run: Function,
    assert_near: Function,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="bci_dann")
    fast, slow = (item.train(training) for item in pair(n_chans, n_times, **params))
    X = signals(n_chans, n_times)
    features, gradients = run(fast.to(dtype), X.to(dtype))
    # its own rounding is not ours; and from 14 to 19 electrodes torch's float32 gradients of the
    # convolution are wrong on CPUs with AVX-512 (oneDNN 3.12)
    wanted, wanted_gradients = run(slow.double(), X.double())
    assert features.shape == wanted.shape
    assert_near(features, wanted, float(wanted.norm()), tolerance)
    assert gradients.keys() == wanted_gradients.keys()
    largest = max(float(item.norm()) for item in wanted_gradients.values())
    for name, gradient in wanted_gradients.items():
        # in training batch norm undoes what the bias of the convolution does
        undone = training and name.endswith("conv_time.bias")
        scale = largest if undone else float(gradient.norm())
        assert_near(gradients[name], gradient, scale, tolerance)
    for got, buffer in zip(fast.buffers(), slow.buffers(), strict=True):
        assert_near(got.double(), buffer.double(), float(buffer.double().norm()), tolerance)
    assert not caplog.records  # that is, none by braindecode's layers


def test_offsets_of_the_electrodes_cost_no_digits(
    pair: Function, signals: Function, run: Function, assert_near: Function
) -> None:
    X = signals(5, 128) + 200.0 * torch.arange(5)[:, None]
    for training in (True, False):
        fast, slow = (item.train(training) for item in pair(5, 128))
        features, gradients = run(fast, X)
        wanted, wanted_gradients = run(slow.double(), X.double())
        assert_near(features, wanted, float(wanted.norm()), 1e-4)
        name = "body.conv_time_spat.conv_spat.weight"
        scale = float(wanted_gradients[name].norm())
        assert_near(gradients[name], wanted_gradients[name], scale, 1e-4)


def test_long_batches_are_cut_into_parts_without_a_trace(
    pair: Function, signals: Function, run: Function, assert_near: Function
) -> None:
    fast, slow = pair(8, 300)
    X = signals(8, 300, n_trials=70)  # several parts, the last one short
    features, gradients = run(fast, X)
    wanted, wanted_gradients = run(slow.double(), X.double())
    assert_near(features, wanted, float(wanted.norm()), 1e-5)
    name = "body.conv_time_spat.conv_time.weight"
    assert_near(gradients[name], wanted_gradients[name], float(wanted_gradients[name].norm()), 1e-5)


def test_block_sums_allow_a_second_backward_pass(signals: Function) -> None:
    X, centre = signals(3, 50).double(), torch.zeros(3, dtype=torch.float64)
    kernels = torch.randn(2, 3, 7, dtype=torch.float64, requires_grad=True)
    total = block_sums(X, centre, kernels, 4).square().sum()
    total.backward(retain_graph=True)
    first = kernels.grad.clone()
    total.backward()
    torch.testing.assert_close(kernels.grad, 2.0 * first)
    assert torch.autograd.gradcheck(
        lambda kernels: block_sums(X[:2], centre, kernels, 4), kernels, fast_mode=True
    )


def test_a_broken_trial_spoils_no_other(pair: Function, signals: Function) -> None:
    fast, slow = (item.eval() for item in pair(5, 128))
    X = signals(5, 128)
    X[3, 2, 50] = torch.nan
    got, wanted = fast(X), slow(X)
    assert got[3].isnan().any()
    others = torch.arange(len(X)) != 3
    torch.testing.assert_close(got[others], wanted[others], rtol=1e-4, atol=1e-5)


def test_fifty_steps_stay_together(pair: Function, signals: Function, losses: Function) -> None:
    X = signals(5, 128, n_trials=48)
    ours, theirs = (losses(backbone, X, torch.optim.Adam) for backbone in pair(5, 128))
    assert ours[-1] < ours[0]
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_settled_statistics_agree(pair: Function, signals: Function) -> None:
    batches = signals(5, 128, n_trials=40).split(16)
    fast, slow = pair(5, 128)
    for backbone in (fast, slow):
        recompute_batch_norm(backbone, batches)
    for got, buffer in zip(fast.buffers(), slow.buffers(), strict=True):
        torch.testing.assert_close(got, buffer, rtol=1e-5, atol=1e-6)


def test_gradients_after_a_prediction_in_inference_mode(pair: Function, signals: Function) -> None:
    fast, _ = pair(3, 133)
    with torch.inference_mode():
        fast.eval()(signals(3, 133))
    fast.train()(signals(3, 133)).sum().backward()


@pytest.mark.parametrize(("params", "reason"), NOT_COVERED)
def test_models_that_are_not_covered(
    params: dict[str, Any],
    reason: str,
    pair: Function,
    signals: Function,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        fast, slow = (backbone.eval() for backbone in pair(3, 128, **params))
        X = signals(3, 128)
        torch.testing.assert_close(fast(X), slow(X), rtol=0.0, atol=0.0)
    (record,) = caplog.records  # once, not at every call
    assert record.getMessage().startswith("ShallowFBCSPNet runs braindecode's own layers")
    assert reason in record.getMessage()


@pytest.mark.parametrize(
    ("shape", "dtype", "reason"),
    [
        ((2, 3, 128, 1), torch.float32, "input of shape"),
        ((2, 3, 128), torch.bfloat16, "type torch.bfloat16"),
    ],
)
def test_inputs_that_are_not_covered(
    shape: tuple[int, ...],
    dtype: torch.dtype,
    reason: str,
    pair: Function,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fast, slow = (backbone.eval().to(dtype) for backbone in pair(3, 128))
    X = torch.ones(shape, dtype=dtype)
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        torch.testing.assert_close(fast(X), slow(X), rtol=0.0, atol=0.0)
    assert reason in caplog.text


def test_trials_that_are_too_short_fail_as_they_do_in_braindecode(pair: Function) -> None:
    for backbone in pair(3, 128):
        for n_times in (20, 98):  # shorter than a kernel, and than a kernel and a window
            with pytest.raises(RuntimeError, match="size"):
                backbone(torch.ones(2, 3, n_times))


def test_gradients_of_the_signals_by_braindecodes_layers(
    pair: Function, signals: Function, caplog: pytest.LogCaptureFixture
) -> None:
    gradients = []
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        for backbone in pair(3, 128):
            X = signals(3, 128).requires_grad_()
            backbone.eval()(X).sum().backward()
            gradients.append(X.grad)
    torch.testing.assert_close(gradients[0], gradients[1], rtol=0.0, atol=0.0)
    assert "gradients with respect to the signals" in caplog.text


def test_mixed_precision_and_compilation_run_braindecodes_layers(
    pair: Function,
    signals: Function,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast, _ = pair(3, 128)
    with caplog.at_level(logging.INFO, logger="bci_dann"):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            fast(signals(3, 128))
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
        fast(signals(3, 128))
    assert "mixed precision" in caplog.text
    assert "asked for layer by layer" in caplog.text


def test_it_can_be_copied_and_switched_off(pair: Function, signals: Function) -> None:
    fast, _ = pair(3, 128)
    slow = copy.deepcopy(fast.eval())
    slow.body.fast = False
    X = signals(3, 128)
    torch.testing.assert_close(fast(X), slow(X), rtol=1e-5, atol=1e-5)
