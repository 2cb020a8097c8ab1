from __future__ import annotations

import math

import pytest
import torch

from bci_dann.exceptions import ConfigError
from bci_dann.objectives import (
    UNLABELLED,
    BatchView,
    DomainAdversary,
    Objective,
    Sizes,
    Term,
    classification_loss,
    ganin_schedule,
)
from bci_dann.objectives.schedules import Linear


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


# --- what a stack of networks may share ---------------------------------------------------------


class Margin(Term):
    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, batch):
        return (batch.logits.square().mean() - self.margin).square()


def signature(term=None, weight=1.0, schedule=None, name="one"):
    schedules = {} if schedule is None else {name: schedule}
    return Objective({name: term or Margin()}, {name: weight}, schedules).signature


@pytest.mark.parametrize(
    "other",
    [
        signature(Margin(2.0)),
        signature(weight=0.5),
        signature(schedule=Linear()),
        signature(schedule=Linear(until=0.5)),
        signature(name="two"),
        signature(DomainAdversary()),
        Objective().signature,
    ],
)
def test_objectives_that_differ_do_not_share_a_signature(other):
    assert signature() == signature() != other
    assert hash(signature()) == hash(signature())


def test_trained_layers_are_no_part_of_the_signature():
    sizes = Sizes(3, 2, 2, has_target=True)
    one, two = (DomainAdversary().build(sizes) for _ in range(2))
    assert not torch.equal(one.head[0].weight, two.head[0].weight)
    assert signature(one) == signature(two)


def test_parameters_of_terms_are_trained_with_the_network():
    adversary = DomainAdversary().build(Sizes(3, 2, 2, has_target=True))
    objective = Objective({"domain_adversary": adversary})
    assert set(objective.parameters()) == set(adversary.parameters())
    assert objective.names == ["classification", "domain_adversary"]
    measures = ["domain_adversary.domain_accuracy", "domain_adversary.domain_chance"]
    assert objective.measure_names == list(objective.measures(view())) == measures
    assert Objective().names == ["classification"]


def test_the_summands_add_up_to_the_gradient_of_the_loss():
    """The label loss moves the logits as if it were alone, and the term adds to it."""
    both, alone, term = (view() for _ in range(3))
    for batch in (both, alone, term):
        batch.logits.requires_grad_()
    sum(Objective({"margin": Margin()}, {"margin": 0.5})(both).values()).backward()
    sum(Objective()(alone).values()).backward()
    (0.5 * Margin()(term)).backward()
    torch.testing.assert_close(both.logits.grad, alone.logits.grad + term.logits.grad)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (torch.ones(3), r"shape \(3,\)"),
        (torch.ones(1, 1), r"shape \(1, 1\)"),
        (2.5, "2.5"),
        (None, "None"),
    ],
)
def test_a_term_that_gives_no_scalar_is_named(value, shown):
    class Wrong(torch.nn.Module):
        def forward(self, batch):
            return value

    with pytest.raises(
        ConfigError, match=f"term 'wrong': forward must give a scalar.*; got {shown}"
    ):
        Objective({"wrong": Wrong()})(view())


# --- the label loss -----------------------------------------------------------------------------


def test_weights_multiply_losses_and_are_not_normalised_batch_by_batch():
    """Twice the weights are twice the loss: only then is the risk of the target estimated."""
    batch = view()
    doubled = view(weights=2 * batch.weights)
    assert float(classification_loss(doubled)) == pytest.approx(
        2 * float(classification_loss(batch))
    )


def test_unlabelled_trials_get_no_gradient():
    batch = view()
    batch.logits.requires_grad_()
    classification_loss(batch).backward()
    assert (batch.logits.grad[3] == 0).all()
    assert (batch.logits.grad[:3] != 0).any(dim=1).all()


def test_a_measure_that_is_no_scalar_is_named():
    class Forgetful(Margin):
        measured = ("size",)

    with pytest.raises(ConfigError, match=r"term 'own': measures must give a scalar .* got None"):
        Objective({"own": Forgetful()}).measures(view())
