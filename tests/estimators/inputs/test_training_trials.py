"""Trials put together for a method, and parts of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bci_dann.estimators.inputs.signals import Signals
from bci_dann.estimators.inputs.training_trials import TARGET, UnalignedTrials
from bci_dann.objectives import UNLABELLED


def test_who_has_a_label_and_who_is_the_target(draw_trials):
    trials = draw_trials(n_source=4, n_target=4, n_labelled=2)
    assert trials.is_labelled.tolist() == [True] * 6 + [False] * 2
    assert trials.is_unlabelled_target.tolist() == [False] * 6 + [True] * 2


@pytest.mark.parametrize(
    "chosen",
    [
        [1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
        [1, 1, 1, 1, 1, 1],
    ],
)
def test_neighbours_share_memory_with_all_trials(draw_trials, chosen):
    trials = draw_trials(n_source=4, n_target=2)
    chosen = np.array(chosen, dtype=bool)
    part = trials.select(chosen)
    for field in dataclasses.fields(trials):
        whole, some = (getattr(one, field.name) for one in (trials, part))
        np.testing.assert_array_equal(some, whole[chosen])
        assert np.shares_memory(some, whole), field.name
    part.X[0] = 7.0
    assert (trials.X[np.flatnonzero(chosen)[0]] == 7.0).all()


@pytest.mark.parametrize("chosen", [[1, 0, 1, 0, 0, 0], [1, 1, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0]])
def test_others_are_copied_in_their_order(draw_trials, chosen):
    trials = draw_trials(n_source=4, n_target=2)
    chosen = np.array(chosen, dtype=bool)
    part = trials.select(chosen)
    np.testing.assert_array_equal(part.X, trials.X[chosen])
    np.testing.assert_array_equal(part.domains, trials.domains[chosen])
    assert not np.shares_memory(part.X, trials.X)


def test_labelled_trials_of_both_sides(draw_trials):
    trials = draw_trials(n_source=4, n_target=4, n_labelled=1)
    known = trials.labelled()
    assert known.labels.tolist() == [0, 1, 0, 1, 0]
    assert known.is_target.tolist() == [False] * 4 + [True]
    assert np.shares_memory(known.X, trials.X)


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        ("subject", ["a", "a", "b", "b", "<target>"]),
        ("session", ["a/0", "a/0", "b/0", "b/0", "<target>/0"]),
        ("source_target", [False, False, False, False, True]),
    ],
)
def test_what_an_adversary_tells_apart(draw_trials, domains, expected):
    assert draw_trials(n_source=4, n_target=1).domain_names(domains).tolist() == expected


def test_trials_of_a_target_have_no_labels_and_one_subject(draw_part):
    part = UnalignedTrials.unlabelled_target(draw_part(3, domains=["x/0", "x/1", "x/1"]).signals)
    assert part.is_target
    assert part.labels.tolist() == [UNLABELLED] * 3
    assert part.subjects.tolist() == [TARGET] * 3
    assert part.domains.tolist() == ["x/0", "x/1", "x/1"]  # sessions are aligned one by one


def test_trials_of_unknown_domains_are_one_domain_for_each_side(draw_part):
    source, target = (draw_part(2, is_target=side) for side in (False, True))
    assert set(source.domains) == set(source.subjects)
    assert set(target.domains) == {TARGET}
    assert not set(source.domains) & set(target.domains)


def test_subjects_of_the_sources_are_those_of_the_trials():
    signals = Signals(np.zeros((2, 1, 4)), np.array(["s1", "s2"]), np.array(["s1/0", "s2/0"]))
    assert UnalignedTrials(signals, np.array([0, 1]), is_target=False).subjects.tolist() == [
        "s1",
        "s2",
    ]
