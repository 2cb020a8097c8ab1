"""One step on the last eight trials: the loss, what moves, and what stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.estimators.networks import OnlineTraining, features_and_logits, information_loss
from bci_dann.models import Decoder, make_backbone


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Decoder(make_backbone("EEGNet", 3, 128, 128.0), n_classes=3).eval()


@pytest.fixture
def signals():
    return np.random.default_rng(0).normal(size=(20, 3, 128)).astype(np.float32)


def passed(started, signals):
    """Return the training and the network after some trials."""
    online, network = started
    for signal in signals:
        online, network = online.step(network, signal)
    return online, network


@pytest.fixture
def start(network):
    return OnlineTraining(), network


def weights_of(network):
    return {name: one.clone() for name, one in network.state_dict().items()}


def same_weights(one, other):
    return all(torch.equal(other[name], weights) for name, weights in one.items())


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


def test_nothing_is_learned_from_fewer_than_eight_trials(start, signals):
    online, network = passed(start, signals[:7])
    assert network is start[1]
    assert online.step(network, signals[7])[1] is not network


def test_all_of_the_network_learns_and_the_loss_falls(start, signals):
    def loss(network):
        logits = features_and_logits(network, signals[:8])[1]
        return float(information_loss((torch.from_numpy(logits) / 2).softmax(1), torch.zeros(3)))

    network = passed(start, [*signals[:8]] * 6)[1]
    assert loss(network) < loss(start[1])
    before, after = dict(start[1].named_parameters()), dict(network.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in moved} == {"backbone", "head"}
    assert not network.training


def test_the_one_before_stays_as_it_is(start, signals):
    online, network = passed(start, signals[:9])
    weights = weights_of(network)
    moments = {k: v["exp_avg"].clone() for k, v in online.moments.items()}
    once, again = (passed((online, network), signals[9:12])[1] for _ in range(2))
    assert same_weights(weights, weights_of(network))
    assert all(torch.equal(online.moments[k]["exp_avg"], one) for k, one in moments.items())
    assert same_weights(weights_of(once), weights_of(again))
    assert not same_weights(weights_of(once), weights)


def test_old_trials_are_forgotten(start, signals):
    assert len(passed(start, signals)[0].signals) == 8


def test_confident_trials_are_counted_once(start, signals):
    head = start[1].head
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([9.0, 0.0, 0.0]))
    online, network = passed(start, signals[:8])
    assert online.counts == (8.0, 0.0, 0.0)
    assert online.step(network, signals[8])[0].counts == (9.0, 0.0, 0.0)


def test_it_goes_on_to_the_bit_from_arrays(start, signals):
    online, network = passed(start, signals[:10])
    restored = OnlineTraining.from_arrays(online.to_arrays())
    expected, found = (passed((one, network), signals[10:13]) for one in (online, restored))
    assert found[0].counts == expected[0].counts
    assert same_weights(weights_of(found[1]), weights_of(expected[1]))
