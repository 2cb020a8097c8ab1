from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from bci_dann.features import Subspace
from bci_dann.training import (
    LinearHead,
    penalty_without_directions,
    ridge_penalty,
    source_penalty,
)

RIDGE = 0.02


@pytest.fixture
def trained():
    """A head for two classes, and the features of its trials, of which two go together."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 6))
    X[:, 1] = X[:, 0] + 0.1 * rng.standard_normal(300)
    weights = rng.standard_normal((6, 1)) @ [[-0.5, 0.5]]
    return torch.from_numpy(X), LinearHead(torch.from_numpy(weights), torch.zeros(2).double())


def moved(head, step):
    weights, biases = torch.from_numpy(step[:-1]), torch.from_numpy(step[-1])
    return head.weights + weights, head.biases + biases


def test_cost_is_what_leaving_costs_the_trials_of_the_training(trained):
    X, head = trained
    anchor = source_penalty(head, X, ridge=0.0)
    step = 0.05 * np.random.default_rng(1).standard_normal((7, 2))
    # as the trials themselves say, labelled as the head believes: the gradient is zero there
    p = torch.softmax(X @ head.weights + head.biases, 1)

    def loss(weights, biases):
        return cross_entropy(X @ weights + biases, p)

    there, back = (loss(*moved(head, sign * step)) for sign in (1, -1))
    rise = float((there + back) / 2 - loss(*head))
    assert float(anchor.value(*moved(head, step))) == pytest.approx(rise, rel=0.02)


def test_three_classes_that_are_equally_likely_are_exact():
    rng = np.random.default_rng(0)
    X = torch.from_numpy(rng.standard_normal((200, 4)))
    head = LinearHead(torch.zeros(4, 3).double(), torch.zeros(3).double())
    step = 0.05 * rng.standard_normal((5, 3))
    weights, biases = moved(head, step)
    p = torch.full((200, 3), 1 / 3).double()
    rise = float(cross_entropy(X @ weights + biases, p) - cross_entropy(X @ head.weights, p))
    cost = source_penalty(head, X, ridge=0.0).value(weights, biases)
    assert float(cost) == pytest.approx(rise, rel=0.05)


def test_what_probabilities_do_not_know_costs_only_the_ridge(trained):
    X, head = trained
    step = np.repeat(np.random.default_rng(1).standard_normal((7, 1)), 2, axis=1)
    cost = source_penalty(head, X, RIDGE).value(*moved(head, step))
    assert float(cost) == pytest.approx(RIDGE * (step[:-1] ** 2).sum())


def test_features_that_go_together_may_stand_in_for_each_other(trained):
    X, head = trained
    anchor = source_penalty(head, X, ridge=0.0)
    together, apart = np.zeros((2, 7, 2))
    together[:2] = [[0.5, -0.5], [-0.5, 0.5]]
    apart[[0, 3]] = [[0.5, -0.5], [-0.5, 0.5]]
    costs = [float(anchor.value(*moved(head, step))) for step in (together, apart)]
    assert costs[0] < costs[1] / 20


def test_the_strongest_directions_of_many_are_kept_and_no_generator_is_touched():
    rng = np.random.default_rng(0)
    common = rng.standard_normal((150, 20)) @ rng.standard_normal((20, 400))
    X = torch.from_numpy(common + 0.01 * rng.standard_normal(common.shape))
    head = LinearHead(torch.zeros(400, 2).double(), torch.zeros(2).double())
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    anchor, again = source_penalty(head, X, RIDGE), source_penalty(head, X, RIDGE)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[1])
    assert anchor.factor.shape == (64, 401)
    assert torch.equal(anchor.factor, again.factor)
    whole = torch.cat([X, torch.ones(150, 1).double()], 1) * np.sqrt(0.25 / 150)
    torch.testing.assert_close(anchor.factor.T @ anchor.factor, whole.T @ whole, rtol=0, atol=1e-2)


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_a_head_that_avoids_directions_is_the_cheapest_that_does(trained, mean):
    X, head = trained
    X = X + mean  # biases make up for weights
    directions = np.linalg.qr(np.random.default_rng(2).standard_normal((6, 2)))[0]
    anchor = source_penalty(head, X, RIDGE)
    found = penalty_without_directions(anchor, directions)
    np.testing.assert_allclose(directions.T @ found.head.weights.numpy(), 0, atol=1e-12)
    # the same by brute force, in coordinates of what is left
    left = torch.from_numpy(np.linalg.svd(directions)[0][:, 2:])
    inner, biases = torch.zeros(4, 2).double(), torch.zeros(2).double()
    optimiser = torch.optim.LBFGS(
        [inner.requires_grad_(), biases.requires_grad_()], max_iter=500, tolerance_change=1e-14
    )

    def cost():
        optimiser.zero_grad()
        total = anchor.value(left @ inner, biases)
        total.backward()
        return total

    optimiser.step(cost)
    torch.testing.assert_close(found.head.weights, (left @ inner).detach(), rtol=0, atol=1e-4)
    # and what the directions were is of no cost any more
    step = np.vstack([directions @ np.ones((2, 2)) * [1, -1], np.zeros(2)])
    assert float(found._replace(ridge=0.0).value(*moved(found.head, step))) < 1e-20


def test_what_a_direction_said_is_left_to_what_varies_with_it(trained):
    X, head = trained
    first = np.eye(6)[:, :1]
    found = penalty_without_directions(source_penalty(head, X, 1e-6), first)
    score = (X @ head.weights)[:, 1]
    dropped = head.weights.clone()
    dropped[0] = 0
    errors = [float((score - (X @ w)[:, 1]).square().mean()) for w in (found.head.weights, dropped)]
    assert errors[0] < errors[1] / 20


def test_a_ridge_is_the_squared_length_of_the_weights_and_biases_are_free():
    penalty = ridge_penalty(3, 2, C=0.5, n_labelled=40)
    weights = torch.arange(6.0).view(3, 2).double()
    expected = 55 / (0.5 * 40)
    for biases in (torch.zeros(2), torch.tensor([5.0, -8.0])):
        assert float(penalty.value(weights, biases.double())) == pytest.approx(expected)


def test_at_the_reference_there_is_no_penalty_and_no_gradient(trained):
    X, head = trained
    weights, biases = (part.clone().requires_grad_() for part in head)
    value = source_penalty(head, X, RIDGE).value(weights, biases)
    value.backward()
    assert float(value.detach()) == 0.0
    assert not weights.grad.any()
    assert not biases.grad.any()


def test_the_penalty_is_quadratic(trained):
    X, head = trained
    penalty = source_penalty(head, X, RIDGE)
    step = np.random.default_rng(1).standard_normal((7, 2))
    values = [float(penalty.value(*moved(head, factor * step))) for factor in (1, -1, 3)]
    assert values == pytest.approx([values[0], values[0], 9 * values[0]])


class TestSubspace:
    """Heads and penalties in coordinates of the span of few trials, as in all features."""

    @pytest.fixture
    def parts(self):
        rng = np.random.default_rng(0)
        wide = rng.standard_normal((12, 30))
        subspace, coordinates = Subspace.spanned_by(wide)
        inner = torch.from_numpy(coordinates)
        n_directions = inner.shape[1]
        head = LinearHead(
            torch.from_numpy(rng.standard_normal((n_directions, 2))), torch.zeros(2).double()
        )
        return torch.from_numpy(wide), subspace, inner, head

    def test_a_head_gives_the_same_logits(self, parts):
        wide, subspace, inner, head = parts
        full = head.in_feature_space(subspace)
        assert full.weights.shape == (30, 2)
        torch.testing.assert_close(wide @ full.weights, inner @ head.weights)
        assert full.biases is head.biases

    def test_a_penalty_has_the_same_value(self, parts):
        _, subspace, inner, head = parts
        penalty = source_penalty(head, inner, RIDGE)
        other = LinearHead(2 * head.weights, torch.tensor([0.3, -0.3]).double())
        value = penalty.in_feature_space(subspace).value(*other.in_feature_space(subspace))
        torch.testing.assert_close(value, penalty.value(*other))

    def test_all_of_space_changes_nothing(self, parts):
        _, _, inner, head = parts
        penalty = source_penalty(head, inner, RIDGE)
        same = penalty.in_feature_space(Subspace())
        assert torch.equal(same.factor, penalty.factor)
        assert torch.equal(same.head.weights, head.weights)
