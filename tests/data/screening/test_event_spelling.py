"""Names of events across recordings: missing ones are refused, other spellings warned of."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from bci_dann.data.screening.event_spelling import check_events_occur, warn_of_other_spellings
from bci_dann.exceptions import BCIDannWarning, DataError

EVENTS = ["rest", "right_hand"]
BOTH = {"rest": 10, "right_hand": 10}


@pytest.mark.parametrize("name", ["REST", "Rest ", "cue/ rest", "Right  Hand"])
def test_another_spelling_is_warned_of_with_its_file(name):
    found = {"a.edf": BOTH, "b.edf": {"right_hand": 10, name: 9}, "c.edf": {name: 3}}
    message = rf"the event {name!r} \(12 times, in b.edf and 1 more\) is ignored.*'ri?e?.*`events`"
    with pytest.warns(BCIDannWarning, match=message):
        warn_of_other_spellings(found, EVENTS)


@pytest.mark.parametrize("name", ["rest/long", "resting", "left_hand", "New Segment/", ""])
def test_other_events_are_ignored_silently(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_other_spellings({"a.edf": {**BOTH, name: 3}}, EVENTS)


def test_an_event_that_occurs_in_one_recording_or_as_a_tag_is_enough():
    check_events_occur([["rest"], ["cue/right_hand"]], EVENTS, Path("folder"), "any recording")
    with pytest.raises(DataError, match=r"'rest' does not occur in any .*Did you mean 'Rest'"):
        check_events_occur([["Rest"], []], EVENTS, Path("folder"), "any recording")
