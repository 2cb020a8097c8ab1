"""Batch norm, ELU and mean pooling in one function against torch's three layers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from bci_dann.models.fast import fused_layers
from bci_dann.models.fast.fused_layers import (
    mean_pool,
    norm_elu_mean,
    pool_width,
    update_running_statistics,
)


@pytest.fixture(params=["a CPU's ELU", "a GPU's ELU"])
def elu(request, monkeypatch):
    monkeypatch.setattr(fused_layers, "_has_fast_elu", lambda X: request.param == "a GPU's ELU")


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def norm_of(n_rows: int, **params) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(n_rows, **params).double()
    if norm.weight is not None:
        with torch.no_grad():
            norm.weight.copy_(1 + 0.5 * draw(n_rows, seed=7))
            norm.bias.copy_(draw(n_rows, seed=8))
    return norm


def layer_by_layer(X, shift, norm, width):
    activated = nn.functional.elu(norm((X + shift[:, None]).unsqueeze(2)))
    return nn.functional.avg_pool2d(activated, (1, width)).squeeze(2)


@pytest.mark.parametrize("params", [{}, {"affine": False}, {"eps": 0.3, "momentum": 0.01}])
@pytest.mark.parametrize("width", [1, 3, 4])
def test_values_gradients_and_statistics_are_those_of_the_layers(elu, width, params):
    X, shift = 2 * draw(5, 3, 22) + 1, draw(3, seed=1)
    results = []
    for function in (norm_elu_mean, layer_by_layer):
        norm, leaf = norm_of(3, **params), X.clone().requires_grad_()
        pooled = function(leaf, shift, norm, width)
        (pooled * draw(*pooled.shape, seed=2)).sum().backward()
        gradients = [weight.grad for weight in norm.parameters()]
        results.append([pooled, leaf.grad, *gradients, *norm.buffers()])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-11)


def test_gradients_are_those_of_finite_differences(elu):
    X, norm = draw(3, 2, 9).requires_grad_(), norm_of(2)
    shift = torch.zeros(2).double()
    assert torch.autograd.gradcheck(lambda X: norm_elu_mean(X, shift, norm, 2), X)


def test_a_shift_moves_the_running_mean_and_nothing_else():
    X, results = draw(4, 2, 12), []
    for shift in (torch.zeros(2), torch.tensor([3.0, -1.0])):
        norm = norm_of(2, momentum=1.0)
        leaf = shift.double().requires_grad_()
        pooled = norm_elu_mean(X, leaf, norm, 4)
        pooled.sum().backward()
        assert not leaf.grad.any()
        results.append((pooled, norm.running_mean - shift, norm.running_var))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def test_a_stack_equals_its_networks_one_by_one():
    X, shift = draw(3, 4, 2, 12), draw(3, 2, seed=1)
    weights, biases = draw(3, 2, seed=2), draw(3, 2, seed=3)
    norm = norm_of(2, track_running_stats=False)

    def compute(X, shift, weight, bias):
        state = {"weight": weight, "bias": bias}
        template = copy.deepcopy(norm)
        template.weight, template.bias = None, None
        template._parameters.update(state)
        return norm_elu_mean(X, shift, template, 4)

    stacked = torch.vmap(compute)(X, shift, weights, biases)
    for i in range(3):
        alone = compute(X[i], shift[i], weights[i], biases[i])
        torch.testing.assert_close(stacked[i], alone)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 6, 8, 12])
@pytest.mark.parametrize("n_times", [12, 17, 24])
def test_means_are_those_of_torchs_pooling(width, n_times):
    X = draw(2, 3, n_times)
    torch.testing.assert_close(mean_pool(X, width), nn.functional.avg_pool1d(X, width))


@pytest.mark.parametrize(
    ("pool", "width"),
    [
        (nn.AvgPool2d((1, 4)), 4),
        (nn.AvgPool2d((1, 4), (1, 4)), 4),
        (nn.AvgPool2d((1, 4), (1, 2)), None),
        (nn.AvgPool2d((2, 4)), None),
        (nn.AvgPool2d(4), None),
        (nn.AvgPool2d((1, 4), padding=(0, 1)), None),
        (nn.AvgPool2d((1, 4), ceil_mode=True), None),
        (nn.MaxPool2d((1, 4)), None),
    ],
)
def test_only_plain_means_over_neighbours_have_a_width(pool, width):
    assert pool_width(pool) == width


@pytest.mark.parametrize("momentum", [0.1, 1.0, None])
def test_running_statistics_move_as_in_torch(momentum):
    ours, theirs = (nn.BatchNorm2d(2, momentum=momentum).double() for _ in range(2))
    for seed in range(3):
        X = draw(4, 2, 1, 5, seed=seed)
        theirs(X)
        flat = X.transpose(0, 1).flatten(1)
        update_running_statistics(ours, flat.mean(1), flat.var(1, correction=0), flat.shape[1])
    for a, b in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(a, b)


def test_running_statistics_stay_in_evaluation_mode_and_where_there_are_none():
    norm = nn.BatchNorm2d(2).eval()
    update_running_statistics(norm, torch.ones(2), torch.ones(2), 10)
    assert norm.running_mean.tolist() == [0, 0]
    assert int(norm.num_batches_tracked) == 0
    without = nn.BatchNorm2d(2, track_running_stats=False)
    update_running_statistics(without, torch.ones(2), torch.ones(2), 10)
    assert without.running_mean is None
