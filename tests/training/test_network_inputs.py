from __future__ import annotations

import pytest
import torch

from bci_dann.models import Decoder, make_backbone
from bci_dann.models.fast.trial_spectra import TrialSpectra
from bci_dann.training import network_inputs as module
from bci_dann.training.network_inputs import (
    Batch,
    PreparedTrials,
    prepared_limit,
    take_trials,
)

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


def test_networks_that_share_trials_share_what_is_prepared(monkeypatch):
    net, X = network(), signals(10)
    seen = []
    monkeypatch.setattr(net, "prepare", lambda X: seen.append(len(X)) or net.backbone.prepare(X))
    PreparedTrials(net, [X, X, X], CPU)
    assert seen == [1, 10]


def test_trials_that_need_no_preparation_are_not_copied():
    X = signals(6)
    inputs = PreparedTrials(network("Deep4Net"), [X], CPU)
    X[2] = 7.0
    assert torch.equal(inputs.take(torch.tensor([[2]])), torch.full((1, 1, 3, 200), 7.0))


def test_memory_for_prepared_trials_grows_with_the_sets_of_trials(monkeypatch):
    assert prepared_limit(CPU, 3) == 3 * module.PREPARED_BYTES
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 4000))
    assert prepared_limit(torch.device("cuda"), 3) == 500


def test_first_trials_are_those_of_the_first_network():
    net, X, Y = network("Deep4Net"), signals(5), -signals(5)
    assert torch.equal(PreparedTrials(net, [X, Y], CPU).first_trials(2), X[:2])
    assert isinstance(PreparedTrials(network(), [X], CPU).first_trials(2), TrialSpectra)


@pytest.fixture(params=["EEGNet", "Deep4Net"])
def batch(request):
    """A batch of two networks; inputs are spectra in one case, a tensor in the other."""
    inputs = PreparedTrials(network(request.param), [signals(6), -signals(6)], CPU)
    index = torch.tensor([[0, 3, 5], [1, 1, 2]])
    columns = [torch.arange(6).view(2, 3) + 10 * number for number in range(4)]
    return Batch(inputs.take(index), *columns, torch.tensor([[1], [2]], dtype=torch.int32))


def test_a_batch_is_made_of_its_tensors_again(batch):
    again = batch.with_tensors(tensor.clone() for tensor in batch.tensors())
    assert type(again.inputs) is type(batch.inputs)
    assert all(map(torch.equal, again.tensors(), batch.tensors()))
    assert all(a is not b for a, b in zip(again.tensors(), batch.tensors(), strict=True))


def test_inputs_come_first_and_keys_last(batch):
    *inputs, labels, domains, weights, is_target, keys = batch.tensors()
    assert len(inputs) in (1, 4)
    assert [int(part[0, 0]) for part in (labels, domains, weights, is_target)] == [0, 10, 20, 30]
    assert keys is batch.keys


def test_the_batch_of_the_first_network_has_no_axis_of_networks(batch):
    first = batch.of_first_network()
    for one, all_ in zip(first.tensors(), batch.tensors(), strict=True):
        assert torch.equal(one, all_[0])
