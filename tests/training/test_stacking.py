"""Networks trained in one stack against the same networks trained alone."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError
from bci_dann.models import Decoder
from bci_dann.training import (
    Member,
    stack_signature,
    stacking,
    train,
    train_networks,
    train_stack,
)
from bci_dann.training.training_step import StackTraining


class Custom(nn.Module):
    """What the backbones of one's own below have in common."""

    def __init__(self, n_chans, n_times, sfreq):
        super().__init__()
        self.build(n_chans)


class Convolutional(Custom):
    """Plain layers of torch, with the constant that vmap shares between networks."""

    def build(self, n_chans):
        self.layers = nn.Sequential(
            nn.Conv1d(n_chans, 6, 9), nn.BatchNorm1d(6), nn.ELU(), nn.Dropout(0.3), nn.AvgPool1d(20)
        )
        self.register_buffer("gain", torch.full((), 2.0))

    def forward(self, X):
        return self.gain * self.layers(X)


class Instance(Custom):
    """Running statistics that are not those of a batch norm."""

    def build(self, n_chans):
        self.mixing = nn.Conv1d(n_chans, 6, 9, bias=False)
        self.norm = nn.InstanceNorm1d(6, track_running_stats=True)

    def forward(self, X):
        return self.norm(self.mixing(X)).relu().mean(2)


class Branching(Custom):
    """Looks at values, which vmap cannot."""

    def build(self, n_chans):
        self.mixing = nn.Conv1d(n_chans, 6, 9)

    def forward(self, X):
        Z = self.mixing(X)
        return Z.relu().mean(2) if Z.mean() > 0 else Z.square().mean(2)


class Recurrent(Custom):
    """Has no batching rule in torch."""

    def build(self, n_chans):
        self.layer = nn.GRU(n_chans, 5, batch_first=True)

    def forward(self, X):
        return self.layer(X[..., ::8].transpose(1, 2))[0][:, -1]


class Projecting(Custom):
    """Has a fixed random projection that is neither a weight nor a buffer."""

    def build(self, n_chans):
        self.projection = torch.randn(4, n_chans)
        self.mixing = nn.Conv1d(4, 6, 9)

    def forward(self, X):
        return self.mixing(self.projection @ X).square().mean(2)


class Momentless(Custom):
    """A batch norm that reads the number of batches back."""

    def build(self, n_chans):
        self.mixing, self.norm = nn.Conv1d(n_chans, 6, 9), nn.BatchNorm1d(6, momentum=None)

    def forward(self, X):
        return self.norm(self.mixing(X)).square().mean(2)


class Drawing(Branching):
    """Draws from torch's global generator, too."""

    def forward(self, X):
        return nn.functional.dropout(super().forward(X), 0.5, self.training)


def assert_like(one: Member, other: Member) -> None:
    """Compare outputs; a bias before a batch norm may be anything."""
    with torch.no_grad():
        features, expected = one.network(one.data.X), other.network(one.data.X)
        for a, b in zip(features, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-3)
        if one.objective.terms:
            heads = [member.objective.terms["adversary"].head for member in (one, other)]
            a, b = heads[0](features[0]), heads[1](expected[0])
            torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-3)


def assert_equal(one: Member, other: Member) -> None:
    for a, b in zip(
        one.network.state_dict().values(), other.network.state_dict().values(), strict=True
    ):
        assert torch.equal(a, b)


def members(draw_member, n_members, *args, **kwargs):
    """Return the same networks twice."""
    return ([draw_member(seed, *args, **kwargs) for seed in range(n_members)] for _ in range(2))


@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet", Convolutional, Instance])
def test_a_stack_equals_its_members_alone(draw_member, settings, backbone):
    alone, stacked = members(draw_member, 3, backbone)
    histories = [train(one, settings()) for one in alone]
    stacked_histories = train_stack(stacked, settings())
    for one, other in zip(alone, stacked, strict=True):
        assert_like(one, other)
    for history, other in zip(histories, stacked_histories, strict=True):
        measured = ["adversary.domain_accuracy", "adversary.domain_chance"]
        assert [list(epoch) for epoch in other] == [["classification", "adversary", *measured]] * 4
        for epoch, its_like in zip(history, other, strict=True):
            shares = [one.pop(measured[0]) for one in (epoch, its_like)]
            assert shares[0] == pytest.approx(shares[1], abs=0.05)  # rounding may turn a decision
            assert epoch == pytest.approx(its_like, rel=1e-3)
    assert not any(one.network.training for one in stacked)


def test_batch_norms_of_a_stack_weigh_batches_by_their_trials(draw_member, settings):
    alone, stacked = members(draw_member, 2, Convolutional, n=37)  # the last batch is shorter
    for one in alone:
        train(one, settings(max_epochs=1))
    train_stack(stacked, settings(max_epochs=1))
    for one, other in zip(alone, stacked, strict=True):
        norms = [
            next(m for m in x.network.modules() if isinstance(m, nn.BatchNorm1d))
            for x in (one, other)
        ]
        torch.testing.assert_close(norms[0].running_var, norms[1].running_var, rtol=1e-4, atol=0)


def test_members_are_not_trained_alike(draw_member, settings):
    first, second = stack = [draw_member(0), draw_member(1)]
    train_stack(stack, settings())
    weights = [m.network.head.weight for m in (first, second)]
    assert not torch.allclose(*weights, atol=1e-2)


def test_members_that_share_their_trials_prepare_them_once(draw_member, settings, monkeypatch):
    first, second = draw_member(0), draw_member(1)
    stack = [first, Member(second.network, second.objective, first.data, second.rng)]
    seen = []
    prepare = Decoder.prepare
    monkeypatch.setattr(Decoder, "prepare", lambda net, X: seen.append(len(X)) or prepare(net, X))
    train_stack(stack, settings())
    assert seen == [1, 48, 8]  # the size of one, all, a few to check gradients with


def test_a_loss_that_is_not_finite_stops_its_member_only(draw_member, settings):
    alone, healthy, broken = draw_member(0), draw_member(0), draw_member(1)
    broken.data.X[:] = 1e30
    train(alone, settings())
    history, error = train_stack([healthy, broken], settings())
    assert isinstance(error, TrainingError)
    assert "fold 1" in str(error)
    assert "epoch 1" in str(error)
    assert len(history) == settings().max_epochs
    assert_like(alone, healthy)


@pytest.mark.parametrize("other", [{"n": 64}, {"n_chans": 4}, {"backbone": "ShallowFBCSPNet"}])
def test_members_of_other_shapes_are_refused(draw_member, settings, other):
    with pytest.raises(ConfigError, match="fold 1 and fold 0 differ"):
        train_stack([draw_member(0), draw_member(1, **other)], settings())


def test_without_memory_for_all_the_stack_is_halved(draw_member, settings, monkeypatch):
    alone, stacked = members(draw_member, 3)
    step = StackTraining.step

    def small(stack, batch, progress, lr):
        if len(batch.labels) > 2 and progress > 0.3:  # in the middle of the training
            raise torch.OutOfMemoryError("too much")
        return step(stack, batch, progress, lr)

    monkeypatch.setattr(StackTraining, "step", small)
    with pytest.warns(BCIDannWarning, match="no memory for 3 networks"):
        histories = train_stack(stacked, settings())
    assert [len(history) for history in histories] == [4, 4, 4]
    for one, other in zip(alone, stacked, strict=True):
        train(one, settings())
        assert_like(one, other)


@pytest.mark.parametrize("training", [train_stack, train_networks])
def test_one_network_that_does_not_fit_is_an_error(draw_member, settings, monkeypatch, training):
    def fail(*_):
        raise torch.OutOfMemoryError("too much")

    monkeypatch.setattr(StackTraining, "step", fail)
    if training is train_stack:
        with pytest.raises(torch.OutOfMemoryError):
            train_stack([draw_member(0)], settings())
    else:
        with (
            pytest.raises(torch.OutOfMemoryError),
            pytest.warns(BCIDannWarning, match="no memory for 2 networks"),
        ):
            train_networks([draw_member(0), draw_member(1)], [settings()] * 2, stack=True)


def test_training_does_not_touch_the_global_generator(draw_member, settings):
    torch.manual_seed(3)
    state = torch.get_rng_state()
    stack = [copy.deepcopy(m) for m in (draw_member(0), draw_member(1))]
    torch.set_rng_state(state)
    train_stack(stack, settings())
    assert torch.equal(torch.get_rng_state(), state)


# --- which networks share a stack


@pytest.fixture
def stacked_names(monkeypatch):
    """Return a list of the names of the members of every stack that is trained."""
    names = []

    def train_stack(members, settings):
        names.append([member.name for member in members])
        return [[] for _ in members]

    monkeypatch.setattr(stacking, "train_stack", train_stack)
    return names


def test_networks_of_one_architecture_share_a_stack(draw_member, settings, stacked_names):
    kinds = ["EEGNet", "MLP", "EEGNet", "MLP", "MLP"]
    drawn = [draw_member(seed, kind) for seed, kind in enumerate(kinds)]
    results = train_networks(drawn, [settings()] * 5, stack=True)
    assert stacked_names == [["fold 0", "fold 2"], ["fold 1", "fold 3", "fold 4"]]
    assert results == [[]] * 5


def test_on_a_cpu_networks_are_trained_alone_by_default(draw_member, settings, stacked_names):
    drawn = [draw_member(seed, "MLP") for seed in range(2)]
    histories = train_networks(drawn, [settings(max_epochs=1)] * 2)
    assert stacked_names == []
    assert [len(history) for history in histories] == [1, 1]


def test_other_settings_need_another_stack(draw_member, settings, stacked_names):
    drawn = [draw_member(seed, "MLP") for seed in range(4)]
    own = [settings(), settings(lr=1e-4), settings(), settings(lr=1e-4)]
    train_networks(drawn, own, stack=True)
    assert stacked_names == [["fold 0", "fold 2"], ["fold 1", "fold 3"]]


def test_separate_batch_norms_are_trained_alone(draw_member, settings, stacked_names):
    drawn = [draw_member(seed, domain_batch_norm=True) for seed in range(2)]
    train_networks(drawn, [settings(max_epochs=1)] * 2, stack=True)
    assert stacked_names == []


def changed(member, change):
    change(member)
    return member


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m.network.backbone.body.layers[3], "p", 0.1),
        lambda m: m.network.backbone.body.layers.__setitem__(2, nn.ReLU()),
        lambda m: setattr(m.network.backbone.body.layers[1], "eps", 0.1),
        lambda m: m.objective.weights.update(adversary=0.3),
        lambda m: setattr(m.network.backbone, "body", Instance(3, 160, 64.0)),
    ],
    ids=["dropout", "activation", "epsilon", "weight of a term", "class"],
)
def test_networks_that_share_only_shapes_do_not_share_a_stack(draw_member, settings, change):
    """A stack computes the layers of its first network with the weights of all."""
    first, second, other = (draw_member(seed, Convolutional) for seed in range(3))
    assert stack_signature(first, settings()) == stack_signature(second, settings())
    assert stack_signature(changed(other, change), settings()) != stack_signature(first, settings())


def test_a_signature_can_be_a_key(draw_member, settings):
    for backbone in ("EEGNet", "ShallowFBCSPNet", "ATCNet", Convolutional):
        one, other = (draw_member(seed, backbone) for seed in range(2))
        signatures = {stack_signature(member, settings()) for member in (one, other)}
        assert len(signatures) == 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda n: torch.rand(n),
        lambda n: torch.rand(n).bfloat16(),
        lambda n: torch.rand(n).to_sparse(),
        lambda n: torch.rand(n, requires_grad=True),
        lambda n: torch.rand(n).numpy(),
        lambda n: [torch.randperm(n)],
    ],
    ids=["tensor", "half", "sparse", "with gradient", "array", "list"],
)
@pytest.mark.parametrize("name", ["mask", "_mask"])
def test_arrays_that_are_no_weights_count(draw_member, settings, draw, name):
    one, other, same = draw_member(0), draw_member(1), draw_member(2)
    setattr(one.network, name, draw(20))
    setattr(other.network, name, draw(20))
    setattr(same.network, name, getattr(one.network, name))
    assert stack_signature(one, settings()) == stack_signature(same, settings())
    assert stack_signature(one, settings()) != stack_signature(other, settings())


def test_networks_with_arrays_of_their_own_are_trained_as_alone(draw_member, settings):
    alone, stacked = members(draw_member, 2, Projecting)
    train_networks(alone, [settings(max_epochs=2)] * 2, stack=False)
    train_networks(stacked, [settings(max_epochs=2)] * 2, stack=True)
    for one, other in zip(alone, stacked, strict=True):
        assert_equal(one, other)


def test_settings_of_a_dataclass_count(draw_member, settings):
    one, other = draw_member(0), draw_member(1)
    one.network.schedule, other.network.schedule = settings(), settings(lr=0.5)
    assert stack_signature(one, settings()) != stack_signature(other, settings())
    other.network.schedule = settings()
    assert stack_signature(one, settings()) == stack_signature(other, settings())


# --- networks that cannot be stacked


@pytest.mark.parametrize("backbone", [Branching, Recurrent, Momentless])
def test_networks_that_vmap_cannot_compute_are_trained_alone_to_the_bit(
    draw_member, settings, caplog, backbone
):
    alone, stacked = members(draw_member, 3, backbone)
    expected = train_networks(alone, [settings(max_epochs=2)] * 3, stack=False)
    with caplog.at_level(logging.INFO, "bci_dann.training"):
        histories = train_networks(stacked, [settings(max_epochs=2)] * 3, stack=True)
    assert histories == expected
    for one, other in zip(alone, stacked, strict=True):
        assert_equal(one, other)
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("3 networks are trained one by one, not stacked: ")
    assert len(message) > 70  # torch's own words follow


def test_a_network_that_draws_from_torch_draws_the_same_when_its_stack_fails(draw_member, settings):
    seeds = [np.random.SeedSequence(seed) for seed in range(2)]
    alone, stacked = (
        [draw_member(seed, Drawing, torch_seed=seeds[seed]) for seed in range(2)] for _ in range(2)
    )
    train_networks(alone, [settings()] * 2, stack=False)
    train_networks(stacked, [settings()] * 2, stack=True)
    for one, other in zip(alone, stacked, strict=True):
        assert_equal(one, other)


def test_a_failing_network_is_reported_for_itself(draw_member, settings):
    """The error of one does not concern the others, nor is it hidden where stacks fail."""
    alone, healthy, broken = (draw_member(seed, Branching) for seed in (0, 0, 1))
    broken.data.X[:] = float("inf")
    train(alone, settings())
    history, error = train_networks([healthy, broken], [settings()] * 2, stack=True)
    assert len(history) == settings().max_epochs
    assert "fold 1 is not finite" in str(error)
    assert_equal(alone, healthy)


def test_an_error_of_a_layer_itself_is_raised(draw_member, settings):
    drawn = [draw_member(seed, Convolutional) for seed in range(2)]
    for member in drawn:
        member.network.backbone.body.layers[2] = nn.Linear(7, 7)
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        train_networks(drawn, [settings()] * 2, stack=True)


def test_order_of_the_results_is_that_of_the_members(draw_member, settings):
    lengths = [3, 1, 2]
    drawn = [draw_member(seed, "MLP") for seed in range(3)]
    own = [replace(settings(), max_epochs=n) for n in lengths]
    assert [len(history) for history in train_networks(drawn, own, stack=True)] == lengths
