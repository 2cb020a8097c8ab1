from __future__ import annotations

import pytest
import torch

from bci_dann.models import Decoder, make_backbone
from bci_dann.training import network_inputs as module
from bci_dann.training.network_inputs import PreparedTrials, take_trials

CPU = torch.device("cpu")


def network(name: str = "EEGNet") -> Decoder:
    torch.manual_seed(0)
    return Decoder(make_backbone(name, 3, 200, sfreq=128.0), n_classes=2).eval()


def signals(n_trials: int) -> torch.Tensor:
    return torch.randn(n_trials, 3, 200, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("n_trials", [5, 300, 512])
@pytest.mark.parametrize("name", ["EEGNet", "Deep4Net"])
def test_prepared_trials_give_what_trials_give(name, n_trials):
    net, X = network(name), signals(n_trials)
    index = torch.tensor([n_trials - 1, 0, 3])
    taken = take_trials(PreparedTrials(net, [X], CPU).take(index[None]), 0)
    got, wanted = net(taken), net(X[index])
    torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)


def test_more_than_fits_is_prepared_batch_by_batch(monkeypatch):
    net, X, index = network(), signals(20), torch.tensor([[7, 7, 19]])
    ready = PreparedTrials(net, [X], CPU).take(index)
    monkeypatch.setattr(module, "PREPARED_BYTES", 1000)
    prepared = []
    monkeypatch.setattr(
        net, "prepare", lambda X: prepared.append(len(X)) or net.backbone.prepare(X)
    )
    inputs = PreparedTrials(net, [X], CPU)
    later = inputs.take(index)
    assert prepared == [1, 3]  # one trial to learn the size, then the batch
    for one, two in zip(ready, later, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("limit", [module.PREPARED_BYTES, 1000])
@pytest.mark.parametrize("name", ["EEGNet", "Deep4Net"])
def test_each_network_takes_its_own_trials(monkeypatch, name, limit):
    monkeypatch.setattr(module, "PREPARED_BYTES", limit)
    net, X, Y = network(name), signals(300), -signals(20)
    index = torch.tensor([[299, 0], [3, 19], [1, 1]])
    taken = PreparedTrials(net, [X, Y, X], CPU).take(index)
    for at, (own, table) in enumerate(zip(index, [X, Y, X], strict=True)):
        wanted = net(table[own])
        torch.testing.assert_close(net(take_trials(taken, at)), wanted, rtol=1e-5, atol=1e-6)
