"""Outputs of trained networks, and which of them there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bci_dann.estimators.networks.network_outputs import (
    PREDICTION_BATCH,
    mean_losses,
    mean_probabilities,
    trained_networks,
    trial_batches,
)
from bci_dann.exceptions import BCIDannWarning, TrainingError
from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import Objective
from bci_dann.training import Member, TrainingData


def network(seed, n_chans=3, n_times=20):
    torch.manual_seed(seed)
    return Decoder(make_backbone("MLP", n_chans, n_times), n_classes=3).eval()


def member(name, seed=0):
    data = TrainingData(*(torch.zeros(1) for _ in range(5)))
    rng, seeds = np.random.default_rng(0), np.random.SeedSequence(0)
    return Member(network(seed), Objective(), data, rng, name, seeds)


@pytest.fixture
def signals():
    return np.random.default_rng(0).normal(size=(5, 3, 20)).astype(np.float32)


@pytest.mark.parametrize("n", [1, PREDICTION_BATCH, PREDICTION_BATCH + 1, 2 * PREDICTION_BATCH + 7])
def test_trials_are_cut_into_batches_that_share_their_memory(n):
    X = np.arange(n * 6, dtype=np.float32).reshape(n, 2, 3)
    batches = trial_batches(X)
    assert max(map(len, batches)) <= PREDICTION_BATCH
    np.testing.assert_array_equal(torch.cat(batches).numpy(), X)
    batches[0][0, 0, 0] = -1
    assert X[0, 0, 0] == -1


def test_vectors_get_a_time_axis():
    (batch,) = trial_batches(np.zeros((4, 7), dtype=np.float32))
    assert batch.shape == (4, 7, 1)


def test_probabilities_are_averaged_and_not_the_logits(signals):
    networks = [network(seed) for seed in range(3)]
    with torch.no_grad():
        logits = [one(torch.from_numpy(signals))[1].double().numpy() for one in networks]
    expected = np.mean([softmax(part, axis=1) for part in logits], axis=0)
    np.testing.assert_allclose(mean_probabilities(networks, signals), expected, rtol=1e-6)
    of_mean_logits = softmax(np.mean(logits, axis=0), axis=1)
    assert np.abs(expected - of_mean_logits).max() > 1e-4


def test_probabilities_sum_to_one_in_double_precision(signals):
    probabilities = mean_probabilities([network(0)], 1e3 * signals)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_probabilities_of_a_trial_do_not_depend_on_the_others(signals):
    networks = [network(0)]
    many = np.concatenate([signals] * 60)  # more than one batch
    np.testing.assert_allclose(
        mean_probabilities(networks, many)[-5:], mean_probabilities(networks, signals), rtol=1e-5
    )


def test_networks_that_failed_are_left_out_with_a_warning():
    members = [member("one", 0), member("two", 1), member("three", 2)]
    histories = [[{"classification": 1.0}], TrainingError("two broke"), [{"classification": 3.0}]]
    with pytest.warns(BCIDannWarning, match="a member is left out: two broke"):
        networks, left = trained_networks(members, histories)
    assert networks == [members[0].network, members[2].network]
    assert left == [histories[0], histories[2]]


def test_where_all_failed_the_first_error_is_raised():
    errors = [TrainingError("first"), TrainingError("second")]
    with pytest.raises(TrainingError, match="first"):
        trained_networks([member("one"), member("two")], errors)


def test_losses_are_averaged_summand_by_summand():
    epoch = [{"classification": 1.0, "mcc": 0.0}, {"classification": 2.0, "mcc": 0.5}]
    assert mean_losses(epoch) == {"classification": 1.5, "mcc": 0.25}
    assert list(mean_losses(epoch)) == ["classification", "mcc"]
    assert mean_losses(epoch[:1]) == epoch[0]


def test_probabilities_that_are_no_numbers_are_an_error():
    network = Decoder(make_backbone("MLP", 4, 1), n_classes=2).eval()
    with torch.no_grad():
        network.head.weight.fill_(1e38)
    with pytest.raises(TrainingError, match="lower `lr`"):
        mean_probabilities([network], np.full((3, 4), 1e38, np.float32))


def test_no_part_is_much_shorter_than_the_others():
    parts = trial_batches(np.zeros((PREDICTION_BATCH + 1, 7), dtype=np.float32))
    assert [len(part) for part in parts] == [129, 128]
