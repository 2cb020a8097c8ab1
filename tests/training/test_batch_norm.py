from __future__ import annotations

import pytest
import torch
from torch import nn

from bci_dann.training import has_batch_norm, recompute_batch_norm
from bci_dann.training.batch_norm import batch_norm_layers


@pytest.fixture
def batches():
    X = 3 + 2 * torch.randn(256, 4, 1, generator=torch.Generator().manual_seed(0))
    return X.split(64)


def network(**params) -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4, **params), nn.Dropout(0.5))


def test_statistics_are_those_of_all_trials(batches):
    net = network(momentum=0.01)
    recompute_batch_norm(net, batches)
    flat = torch.cat(batches).flatten(1)
    torch.testing.assert_close(net[1].running_mean, flat.mean(0), rtol=1e-5, atol=1e-5)
    within = torch.stack([batch.flatten(1).var(0) for batch in batches]).mean(0)
    torch.testing.assert_close(net[1].running_var, within, rtol=1e-5, atol=1e-5)
    assert net[1].momentum == 0.01
    assert not net.training


def test_earlier_statistics_are_forgotten(batches):
    net = network()
    net[1].running_mean.fill_(100.0)
    net[1].running_var.fill_(1e6)
    recompute_batch_norm(net, batches)
    other = network()
    recompute_batch_norm(other, batches)
    torch.testing.assert_close(net.state_dict(), other.state_dict())


def test_a_second_layer_sees_what_the_first_makes_of_the_batch(batches):
    """In training mode, as it will when the network is trained further; and without dropout."""
    net = nn.Sequential(network(), nn.BatchNorm1d(4))
    recompute_batch_norm(net, batches)
    expected = torch.stack([nn.BatchNorm1d(4)(batch[..., 0]).var(0) for batch in batches]).mean(0)
    torch.testing.assert_close(net[1].running_var, expected.detach(), rtol=1e-5, atol=1e-5)


def test_weights_get_no_gradient_and_do_not_change(batches):
    net = network()
    weight = net[1].weight.detach().clone()
    recompute_batch_norm(net, batches)
    assert torch.equal(net[1].weight, weight)
    assert net[1].weight.grad is None


def test_without_batch_norm_no_batch_is_computed():
    def fail():
        raise AssertionError("a batch was taken")
        yield

    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    recompute_batch_norm(net, fail())
    assert not net.training
    assert not has_batch_norm(net)


def test_another_function_may_compute_the_batches(batches):
    net, seen = network(), []
    recompute_batch_norm(net, batches, lambda batch: seen.append(len(batch)) or net(batch))
    assert seen == [64] * 4


def test_layers_without_statistics_of_their_own_are_left_so(batches):
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4, track_running_stats=False))
    recompute_batch_norm(net, batches)
    assert net[1].running_mean is None
    assert not net[1].training


def test_only_batch_norms_count():
    net = nn.Sequential(nn.LayerNorm(3), nn.InstanceNorm1d(3), nn.BatchNorm2d(3), nn.BatchNorm1d(3))
    assert batch_norm_layers(net) == [net[2], net[3]]
    assert has_batch_norm(net)
    assert not has_batch_norm(net[:2])


def test_a_short_batch_has_the_weight_of_its_trials(batches):
    flat = torch.cat(batches)
    whole, parts = network(), network()
    recompute_batch_norm(whole, [flat])
    recompute_batch_norm(parts, [flat[:254], flat[254:]])
    torch.testing.assert_close(parts[1].running_mean, whole[1].running_mean)
    torch.testing.assert_close(parts[1].running_var, whole[1].running_var, rtol=0.02, atol=0)
