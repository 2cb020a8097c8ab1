"""Backbones of one's own: what is accepted, and what the error says of what is not."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import nn

from bci_dann.exceptions import ConfigError
from bci_dann.models import Backbone, build_backbone, check_backbone, keyed_layers
from bci_dann.models.fast.keyed_dropout import KeyedDropout


class LogPower(nn.Module):
    """A plain module: spatial filters, dropout, and the logarithm of their power."""

    def __init__(self, n_chans, n_times, sfreq, n_filters=4, p=0.2):
        super().__init__()
        self.arguments = n_chans, n_times, sfreq
        self.mixing, self.drop = nn.Conv1d(n_chans, n_filters, 1), nn.Dropout(p)

    def forward(self, X):
        return self.drop(self.mixing(X).square().mean(2).log())


def log_power(n_chans, n_times, sfreq, **params):
    return LogPower(n_chans, n_times, sfreq, **params)


def build(spec, params=None, **changes):
    return build_backbone(spec, params, **{"n_chans": 3, "n_times": 50, "sfreq": 64.0, **changes})


def module_of(forward):
    """Return a class that meets the contract but for its ``forward``."""

    class Model(nn.Module):
        def __init__(self, n_chans, n_times, sfreq):
            super().__init__()
            self.linear = nn.Linear(n_times, 2)

        def forward(self, X):
            return forward(self, X)

    return Model


@pytest.mark.parametrize(
    "spec", [LogPower, log_power, functools.partial(LogPower), LogPower(3, 50, 64.0)]
)
def test_a_class_a_function_or_a_module_serves(spec):
    backbone = build(spec)
    X = torch.randn(5, 3, 50)
    assert isinstance(backbone, Backbone)
    assert backbone.n_features == 4
    assert backbone(X).shape == (5, 4)
    assert backbone.body.arguments == (3, 50, 64.0)
    assert backbone.training
    backbone(X).sum().backward()
    assert all(weight.grad is not None for weight in backbone.parameters())


def test_parameters_reach_a_class_and_a_function():
    for spec in (LogPower, log_power):
        assert build(spec, {"n_filters": 7}).n_features == 7


def test_the_sampling_frequency_may_be_unknown():
    assert build(LogPower, sfreq=None).body.arguments == (3, 50, None)


def test_further_axes_are_flattened():
    assert build(module_of(lambda self, X: self.linear(X))).n_features == 3 * 2


def test_dropout_is_keyed_so_that_stacks_drop_what_networks_drop_alone():
    assert [layer.p for layer in keyed_layers(build(LogPower, {"p": 0.4}))] == [0.4]


def test_a_module_is_copied_with_its_weights_and_left_alone():
    module = LogPower(3, 50, 64.0).eval()
    first, second = build(module), build(module)
    for backbone in (first, second):
        assert backbone.body is not module
        assert torch.equal(backbone.body.mixing.weight, module.mixing.weight)
        assert backbone.body.mixing.weight is not module.mixing.weight
    assert not module.training
    assert not isinstance(module.drop, KeyedDropout)


def test_a_class_is_drawn_anew_each_time():
    first, second = build(LogPower), build(LogPower)
    assert not torch.equal(first.body.mixing.weight, second.body.mixing.weight)


def test_trying_it_leaves_no_trace_in_its_statistics():
    class Normed(LogPower):
        def __init__(self, n_chans, n_times, sfreq):
            super().__init__(n_chans, n_times, sfreq)
            self.mixing = nn.Sequential(self.mixing, nn.BatchNorm1d(4))

    norm = build(Normed).body.mixing[1]
    assert int(norm.num_batches_tracked) == 0
    assert torch.equal(norm.running_var, torch.ones(4))


def test_sizes_may_be_left_to_the_first_trials():
    class Lazy(nn.Module):
        def __init__(self, **_):
            super().__init__()
            self.linear = nn.LazyLinear(6)

        def forward(self, X):
            return self.linear(X.flatten(1))

    backbone = build(Lazy)
    assert backbone.n_features == 6
    assert backbone.body.linear.weight.shape == (6, 150)


def test_a_factory_may_return_a_backbone_of_the_package():
    def factory(n_chans, n_times, sfreq):
        return build_backbone("EEGNet", n_chans=n_chans, n_times=n_times, sfreq=sfreq)

    backbone = build(factory, n_times=200)
    assert type(backbone.body).__name__ == "EEGNetBody"  # and not a backbone in a backbone


def test_a_module_named_prepare_is_not_taken_for_a_preparation():
    class Prepares(LogPower):
        def prepare(self, X):
            raise AssertionError("not part of the contract")

    X = torch.randn(2, 3, 50)
    assert build(Prepares).prepare(X) is X


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda self, X: X.mean((1, 2)), r"of 4 trials; got an output of shape \(4,\)"),
        (lambda self, X: X.mean(), r"got an output of shape \(\)"),
        (lambda self, X: self.linear(X).transpose(0, 1), r"got an output of shape \(3, 4, 2\)"),
        (lambda self, X: self.linear(X)[:2], r"got an output of shape \(2, 3, 2\)"),
        (lambda self, X: X[:, :0], r"got an output of shape \(4, 0, 50\)"),
        (lambda self, X: (X, X), "got tuple"),
        (lambda self, X: self.linear(X).detach().numpy(), "got ndarray"),
        (lambda self, X: self.linear(X).double(), "got torch.float64"),
        (lambda self, X: X.sum(2).argsort(), "got torch.int64"),
        (lambda self, X: X.mean(2).log(), "got values that are not finite"),
        (lambda self, X: self.linear(X[..., 1:]), r"fails on trials of shape \(4, 3, 50\): .*mat1"),
    ],
)
def test_wrong_output_is_named_with_what_was_expected(forward, message):
    model = module_of(forward)
    with pytest.raises(ConfigError, match=r"^backbone .*Model: expected .*" + message):
        build(model)


@pytest.mark.parametrize(
    "forward",
    [
        lambda self, X: self.linear(X.square_()),
        lambda self, X: self.linear(nn.functional.relu(X, inplace=True)),
        lambda self, X: self.linear(X.transpose(1, 2).neg_().transpose(1, 2)),
    ],
)
def test_a_module_that_changes_its_input_is_refused(forward):
    with pytest.raises(ConfigError, match="leaves its input unchanged; it changes trials in place"):
        build(module_of(forward))


def test_a_constructor_that_does_not_take_the_shapes_says_which():
    class NoSamplingRate(nn.Module):
        def __init__(self, n_chans, n_samples):
            super().__init__()

    message = "backbone .*NoSamplingRate: expected .* it does not take n_times, sfreq"
    for check in (build, check_backbone):
        with pytest.raises(ConfigError, match=message):
            check(NoSamplingRate)


def test_an_unknown_parameter_is_told_with_the_nearest_one():
    for check in (build, check_backbone):
        with pytest.raises(ConfigError, match="Did you mean 'n_filters'"):
            check(LogPower, {"n_filter": 3})
    with pytest.raises(ConfigError, match="each parameter of LogPower"):
        check_backbone(LogPower, {"n_chans": 3})  # which follows from the trials


def test_an_error_of_the_constructor_is_passed_on_with_its_arguments():
    with pytest.raises(ConfigError, match=r"LogPower cannot be built with .*'n_filters': -1") as e:
        build(LogPower, {"n_filters": -1})
    assert e.value.__cause__ is not None


def test_what_a_function_returns_must_be_a_module():
    with pytest.raises(ConfigError, match=r"expected a torch.nn.Module .* got function"):
        build(lambda **_: lambda X: X)


@pytest.mark.parametrize("spec", [3, ["EEGNet"], None])
def test_what_cannot_be_called_is_no_backbone(spec):
    for check in (build, check_backbone):
        with pytest.raises(ConfigError, match="backbone: expected a built-in name, a class"):
            check(spec)


def test_a_module_takes_no_parameters():
    module = LogPower(3, 50, 64.0)
    check_backbone(module)
    for check in (build, check_backbone):
        with pytest.raises(ConfigError, match=r"takes no parameters; got \['n_filters'\]"):
            check(module, {"n_filters": 3})


def test_a_module_for_other_trials_fails_before_training():
    with pytest.raises(ConfigError, match=r"fails on trials of shape \(3, 4, 50\)"):
        build(LogPower(3, 50, 64.0), n_chans=4)


def test_a_module_that_cannot_be_copied_says_so():
    module = LogPower(3, 50, 64.0)
    module.cached = module.mixing(torch.randn(1, 3, 50))  # not a leaf of the graph
    with pytest.raises(ConfigError, match=r"copy.deepcopy fails: .* Give its class"):
        build(module)
