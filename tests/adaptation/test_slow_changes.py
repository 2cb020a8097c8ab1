from __future__ import annotations

import numpy as np
import pytest
import torch

from bci_dann.adaptation.slow_changes import SlowChanges
from bci_dann.features import Subspace, without_directions
from bci_dann.training import LinearHead

N, P = 400, 6
SLOW = np.sin(np.arange(100) / 12.0)


@pytest.fixture
def drawn():
    """Features of three sources and a new subject: classes in the first, slow changes in others."""
    rng = np.random.default_rng(0)
    labels = rng.permuted(np.tile(np.repeat([0, 1], 50), (4, 1)), axis=1).ravel()
    X = 0.3 * rng.normal(size=(N, P))
    X[:, 0] += labels - 0.5
    X[:, 1] += 2 * np.tile(SLOW, 4)
    domains = np.repeat(["1/0", "2/0", "3/0", "4/0"], 100)
    return X, labels, domains


def found(drawn, span=10.0, remove_drift=True, order=None):
    X, labels, domains = drawn
    if order is not None:
        X, labels = X[order], labels[order]
    new = domains == "4/0"
    finder = SlowChanges.from_sources(
        X[~new], labels[~new], domains[~new], 2, span=span, remove_drift=remove_drift
    )
    changes, cleaned = finder.remove(X, np.where(new, -1, labels), domains, new)
    return changes, X - cleaned, X


def test_local_changes_go_and_classes_stay(drawn):
    changes, removed, X = found(drawn)
    labels = drawn[1]
    left = X - removed
    assert left[:, 1].std() < 0.5 * X[:, 1].std()
    apart = [one[labels == 1, 0].mean() - one[labels == 0, 0].mean() for one in (left, X)]
    assert apart[0] == pytest.approx(apart[1], rel=0.1)
    assert not changes.in_blocks


def along(column, changes):
    """Return how much of a feature the directions of drift contain."""
    return float(np.linalg.norm(changes.directions[column]))


def test_strong_drift_is_projected_out_in_addition_to_local_means(drawn):
    changes, removed, _ = found(drawn)
    assert along(1, changes) > 0.95
    assert along(0, changes) < 0.2
    assert np.abs(removed[:, 1]).max() > 0.5


def test_drift_that_is_not_strong_is_left_to_local_means(drawn):
    X, labels, domains = drawn
    weak = X.copy()
    weak[:, 1] -= 1.85 * np.tile(SLOW, 4)
    assert along(1, found((weak, labels, domains), span=None)[0]) > 0.9
    assert along(1, found((weak, labels, domains))[0]) < 0.1


def test_strong_drift_along_the_class_difference_is_kept(drawn):
    X, labels, domains = drawn
    rising = np.tile(np.linspace(-3, 3, 100), 4)  # nearly all of it in the local means
    for column, is_found in ((0, False), (1, True)):
        drifting = X.copy()
        drifting[:, 1] -= 2 * np.tile(SLOW, 4)
        drifting[:, column] += rising
        assert along(column, found((drifting, labels, domains), span=None)[0]) > 0.95
        assert (along(column, found((drifting, labels, domains))[0]) > 0.5) == is_found


def test_without_a_span_directions_of_drift_are_left_out_alone(drawn):
    changes, removed, X = found(drawn, span=None)
    np.testing.assert_allclose(X - removed, without_directions(X, changes.directions), atol=1e-12)
    assert np.abs(changes.directions[1]).max() > 0.95
    changes, _, _ = found(drawn, span=None, remove_drift=False)
    assert changes.directions.shape == (P, 0)


def test_where_the_sources_cues_come_in_blocks_the_target_is_left_as_it_is(drawn):
    order = np.lexsort((drawn[1], drawn[2]))
    changes, removed, X = found(drawn, order=order)
    assert changes.in_blocks
    assert changes.directions.shape[1] == 0
    np.testing.assert_array_equal(removed[300:], 0.0)
    assert np.abs(removed[:300]).max() > 0.1  # labels tell classes from slow changes
    labels = drawn[1][order]
    means = [(X - removed)[:300][labels[:300] == k, 0].mean() for k in (0, 1)]
    assert means[1] - means[0] == pytest.approx(1.0, abs=0.1)


def test_blocks_of_the_target_alone_are_told_by_what_drifts(drawn):
    X, labels, domains = drawn
    X = X.copy()
    X[:, 1] -= 2 * np.tile(SLOW, 4)  # nothing but classes
    order = np.concatenate([np.arange(300), 300 + np.argsort(labels[300:], kind="stable")])
    _, removed, _ = found((X, labels, domains), order=order)
    np.testing.assert_array_equal(removed[300:], 0.0)
    assert np.abs(removed[:300]).max() > 0.0


def test_a_new_subject_adds_its_own_directions(drawn):
    changes, _, X = found(drawn, span=None)
    known = changes.directions.shape[1]
    new = X[300:].copy()
    new[:, 2] += 3 * np.cos(np.arange(100) / 9.0)
    unknown = np.full(100, -1)
    added, _ = changes.remove(new, unknown, drawn[2][300:], np.ones(100, dtype=bool))
    assert added.directions.shape[1] > known
    gram = added.directions.T @ added.directions
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-8)
    few, _ = changes.remove(new[:10], unknown[:10], drawn[2][300:310], np.ones(10, dtype=bool))
    assert few.directions.shape[1] == known


def test_a_head_ignores_the_directions(drawn):
    changes, _, _ = found(drawn, span=None)
    head = LinearHead(torch.randn(P, 2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    reduced = changes.project_head(head)
    np.testing.assert_allclose(changes.directions.T @ reduced.weights.numpy(), 0.0, atol=1e-10)
    np.testing.assert_array_equal(reduced.biases, head.biases)


def test_saved_and_in_feature_space(drawn):
    changes, _, X = found(drawn)
    again = SlowChanges.from_arrays(changes.to_arrays(), changes.span, changes.remove_drift)
    for name, array in changes.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)
    wide = np.hstack([X, np.zeros((N, 500))])
    subspace, coordinates = Subspace.spanned_by(wide)
    narrow = found((coordinates, *drawn[1:]))[0].in_feature_space(subspace)
    np.testing.assert_allclose(narrow.class_means[:, :P], changes.class_means, atol=1e-8)
    former = {k: v for k, v in changes.to_arrays().items() if k in ("class_means", "drift")}
    assert SlowChanges.from_arrays(former, 10.0, True).span is None


def test_strong_drift_of_one_subject_alone_is_not_projected_out(drawn):
    X, labels, domains = drawn
    rising = X.copy()
    rising[:, 1] += np.tile(np.linspace(-3, 3, 100), 4) - 2 * np.tile(SLOW, 4)
    start = found((X[:300, [0, 2, 2, 3, 4, 5]], labels[:300], domains[:300]))[0]
    unknown, new = np.full(100, -1), np.ones(100, dtype=bool)
    for includes_sources in (True, False):
        changes, _ = start.remove(rising[300:], unknown, domains[300:], new, includes_sources)
        assert (along(1, changes) > 0.5) == includes_sources
