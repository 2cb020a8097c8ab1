"""Cues by the names of events, or by how they occur; the length of a task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bci_dann.data.survey.cue_guess import guess_cues, guess_task


def table(*rows):
    return pd.DataFrame(sorted(rows), columns=["onset", "duration", "name"])


def design(names, after=(), n=20, gap=6.0, duration=0.0, seed=0):
    """Cues in random order, and other events at fixed times after each."""
    rng = np.random.default_rng(seed)
    onsets = 5.0 + gap * np.arange(n)
    cues = rng.permutation(np.resize(names, n))
    rows = [(onset, duration, str(cue)) for onset, cue in zip(onsets, cues, strict=True)]
    return table(*rows, *((onset + lag, 0.0, name) for name, lag in after for onset in onsets))


def test_names_that_tell_classes_are_cues():
    guess = guess_cues([design(["left", "right"], [("beep", -1.0)])])
    assert {one.name: one.label for one in guess.events if one.is_cue} == {
        "left": "left_hand",
        "right": "right_hand",
    }
    assert guess.events[-1].name == "beep"


def test_counts_are_over_all_recordings():
    first, second = design(["left", "right"]), design(["left", "right", "feet"], n=21)
    events = {one.name: (one.count, one.n_files) for one in guess_cues([first, second]).events}
    assert events == {"left": (17, 2), "right": (17, 2), "feet": (7, 1)}


def test_one_class_alone_is_no_choice():
    guess = guess_cues([design(["left", "A"])])
    assert guess.cues == []


def test_a_rest_after_each_trial_is_no_class():
    assert guess_cues([design(["left", "right"], [("rest", 4.0)])]).cues == ["left", "right"]
    assert "rest" in guess_cues([design(["left", "right", "rest"])]).cues


def test_a_class_that_is_rare_is_left_to_the_user():
    events = pd.concat([design(["left", "right"], n=60), table((500.0, 0.0, "tongue"))])
    assert guess_cues([events]).cues == ["left", "right"]


def test_events_in_random_order_may_be_cues_and_those_in_fixed_order_are_none():
    guess = guess_cues([design(["A", "B"], [("ready", -2.0), ("done", 3.0)])])
    assert guess.cues == []
    assert guess.candidates[:2] == ["A", "B"]
    assert guess_cues([design(["A"], [("B", 3.0)])]).candidates == []


@pytest.mark.parametrize(
    ("events", "end"),
    [
        (design(["left", "right"], duration=4.1), 4.1),
        (design(["left", "right"], [("End_Of_Trial", 3.5), ("768", 3.0)]), 3.5),
    ],
)
def test_the_task_is_as_long_as_its_cue_or_until_an_event(events, end):
    task = guess_task([events], ["left", "right"])
    assert task.is_shown
    assert task.end_s == end


def test_without_a_sign_the_task_is_the_usual_one_and_never_reaches_the_next_cue():
    task = guess_task([design(["left", "right"], gap=6.0)], ["left", "right"])
    assert (task.end_s, task.is_shown) == (4.0, False)
    assert guess_task([design(["left", "right"], gap=3.0)], ["left", "right"]).end_s == 3.0
    longer = design(["left", "right"], gap=3.0, duration=5.0)
    assert guess_task([longer], ["left", "right"]).end_s == 3.0


def test_nothing_at_all():
    assert guess_cues([table()]).events == ()
    assert guess_task([table()], []).is_shown is False
    assert guess_cues([]).candidates == []
