"""Networks trained in one stack against the same networks trained alone."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from bci_dann.exceptions import BCIDannWarning, ConfigError, TrainingError
from bci_dann.models import Decoder, make_backbone
from bci_dann.objectives import DomainAdversary, Objective
from bci_dann.training import Member, TrainingData, TrainingSettings, stacking, train, train_stack

SETTINGS = TrainingSettings(max_epochs=4, batch_size=16, lr=1e-2, weight_decay=1e-3, device="cpu")


def member(seed: int, backbone: str = "EEGNet", n: int = 48, n_chans: int = 3) -> Member:
    generator = torch.Generator().manual_seed(100 + seed)
    X = torch.randn(n, n_chans, 160, generator=generator)
    labels = torch.arange(n) % 2
    X[labels == 1] *= 1.5
    torch.manual_seed(seed)
    network = Decoder(make_backbone(backbone, n_chans, 160, sfreq=64.0), n_classes=2)
    adversary = DomainAdversary(network.backbone.n_features, 3)
    data = TrainingData(X, labels, torch.arange(n) % 3, torch.ones(n), torch.arange(n) % 3 == 2)
    rng = np.random.default_rng(seed)
    return Member(network, Objective({"adversary": adversary}), data, rng, f"fold {seed}")


def assert_like(one: Member, other: Member) -> None:
    """Compare what the networks say; a bias before a batch norm may be anything."""
    with torch.no_grad():
        outputs = [
            (*m.network(one.data.X), m.objective.terms["adversary"].head(m.network(one.data.X)[0]))
            for m in (one, other)
        ]
    for a, b in zip(*outputs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("backbone", ["EEGNet", "ShallowFBCSPNet"])
def test_a_stack_equals_its_members_alone(backbone):
    alone, together = ([member(seed, backbone) for seed in range(3)] for _ in range(2))
    histories = [train(one, SETTINGS) for one in alone]
    stacked = train_stack(together, SETTINGS)
    for one, other in zip(alone, together, strict=True):
        assert_like(one, other)
    for history, other in zip(histories, stacked, strict=True):
        assert [list(epoch) for epoch in other] == [["classification", "adversary"]] * 4
        for epoch, its_like in zip(history, other, strict=True):
            assert epoch == pytest.approx(its_like, rel=1e-3)
    assert not any(one.network.training for one in together)


def test_members_are_not_trained_alike():
    first, second = members = [member(0), member(1)]
    train_stack(members, SETTINGS)
    weights = [m.network.head.weight for m in (first, second)]
    assert not torch.allclose(*weights, atol=1e-2)


def test_members_that_share_their_trials_prepare_them_once(monkeypatch):
    first, second = member(0), member(1)
    members = [first, Member(second.network, second.objective, first.data, second.rng)]
    seen = []
    prepare = Decoder.prepare
    monkeypatch.setattr(Decoder, "prepare", lambda net, X: seen.append(len(X)) or prepare(net, X))
    train_stack(members, SETTINGS)
    assert seen == [1, 48, 8]  # the size of one, all, a few to try gradients on


def test_a_loss_that_is_not_finite_stops_its_member_only():
    alone, healthy, broken = member(0), member(0), member(1)
    broken.data.X[:] = 1e30
    train(alone, SETTINGS)
    history, error = train_stack([healthy, broken], SETTINGS)
    assert isinstance(error, TrainingError)
    assert "fold 1" in str(error)
    assert "epoch 1" in str(error)
    assert len(history) == SETTINGS.max_epochs
    assert_like(alone, healthy)


@pytest.mark.parametrize("other", [{"n": 64}, {"n_chans": 4}, {"backbone": "ShallowFBCSPNet"}])
def test_members_of_other_shapes_are_refused(other):
    with pytest.raises(ConfigError, match="fold 1 and fold 0 differ"):
        train_stack([member(0), member(1, **other)], SETTINGS)


def test_without_memory_for_all_the_stack_is_halved(monkeypatch):
    alone, together = ([member(seed) for seed in range(3)] for _ in range(2))
    step = stacking.StackTraining.step

    def small(stack, batch, progress, lr):
        if len(batch.labels) > 2 and progress > 0.3:  # in the middle of the training
            raise torch.OutOfMemoryError("too much")
        return step(stack, batch, progress, lr)

    monkeypatch.setattr(stacking.StackTraining, "step", small)
    with pytest.warns(BCIDannWarning, match="no memory for 3 networks"):
        histories = train_stack(together, SETTINGS)
    assert [len(history) for history in histories] == [4, 4, 4]
    for one, other in zip(alone, together, strict=True):
        train(one, SETTINGS)
        assert_like(one, other)


def test_one_network_that_does_not_fit_is_an_error(monkeypatch):
    def none(*_):
        raise torch.OutOfMemoryError("too much")

    monkeypatch.setattr(stacking.StackTraining, "step", none)
    with pytest.raises(torch.OutOfMemoryError):
        train_stack([member(0)], SETTINGS)


def test_training_does_not_touch_the_global_generator():
    torch.manual_seed(3)
    state = torch.get_rng_state()
    members = [copy.deepcopy(m) for m in (member(0), member(1))]
    torch.set_rng_state(state)
    train_stack(members, SETTINGS)
    assert torch.equal(torch.get_rng_state(), state)
