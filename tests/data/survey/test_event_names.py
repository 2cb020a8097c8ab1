"""Names of events: classes, other meanings, and what cannot be a cue."""

from __future__ import annotations

import pytest

from bci_dann.data.survey.event_names import (
    class_named,
    known_meaning,
    may_be_cue,
    may_end_task,
)


@pytest.mark.parametrize(
    ("event", "label"),
    [
        ("769", "left_hand"),
        ("771", "feet"),
        ("772", "tongue"),
        ("OVTK_GDF_Left", "left_hand"),
        ("OVTK_GDF_Foot", "feet"),
        ("LEFT HAND", "left_hand"),
        ("rightHand", "right_hand"),
        ("cue/left_foot", "left_foot"),
        ("RH", "right_hand"),
        ("both hands", "hands"),
        ("idle", "rest"),
        ("start_left", "left_hand"),
        ("Comment/left", "left_hand"),
    ],
)
def test_a_name_tells_a_class(event, label):
    assert class_named(event) == label


@pytest.mark.parametrize(
    "event",
    ["feedback_left", "Left correct", "left or right", "T1", "bright", "leftover", "768", ""],
)
def test_a_name_that_tells_no_class(event):
    assert class_named(event) == ""


def test_codes_of_other_events_have_a_meaning():
    assert known_meaning("1023") == "a rejected trial"
    assert known_meaning("BAD_blink") == "a segment that is marked bad"
    assert known_meaning("New Segment/") == known_meaning("boundary") == "an interruption"
    assert known_meaning("5") == ""


def test_events_around_a_task():
    assert may_be_cue("S  1")
    assert not may_be_cue("End_Of_Trial")
    assert not may_be_cue("768")
    assert may_end_task("End_Of_Trial")
    assert not may_end_task("Start_Of_Trial")
    assert not may_end_task("768")
