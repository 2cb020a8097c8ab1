from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.models import keyed_layers
from bci_dann.training import TrainingData
from bci_dann.training.batching import BatchLoader, balanced_order, batches_of


def shares(order, values):
    return np.bincount(values[order]) / len(order)


def test_domains_and_classes_have_equal_shares_whatever_their_sizes():
    domains = np.repeat([0, 1, 2], [10, 100, 40])
    labels = np.concatenate([np.arange(10) % 2, np.arange(100) % 10 == 0, np.arange(40) % 2])
    labels = labels.astype(int)
    order = balanced_order(labels, domains, np.random.default_rng(0))
    np.testing.assert_allclose(shares(order, domains), 1 / 3)
    rare = order[domains[order] == 1]
    assert abs(labels[rare].mean() - 0.5) < 0.02


def test_every_batch_holds_every_domain():
    domains = np.repeat(np.arange(8), 40)
    order = balanced_order(np.zeros(320, int), domains, np.random.default_rng(0))
    for batch in batches_of(order, 32):
        assert set(domains[batch]) == set(range(8))


def test_trials_of_equal_domains_come_once_an_epoch():
    domains, labels = np.repeat([0, 1], 20), np.tile([0, 1], 20)
    order = balanced_order(labels, domains, np.random.default_rng(0))
    assert sorted(order) == list(range(40))


def test_order_changes_with_the_epoch_and_repeats_with_the_seed():
    domains, labels = np.repeat([0, 1], 20), np.tile([0, 1], 20)
    rng = np.random.default_rng(0)
    first, second = (balanced_order(labels, domains, rng) for _ in range(2))
    assert not np.array_equal(first, second)
    again = balanced_order(labels, domains, np.random.default_rng(0))
    np.testing.assert_array_equal(first, again)


def test_domain_of_one_trial_and_batch_larger_than_all():
    order = balanced_order(np.zeros(3, int), np.array([0, 0, 1]), np.random.default_rng(0))
    assert {0, 1, 2} >= set(order)
    assert [len(batch) for batch in batches_of(order, 64)] == [len(order)]


def test_short_rest_joins_the_last_batch():
    lengths = [len(batch) for batch in batches_of(np.arange(70), 32)]
    assert lengths == [32, 38]
    assert [len(batch) for batch in batches_of(np.arange(90), 32)] == [32, 32, 26]


def test_an_epoch_may_be_shorter_than_there_are_trials():
    labels, domains = np.tile([0, 1], 40), np.repeat([0, 1], 40)
    rng = np.random.default_rng(0)
    first, second = (balanced_order(labels, domains, rng, n_trials=40) for _ in range(2))
    assert len(first) == 40
    assert np.bincount(domains[first]).tolist() == [20, 20]
    assert np.bincount(labels[first]).tolist() == [20, 20]
    assert len(np.union1d(first, second)) > 50


@pytest.mark.parametrize(("n", "size"), [(1, 4), (9, 4), (10, 4), (11, 4), (64, 1)])
def test_batches_cover_the_order_and_none_is_short(n, size):
    batches = batches_of(np.arange(n), size)
    assert np.concatenate(batches).tolist() == list(range(n))
    lengths = [len(batch) for batch in batches]
    assert all(length == size for length in lengths[:-1])
    assert len(lengths) == 1 or size / 2 <= lengths[-1] <= 1.5 * size


def test_orders_of_several_networks_are_cut_alike():
    orders = torch.arange(2 * 70).view(2, 70)
    assert [tuple(batch.shape) for batch in batches_of(orders, 32)] == [(2, 32), (2, 38)]


def test_classes_take_turns_within_a_domain():
    labels, domains = np.repeat([0, 1], [5, 15]), np.zeros(20, int)
    order = balanced_order(labels, domains, np.random.default_rng(0))
    pairs = labels[order].reshape(-1, 2)
    assert np.all(pairs.sum(1) == 1)
    rare = order[labels[order] == 0]
    assert sorted(rare[:5]) == sorted(rare[5:]) == list(range(5))  # all once before any twice


def test_rounds_hold_every_domain_once():
    domains = np.repeat([4, 7, 9], [3, 20, 10])
    order = balanced_order(np.zeros(33, int), domains, np.random.default_rng(0))
    assert all(set(domains[part]) == {4, 7, 9} for part in order.reshape(-1, 3))


class TestBatchLoader:
    @pytest.fixture
    def members(self, draw_member):
        """Two networks whose trials, domains and labels can be told apart."""
        members = [draw_member(seed, "MLP") for seed in range(2)]
        for number, member in enumerate(members):
            member.data.X[:] = 100.0 * number + torch.arange(48.0)[:, None, None]
        return members

    @pytest.fixture
    def loader(self, members, settings):
        return BatchLoader(members, settings())

    def test_a_batch_holds_the_trials_of_its_indices(self, members, loader):
        indices = loader.draw_epoch()[0]
        batch = loader.batch(indices)
        for number, member in enumerate(members):
            chosen = indices.trials[number]
            assert torch.equal(batch.inputs[number], member.data.X[chosen])
            assert torch.equal(batch.inputs[number, :, 0, 0], 100.0 * number + chosen)
            for name in ("labels", "domains", "weights", "is_target"):
                assert torch.equal(getattr(batch, name)[number], getattr(member.data, name)[chosen])

    def test_networks_have_orders_of_their_own(self, loader):
        first, second = (
            torch.cat([part.trials[i] for part in loader.draw_epoch()]) for i in (0, 1)
        )
        assert not torch.equal(first, second)
        assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(48))

    def test_the_same_generator_draws_the_same_epoch(self, draw_member, settings):
        loaders = [BatchLoader([draw_member(0)], settings()) for _ in range(2)]
        for _ in range(2):
            epochs = [loader.draw_epoch() for loader in loaders]
            for one, other in zip(*epochs, strict=True):
                assert all(map(torch.equal, one, other))

    def test_every_step_and_dropout_layer_has_a_key_of_its_own(self, draw_member, settings):
        members = [draw_member(seed, "EEGNet") for seed in range(2)]
        n_layers = len(keyed_layers(members[0].network))
        keys = torch.stack([part.keys for part in BatchLoader(members, settings()).draw_epoch()])
        assert keys.shape == (3, 2, n_layers)
        assert len(keys.unique()) == keys.numel()

    def test_an_epoch_is_as_long_as_the_recorded_trials(self, draw_member, settings):
        member = draw_member(0)
        data = TrainingData(
            **{
                name: torch.cat([getattr(member.data, name)] * 2)
                for name in ("X", "labels", "domains", "weights", "is_target")
            },
            n_recorded=48,
        )
        doubled = draw_member(0, data=data)
        epoch = BatchLoader([doubled], settings()).draw_epoch()
        trials = torch.cat([part.trials[0] for part in epoch])
        assert len(trials) == 48
        assert int(trials.max()) >= 48  # which versions of a trial it takes is drawn

    def test_networks_may_have_different_numbers_of_trials(self, draw_member, settings):
        members = [draw_member(0, "MLP", n=48), draw_member(1, "MLP", n=47)]
        loader = BatchLoader(members, settings())
        for indices in loader.draw_epoch():
            assert int(indices.trials[1].max()) < 47
            batch = loader.batch(indices)
            assert torch.equal(batch.labels[1], members[1].data.labels[indices.trials[1]])

    def test_first_trials_are_those_of_the_first_network(self, members, loader):
        assert torch.equal(loader.first_trials(3), members[0].data.X[:3])
        assert len(loader.first_trials(1000)) == 48
