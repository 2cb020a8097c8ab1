"""Orders of trials: sessions stay apart, and nothing gets lost."""

from __future__ import annotations

import numpy as np
import pytest

from bci_dann.data.regimes.trial_order import by_session, in_blocks, shuffled


def test_sessions_come_in_the_order_in_which_they_occur():
    parts = by_session(np.array(["z", "z", "a", "z", "a"]))
    assert [part.tolist() for part in parts] == [[0, 1, 3], [2, 4]]


def test_cues_come_in_blocks_within_each_session():
    labels = np.array(list("abababbb") + list("ba"))
    sessions = np.array(["first"] * 8 + ["second"] * 2)
    order = in_blocks(labels, sessions, 2)
    assert "".join(labels[order]) == "aabbabbb" + "ab"
    assert set(sessions[order][:8]) == {"first"}
    for name in "ab":
        in_class = order[labels[order] == name]
        assert list(in_class) == sorted(in_class)  # trials of a class keep their order


def test_trials_are_shuffled_within_each_session():
    sessions = np.repeat(["first", "second"], 50)
    order = shuffled(sessions, np.random.default_rng(0))
    np.testing.assert_array_equal(sessions[order], sessions)
    assert sorted(order) == list(range(100))
    assert list(order) != sorted(order)


@pytest.mark.parametrize("length", [1, 3, 1000])
def test_blocks_of_any_length_hold_every_trial_once(length):
    labels = np.random.default_rng(0).choice(["a", "b", "c"], 50)
    order = in_blocks(labels, np.repeat(["x", "y"], 25), length)
    assert sorted(order) == list(range(50))
    if length == 1000:
        assert "".join(labels[order][:25]) == "".join(sorted(labels[:25]))
