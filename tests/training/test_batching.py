from __future__ import annotations

import numpy as np

from bci_dann.training.batching import balanced_order, batches_of


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
