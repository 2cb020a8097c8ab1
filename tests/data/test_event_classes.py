"""Which tag of an event's name is its class."""

from __future__ import annotations

import pytest

from bci_dann.data.event_classes import classes_of_events
from bci_dann.exceptions import DataError


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["left", "right"], ["left", "right"]),
        (["Stimulus/S  1", "Stimulus/S  2"], ["S  1", "S  2"]),
        (["left/run1", "right/run1"], ["left", "right"]),
        (
            ["left/silent", "left/sound", "right/silent", "right/sound"],
            ["left"] * 2 + ["right"] * 2,
        ),
        (["left/sound", "right/silent"], ["left", "right"]),
        (["easy/Left_Hand/1", "hard/feet/2"], ["Left_Hand", "feet"]),
        (["cue/a/x", "cue/b/x"], ["a", "b"]),
        (["rest/open"], ["open"]),
    ],
)
def test_the_tag_that_differs_or_names_imagery_is_the_class(names, classes):
    assert classes_of_events(names) == dict(zip(names, classes, strict=True))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["A/1", "A/2", "B/1", "B/2"], r"may be \['A', 'B'\] or \['1', '2'\]"),
        (["A/1", "B/2"], r"\['A/1', 'B/2'\].*EEGTrials.from_epochs\(epochs, classes="),
        (["hand/left", "hand/right", "foot/left", "foot/right"], r"\['foot', 'hand'\] or"),
        (["move/left", "move/right", "rest"], "different numbers of tags"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(names, said):
    with pytest.raises(DataError, match=said):
        classes_of_events(names)


def test_classes_may_be_said_by_tag_or_by_event():
    names = ["hand/left", "hand/right", "foot/left", "rest"]
    by_tag = classes_of_events(names, ["hand", "foot", "rest"])
    assert [by_tag[name] for name in names] == ["hand", "hand", "foot", "rest"]
    by_event = classes_of_events(names, {"left": "L", "hand/right": "R", "rest": "N"})
    assert [by_event[name] for name in names] == ["L", "R", "L", "N"]


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (["left", "rigth"], "no event has the name or tag 'rigth'. Did you mean 'right'?"),
        (["left", "right", "hand"], r"several classes, \['hand', 'left'\], for the event"),
        (["left"], "no class for the event 'hand/right'"),
        ("left", "a mapping or a list of tags; got 'left'"),
    ],
)
def test_classes_must_say_one_for_each_event(classes, said):
    with pytest.raises(DataError, match=said):
        classes_of_events(["hand/left", "hand/right"], classes)
