"""One step of training against the same written out by hand."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bci_dann.models import keyed
from bci_dann.objectives import UNLABELLED
from bci_dann.training.batching import BatchLoader
from bci_dann.training.training_step import NetworkTraining, NetworkWithObjective, StackTraining


def first_batch(members, settings):
    loader = BatchLoader(members, settings)
    return loader.batch(loader.draw_epoch()[0])


def weights_of(network):
    return [weight.detach().clone() for weight in network.parameters()]


def test_a_step_is_adamw_on_the_cross_entropy_of_the_labelled_trials(draw_member, settings):
    own = settings(weight_decay=0.1)
    member = draw_member(backbone="MLP", adversary=False)
    member.data.labels[::3] = UNLABELLED
    reference = copy.deepcopy(member.network)
    batch = first_batch([member], own)
    losses = NetworkTraining(member, own).step(batch, 0.25, 3e-3)

    optimiser = torch.optim.AdamW(reference.parameters(), lr=3e-3, weight_decay=0.1)
    _, logits = reference(batch.inputs[0])
    known = batch.labels[0] != UNLABELLED
    loss = cross_entropy(logits[known], batch.labels[0][known])
    loss.backward()
    optimiser.step()
    assert losses.shape == (1, 1)
    torch.testing.assert_close(losses[0, 0], loss.detach(), rtol=1e-5, atol=1e-6)
    for a, b in zip(member.network.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_each_step_uses_its_own_learning_rate(draw_member, settings):
    member = draw_member(backbone="MLP")
    training, batch = NetworkTraining(member, settings()), first_batch([member], settings())
    before = weights_of(member.network)
    training.step(batch, 0.0, 0.0)
    assert all(map(torch.equal, weights_of(member.network), before))
    training.step(batch, 0.0, 1e-2)
    largest = max(
        float((a - b).abs().max()) for a, b in zip(weights_of(member.network), before, strict=True)
    )
    assert largest == pytest.approx(1e-2, rel=0.3)  # Adam moves by about the learning rate


def test_parameters_of_the_objective_are_trained_too(draw_member, settings):
    member = draw_member()
    before = weights_of(member.objective)
    training = NetworkTraining(member, settings())
    losses = training.step(first_batch([member], settings()), 0.9, 1e-2)
    assert losses.shape == (1, 4)  # two summands, accuracy and chance of the domain head
    assert not any(map(torch.equal, weights_of(member.objective), before))


def test_keys_decide_what_dropout_drops(draw_member, settings):
    member = draw_member()
    module = NetworkWithObjective(member)
    batch = first_batch([member], settings()).of_first_network()
    first, again = module(batch, 0.5), module(batch, 0.5)
    torch.testing.assert_close(first, again)
    other = module(batch._replace(keys=batch.keys + 1), 0.5)
    assert not torch.allclose(first, other)


class Remembering(nn.Module):
    """A batch norm on vectors that remembers the groups it has seen."""

    def __init__(self, n_chans, n_times, sfreq):
        super().__init__()
        self.norm, self.groups = nn.BatchNorm1d(n_chans), []

    def forward(self, X):
        self.groups.append(len(X))
        return self.norm(X[..., 0])


def test_batch_norms_see_source_and_target_separately_where_asked(draw_member, settings):
    member = draw_member(backbone=Remembering, domain_batch_norm=True)
    body = member.network.backbone.body
    batch = first_batch([member], settings()).of_first_network()
    n_target = int(batch.is_target.sum())
    body.groups.clear()
    module = NetworkWithObjective(member).train()
    module(batch, 0.5)
    assert body.groups == [len(batch.labels) - n_target, n_target]
    with keyed(module.network, batch.keys):
        features, _ = module._outputs_by_domain(batch)
    for target in (False, True):  # trials are in the order of the batch again, each normalised
        group = features[batch.is_target == target]
        torch.testing.assert_close(group.mean(0), torch.zeros(3), rtol=0, atol=1e-5)
        expected = nn.BatchNorm1d(3)(batch.inputs[batch.is_target == target][..., 0])
        torch.testing.assert_close(group, expected)


def test_a_group_of_one_trial_is_normalised_with_the_others(draw_member, settings):
    member = draw_member(backbone=Remembering, domain_batch_norm=True)
    batch = first_batch([member], settings()).of_first_network()
    lonely = batch._replace(is_target=torch.arange(len(batch.labels)) == 0)
    member.network.backbone.body.groups.clear()
    NetworkWithObjective(member).train()(lonely, 0.5)
    assert member.network.backbone.body.groups == [len(batch.labels)]


def test_members_of_a_stack_change_when_it_is_finished(draw_member, settings):
    stack = [draw_member(seed) for seed in range(2)]
    before = [weights_of(member.network) for member in stack]
    loader = BatchLoader(stack, settings())
    training, epoch = StackTraining(stack, settings()), loader.draw_epoch()
    losses = training.step(loader.batch(epoch[0]), 0.5, 1e-2)
    assert losses.shape == (2, 4)
    for member, old in zip(stack, before, strict=True):
        assert all(map(torch.equal, weights_of(member.network), old))
    training.finish(map(loader.batch, epoch))
    for member, old in zip(stack, before, strict=True):
        assert not torch.equal(weights_of(member.network)[0], old[0])
        assert not member.network.training


def test_a_step_of_a_stack_is_a_step_of_each_network(draw_member, settings):
    alone, stack = ([draw_member(seed) for seed in range(3)] for _ in range(2))
    expected = [
        NetworkTraining(member, settings()).step(first_batch([member], settings()), 0.5, 1e-2)
        for member in alone
    ]
    losses = StackTraining(stack, settings()).step(first_batch(stack, settings()), 0.5, 1e-2)
    torch.testing.assert_close(losses, torch.cat(expected), rtol=1e-4, atol=1e-5)


def test_statistics_of_a_finished_stack_are_those_of_the_last_weights(draw_member, settings):
    alone, stack = draw_member(0), [draw_member(0), draw_member(1)]
    for members, kind in (([alone], NetworkTraining), (stack, StackTraining)):
        loader = BatchLoader(members, settings())
        epoch = loader.draw_epoch()
        training = kind(members[0] if len(members) == 1 else members, settings())
        training.finish(map(loader.batch, epoch))
    expected = dict(alone.network.named_buffers())
    for name, statistic in stack[0].network.named_buffers():
        torch.testing.assert_close(statistic, expected[name], rtol=1e-4, atol=1e-5)
        if name.endswith("num_batches_tracked"):
            assert int(statistic) == len(epoch)
