"""Linear heads against scikit-learn, and against the conditions that a minimum meets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from bci_dann.exceptions import TrainingError
from bci_dann.objectives import UNLABELLED, Objective
from bci_dann.objectives.entropy import InformationMaximisation
from bci_dann.training import (
    LinearHead,
    TrainingData,
    fit_linear,
    ridge_penalty,
    source_penalty,
)


def draw(n_classes: int = 2, n: int = 120, n_features: int = 5, seed: int = 0) -> TrainingData:
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n)
    X = rng.standard_normal((n, n_features)) + np.eye(n_classes, n_features)[labels]
    return TrainingData(
        torch.from_numpy(X),
        torch.from_numpy(labels),
        torch.zeros(n, dtype=torch.long),
        torch.ones(n, dtype=torch.float64),
        torch.zeros(n, dtype=torch.bool),
    )


def probabilities(head: LinearHead, X: torch.Tensor) -> np.ndarray:
    return (X @ head.weights + head.biases).softmax(1).numpy()


@pytest.mark.parametrize("C", [0.01, 1.0])
def test_with_a_ridge_it_is_scikit_learns_logistic_regression(C):
    data = draw()
    head = fit_linear(data, Objective(), ridge_penalty(5, 2, C, len(data.X)))
    X, y = data.X.numpy(), data.labels.numpy()
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(
        probabilities(head, data.X), theirs.predict_proba(X), rtol=0, atol=2e-4
    )


def test_a_head_is_the_same_inside_no_grad():
    data, penalty = draw(), ridge_penalty(5, 2, C=1.0, n_labelled=120)
    expected = fit_linear(data, Objective(), penalty)
    with torch.no_grad():
        head = fit_linear(data, Objective(), penalty)
    assert torch.equal(head.weights, expected.weights)
    assert torch.equal(head.biases, expected.biases)


def test_weights_of_trials_count():
    data = draw()
    doubled = torch.arange(120) % 3 == 0
    index = torch.cat([torch.arange(120), torch.nonzero(doubled)[:, 0]])
    repeated = TrainingData(
        *(getattr(data, name)[index] for name in ("X", "labels", "domains", "weights", "is_target"))
    )
    weighted = TrainingData(
        data.X, data.labels, data.domains, (1.0 + doubled.double()) * 120 / 160, data.is_target
    )
    heads = [
        fit_linear(part, Objective(), ridge_penalty(5, 2, 1.0, 160))
        for part in (repeated, weighted)
    ]
    for a, b in zip(*heads, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


def test_three_classes_reach_a_gradient_of_zero():
    data = draw(3)
    penalty = ridge_penalty(5, 3, 1.0, len(data.X))
    head = fit_linear(data, Objective(), penalty)
    assert head.weights.dtype is torch.float64
    weights, biases = (part.clone().requires_grad_() for part in head)
    loss = torch.nn.functional.cross_entropy(data.X @ weights + biases, data.labels)
    (loss + penalty.value(weights, biases)).backward()
    assert float(weights.grad.abs().max()) < 1e-4
    assert float(biases.grad.abs().max()) < 1e-4


def test_the_result_does_not_depend_on_chance():
    data = draw(3)
    torch.manual_seed(1)
    first = fit_linear(data, Objective(), ridge_penalty(5, 3, 1.0, 120))
    state = torch.get_rng_state()
    second = fit_linear(data, Objective(), ridge_penalty(5, 3, 1.0, 120))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(map(torch.equal, first, second))


def test_the_objective_and_the_start_are_left_alone():
    data, start = draw(), LinearHead(torch.ones(5, 2).double(), torch.zeros(2).double())
    fit_linear(data, Objective(), ridge_penalty(5, 2, 1.0, 120), start)
    assert torch.equal(start.weights, torch.ones(5, 2).double())
    assert not start.weights.requires_grad


def test_a_convex_loss_has_one_minimum_wherever_it_starts():
    data, penalty = draw(), ridge_penalty(5, 2, 0.1, 120)
    far = LinearHead(torch.full((5, 2), 3.0).double(), torch.ones(2).double())
    near, other = (
        fit_linear(data, Objective(), penalty),
        fit_linear(data, Objective(), penalty, far),
    )
    difference = probabilities(near, data.X) - probabilities(other, data.X)
    assert np.abs(difference).max() < 1e-3


def test_a_penalty_holds_the_head_near_its_reference():
    """The stronger the ridge, the nearer; where nothing pulls, the head is the reference."""
    data = draw()
    source = fit_linear(data, Objective(), ridge_penalty(5, 2, 1.0, 120))
    target = draw(seed=5)
    distances = []
    for ridge in (1e-3, 1e-1, 10.0):
        penalty = source_penalty(source, data.X, ridge)
        head = fit_linear(target, Objective(), penalty)
        distances.append(float((head.weights - source.weights).norm()))
    assert distances[0] > distances[1] > 10 * distances[2]
    unlabelled = TrainingData(
        target.X, torch.full((120,), UNLABELLED), target.domains, target.weights, ~target.is_target
    )
    head = fit_linear(unlabelled, Objective(), penalty)
    assert all(map(torch.equal, head, source))


def test_terms_of_the_target_move_the_head():
    data = draw()
    source = fit_linear(data, Objective(), ridge_penalty(5, 2, 1.0, 120))
    unlabelled = TrainingData(
        data.X, torch.full((120,), UNLABELLED), data.domains, data.weights, ~data.is_target
    )
    objective = Objective({"im": InformationMaximisation()})
    head = fit_linear(unlabelled, objective, source_penalty(source, data.X, 1e-3), source)

    def uncertainty(head):
        p = probabilities(head, data.X)
        return -(p * np.log(p)).sum(1).mean()

    assert uncertainty(head) < uncertainty(source)


def test_a_loss_that_is_not_finite_is_an_error():
    data = draw()
    data.X[3] = torch.inf
    with pytest.raises(TrainingError, match="loss of the linear head is not finite"):
        fit_linear(data, Objective(), ridge_penalty(5, 2, 1.0, 120))


def test_a_head_that_diverges_is_an_error():
    data = draw()
    data.X[0, 0] = 1e100  # its first loss is finite
    with pytest.raises(TrainingError, match="not finite"):
        fit_linear(data, Objective(), ridge_penalty(5, 2, 1.0, len(data.X)))
