"""The configuration of a folder of recordings."""

from __future__ import annotations

import pytest

from bci_dann._config import validate
from bci_dann.data import RecordingsLayout
from bci_dann.exceptions import ConfigError

EVENTS = {"left": "left_hand", "right": "right_hand"}


def make(**keys):
    return validate(RecordingsLayout, {"pattern": "{subject}.fif", "events": EVENTS, **keys}, "x")


def test_defaults():
    layout = make()
    assert layout.format == "files"
    assert layout.interval == (0.0, 4.0)
    assert layout.unit_scale == 1.0
    assert layout.montage == "standard_1020"


def test_classes_come_in_the_order_of_events_and_once():
    events = {"770": "right_hand", "769": "left_hand", "R": "right_hand"}
    assert make(events=events).classes == ["right_hand", "left_hand"]


@pytest.mark.parametrize(
    "pattern", ["{subject}.fif", "a/{subject}_{session}_{run}.edf", "{subject}/{subject}*.gdf"]
)
def test_patterns_with_known_fields(pattern):
    assert make(pattern=pattern).pattern == pattern


def test_bids_needs_no_pattern():
    layout = validate(RecordingsLayout, {"format": "bids", "events": EVENTS}, "x")
    assert layout.pattern is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pattern": "{session}.fif"}, r"needs the field \{subject\}"),
        ({"pattern": "plain.fif"}, r"needs the field \{subject\}"),
        ({"pattern": "{subjekt}.fif"}, r"unknown field \{subjekt\}. Did you mean 'subject'"),
        ({"pattern": "{subject.fif"}, "the pattern cannot be read"),
        ({"pattern": None}, "'pattern' is missing, for example.*or set format: bids"),
        ({"events": {}}, "events"),
        ({"events": ["left"]}, "events"),
        ({"interval": (4, 0)}, "start < end"),
        ({"interval": (4, 4)}, "start < end"),
        ({"exclude": {"sesion": ["1"]}}, "Did you mean 'session'"),
        ({"unit_scale": 0}, "unit_scale.*greater than 0"),
        ({"format": "edf"}, "format.*'files' or 'bids'"),
        ({"patern": "x"}, "unknown key 'patern'. Did you mean 'pattern'"),
    ],
)
def test_wrong_layouts_are_explained(changes, message):
    with pytest.raises(ConfigError, match=f"^x: .*{message}"):
        make(**changes)


def test_a_layout_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        make().montage = None
