from __future__ import annotations

import math

import pytest
import torch

from bci_dann.objectives import (
    UNLABELLED,
    BatchView,
    DomainAdversary,
    Objective,
    Sizes,
    classification_loss,
    ganin_schedule,
)


def view(progress: float = 1.0, **changes) -> BatchView:
    torch.manual_seed(0)
    parts = {
        "features": torch.randn(4, 3, requires_grad=True),
        "logits": torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]),
        "labels": torch.tensor([0, 1, 0, UNLABELLED]),
        "domains": torch.tensor([0, 0, 1, 1]),
        "weights": torch.tensor([1.0, 2.0, 0.5, 9.0]),
        "is_target": torch.tensor([False, False, True, True]),
    }
    return BatchView(**{**parts, **changes}, progress=progress)


def test_classification_loss_by_hand():
    softplus = lambda z: math.log1p(math.exp(z))  # noqa: E731 (CE of two logits)
    expected = (1.0 * softplus(-2) + 2.0 * softplus(-1) + 0.5 * softplus(0)) / 3
    assert float(classification_loss(view())) == pytest.approx(expected, rel=1e-6)


def test_batch_without_labels_costs_nothing():
    loss = classification_loss(view(labels=torch.full((4,), UNLABELLED)))
    assert float(loss) == 0.0


def test_ganin_schedule_is_the_papers():
    assert ganin_schedule(0.0) == 0.0
    assert ganin_schedule(0.5) == pytest.approx(2 / (1 + math.exp(-5)) - 1)
    assert ganin_schedule(1.0) > 0.999
    as_tensor = ganin_schedule(torch.tensor(0.5, dtype=torch.float64))
    assert as_tensor.item() == pytest.approx(ganin_schedule(0.5), rel=1e-14)


def test_adversary_trains_the_head_and_reverses_towards_the_features():
    adversary = DomainAdversary().build(Sizes(3, 2, 2, has_target=True))
    batch = view(progress=1.0)
    adversary(batch).backward()
    plain = view(progress=1.0)
    torch.nn.functional.cross_entropy(adversary.head(plain.features), plain.domains).backward()
    lam = ganin_schedule(1.0)
    torch.testing.assert_close(batch.features.grad, -lam * plain.features.grad)
    assert adversary.head[0].weight.grad.abs().sum() > 0


def test_adversary_leaves_the_features_alone_at_the_start():
    batch = view(progress=0.0)
    DomainAdversary().build(Sizes(3, 2, 2, has_target=True))(batch).backward()
    assert float(batch.features.grad.abs().sum()) == 0.0


def test_objective_weighs_its_terms():
    class Two(torch.nn.Module):
        def forward(self, batch):
            return torch.tensor(2.0)

    summands = Objective({"two": Two()}, {"two": 0.25})(view())
    assert float(summands["two"]) == 0.5
    assert set(summands) == {"classification", "two"}
