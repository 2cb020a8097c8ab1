"""Adaptation of a linear head: how strongly, from where, and held by what."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.adaptation import head_adaptation
from bci_dann.adaptation.head_adaptation import (
    STRENGTHS,
    AdaptedHead,
    adapt_head,
    head_arrays,
    head_from_arrays,
    head_probabilities,
)
from bci_dann.exceptions import TrainingError
from bci_dann.objectives import UNLABELLED, Objective, Term, read_terms
from bci_dann.training import LinearHead, TrainingData, fit_linear, ridge_penalty, source_penalty

N, N_FEATURES = 60, 3
EQUAL = np.array([0.5, 0.5])


@pytest.fixture
def problem():
    """Two sources whose class is the first feature, and a target that is turned a little."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, N)
    X = rng.normal(0, 0.5, (N, N_FEATURES))
    X[:, 0] += 2.0 * labels - 1
    is_target = np.arange(N) >= 30
    X[is_target, 1] += X[is_target, 0]  # the second feature tells as much
    data = TrainingData(
        X=torch.from_numpy(X),
        labels=torch.from_numpy(np.where(is_target, UNLABELLED, labels)),
        domains=torch.from_numpy(is_target.astype(np.int64)),
        weights=torch.ones(N, dtype=torch.float64),
        is_target=torch.from_numpy(is_target),
    )
    ridge = ridge_penalty(N_FEATURES, 2, C=1.0, n_labelled=30)
    known = TrainingData(
        *(part[:30] for part in (data.X, data.labels, data.domains, data.weights, data.is_target))
    )
    base = fit_linear(known, Objective(), ridge)
    return data, is_target, ridge, base


def adapted(problem, terms, guard=False, prior=EQUAL, data=None, to_adapt_to=None):
    given, is_target, ridge, base = problem
    return adapt_head(
        given if data is None else data,
        np.where(is_target, "new/0", "a/0"),
        is_target if to_adapt_to is None else to_adapt_to,
        base,
        ridge,
        prior,
        read_terms(terms),
        guard,
    )


def confidence(problem, head):
    data, is_target, *_ = problem
    p = head_probabilities(data.X[torch.from_numpy(is_target)], head)
    return np.abs(p[:, 0] - 0.5).mean()


def test_without_terms_the_head_stays_as_it_is(problem):
    for terms in (None, {"mcc": 0.0}):
        result = adapted(problem, terms)
        assert result == AdaptedHead(problem[3], 0.0)


def test_without_a_target_the_head_stays_as_it_is(problem):
    data = problem[0]
    sources = TrainingData(
        data.X, data.labels, data.domains, data.weights, torch.zeros(N, dtype=torch.bool)
    )
    nobody = np.zeros(N, dtype=bool)
    result = adapted(problem, {"mcc": 1.0}, data=sources, to_adapt_to=nobody)
    assert result == AdaptedHead(problem[3], 0.0)


def test_without_a_guard_the_full_strength_is_taken(problem):
    result = adapted(problem, {"information_maximisation": 1.0})
    assert result.strength == 1.0
    assert confidence(problem, result.head) > confidence(problem, problem[3]) + 0.02
    # it is the minimum of the objective with these terms, found from the head before
    data, _, ridge, base = problem
    sizes = head_adaptation.Sizes(1, 2, n_domains=2, has_target=True)
    objective = head_adaptation.build_objective(
        read_terms({"information_maximisation": 1.0}), sizes
    )
    with_prior = TrainingData(**{**vars(data), "prior": torch.from_numpy(EQUAL)})
    expected = fit_linear(with_prior, objective, ridge, base)
    torch.testing.assert_close(result.head.weights, expected.weights)


@pytest.mark.parametrize("index", range(len(STRENGTHS)))
def test_the_guard_chooses_among_increasing_strengths(problem, monkeypatch, index):
    seen = []

    def choose(scores, domains):
        seen.append((scores, domains))
        return index

    monkeypatch.setattr(head_adaptation, "strongest_without_drift", choose)
    result = adapted(problem, {"information_maximisation": 1.0}, guard=True)
    assert result.strength == STRENGTHS[index]
    ((scores, domains),) = seen
    assert [part.shape for part in scores] == [(30, 2)] * len(STRENGTHS)
    assert domains.tolist() == ["new/0"] * 30
    data, is_target, _, base = problem
    new = data.X[torch.from_numpy(is_target)]
    np.testing.assert_allclose(scores[0], (new @ base.weights + base.biases).numpy())
    np.testing.assert_allclose(
        scores[index], (new @ result.head.weights + result.head.biases).numpy()
    )
    sure = [np.abs(part[:, 0] - part[:, 1]).mean() for part in scores]
    assert sure == sorted(sure)


def test_a_strength_is_a_share_of_the_weights(problem, monkeypatch):
    monkeypatch.setattr(head_adaptation, "strongest_without_drift", lambda *_: 2)
    quarter = adapted(problem, {"entropy": 0.8}, guard=True).head
    whole = adapted(problem, {"entropy": 0.2}).head
    torch.testing.assert_close(quarter.weights, whole.weights, atol=1e-5, rtol=1e-5)


def test_labelled_trials_of_the_target_are_no_evidence_for_the_guard(problem, monkeypatch):
    is_target = problem[1]
    unlabelled = is_target & (np.arange(N) >= 45)
    shapes = []
    monkeypatch.setattr(
        head_adaptation,
        "strongest_without_drift",
        lambda s, d: shapes.append((len(s[0]), len(d))) or 0,
    )
    adapted(problem, {"entropy": 0.1}, guard=True, to_adapt_to=unlabelled)
    assert shapes == [(15, 15)]


def test_too_few_trials_are_not_adapted_to(problem):
    few = np.arange(N) >= N - 19
    result = adapted(problem, {"entropy": 1.0}, guard=True, to_adapt_to=few)
    assert result.strength == 0.0
    torch.testing.assert_close(result.head.weights, problem[3].weights)


def test_the_penalty_holds_the_head(problem):
    """With a stiffer penalty on deviation from the source-trained head it moves less."""
    data, is_target, ridge, base = problem
    new = TrainingData(
        *(
            part[is_target]
            for part in (data.X, data.labels, data.domains, data.weights, data.is_target)
        )
    )
    moved = []
    for stiffness in (1.0, 100.0):
        penalty = source_penalty(
            base, data.X[~torch.from_numpy(is_target)], ridge.ridge * stiffness
        )
        result = adapt_head(
            new,
            np.repeat("new/0", 30),
            np.ones(30, dtype=bool),
            base,
            penalty._replace(factor=penalty.factor * stiffness**0.5),
            EQUAL,
            read_terms({"information_maximisation": 1.0}),
            guard=False,
        )
        moved.append(float((result.head.weights - base.weights).norm()))
    assert moved[0] > 3 * moved[1] > 0


def test_estimated_class_shares_draw_the_decisions(problem):
    shares = []
    for prior in ([0.5, 0.5], [0.9, 0.1]):
        result = adapted(problem, {"information_maximisation": 10.0}, prior=np.array(prior))
        data, is_target, *_ = problem
        p = head_probabilities(data.X[torch.from_numpy(is_target)], result.head)
        shares.append(p[:, 0].mean())
    assert shares[1] > shares[0] + 0.02


def test_a_term_that_is_not_finite_stops_the_adaptation(problem):
    class Broken(Term):
        def forward(self, batch):
            return batch.logits.mean() * torch.inf

    with pytest.raises(TrainingError, match="loss of the linear head is not finite"):
        adapted(problem, [Broken()])


# --- heads ----------------------------------------------------------------------------------------


def test_probabilities_are_the_softmax_of_the_scores():
    head = LinearHead(
        torch.tensor([[1.0, -1.0], [0.0, 2.0]]).double(), torch.tensor([0.5, 0]).double()
    )
    X = np.array([[1.0, 2.0], [0.0, 0.0]])
    scores = X @ head.weights.numpy() + head.biases.numpy()
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(head_probabilities(torch.from_numpy(X), head), expected)
    large = head_probabilities(torch.tensor([[1e4, 0.0]]).double(), head)
    np.testing.assert_array_equal(large, [[1.0, 0.0]])


def test_a_head_is_restored_from_its_arrays(problem):
    base = problem[3]
    arrays = head_arrays("base", base)
    assert set(arrays) == {"base.weights", "base.biases"}
    again = head_from_arrays({k.removeprefix("base."): v for k, v in arrays.items()})
    for part in LinearHead._fields:
        assert torch.equal(getattr(again, part), getattr(base, part))
    with pytest.raises(KeyError, match="biases"):
        head_from_arrays({"weights": arrays["base.weights"]})


def test_strengths_begin_without_adaptation_and_end_with_the_full_weights():
    assert STRENGTHS[0] == 0.0
    assert STRENGTHS[-1] == 1.0
    assert list(STRENGTHS) == sorted(STRENGTHS)
