"""One step on the last eight trials: the loss, what moves, and what stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.estimators.networks import OnlineNetwork, features_and_logits, information_loss
from bci_dann.models import Decoder, make_backbone


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Decoder(make_backbone("EEGNet", 3, 128, 128.0), n_classes=3).eval()


@pytest.fixture
def signals():
    return np.random.default_rng(0).normal(size=(20, 3, 128)).astype(np.float32)


def passed(online, signals):
    for signal in signals:
        online = online.updated(signal)
    return online


def weights_of(online):
    return {name: one.clone() for name, one in online.network.state_dict().items()}


def test_the_loss_is_that_of_the_formula():
    p = np.random.default_rng(0).dirichlet(np.ones(3), size=8)
    z = np.array([5.0, 0.0, 2.0])
    q = p.mean(axis=0) / (4 + z)
    q /= q.sum()
    expected = -(p * np.log(p)).sum(axis=1).mean() + (q * np.log(q)).sum()
    found = information_loss(torch.from_numpy(p), torch.from_numpy(z))
    assert float(found) == pytest.approx(expected)


def test_a_frequent_class_may_be_frequent_again():
    """After many trials of one class, a batch of that class is no sign of a collapse."""
    batch = torch.tensor([[0.8, 0.2]] * 8)
    even, first = (information_loss(batch, torch.tensor(z)) for z in ([0.0, 0.0], [12.0, 0.0]))
    assert first < even


def test_nothing_is_learned_from_fewer_than_eight_trials(network, signals):
    online = passed(OnlineNetwork(network), signals[:7])
    assert online.network is network
    assert online.updated(signals[7]).network is not network


def test_all_of_the_network_learns_and_the_loss_falls(network, signals):
    def loss(network):
        logits = features_and_logits(network, signals[:8])[1]
        return float(information_loss((torch.from_numpy(logits) / 2).softmax(1), torch.zeros(3)))

    online = passed(OnlineNetwork(network), [*signals[:8]] * 6)
    assert loss(online.network) < loss(network)
    before, after = dict(network.named_parameters()), dict(online.network.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in moved} == {"backbone", "head"}
    assert not online.network.training


def test_the_one_before_stays_as_it_is(network, signals):
    online = passed(OnlineNetwork(network), signals[:9])
    weights, moments = (
        weights_of(online),
        {k: v["exp_avg"].clone() for k, v in online.moments.items()},
    )
    once, again = passed(online, signals[9:12]), passed(online, signals[9:12])
    assert all(torch.equal(weights_of(online)[name], one) for name, one in weights.items())
    assert all(torch.equal(online.moments[k]["exp_avg"], one) for k, one in moments.items())
    assert all(torch.equal(weights_of(again)[name], one) for name, one in weights_of(once).items())


def test_old_trials_are_forgotten(network, signals):
    assert len(passed(OnlineNetwork(network), signals).signals) == 8


def test_confident_trials_are_counted_once(network, signals):
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([9.0, 0.0, 0.0]))
    online = passed(OnlineNetwork(network), signals[:8])
    assert online.counts == (8.0, 0.0, 0.0)
    assert online.updated(signals[8]).counts == (9.0, 0.0, 0.0)


def test_it_goes_on_to_the_bit_from_arrays(network, signals):
    online = passed(OnlineNetwork(network), signals[:10])
    restored = OnlineNetwork.from_arrays(online.network, online.to_arrays())
    expected, found = passed(online, signals[10:13]), passed(restored, signals[10:13])
    assert found.counts == expected.counts
    assert all(
        torch.equal(weights_of(found)[name], one) for name, one in weights_of(expected).items()
    )
