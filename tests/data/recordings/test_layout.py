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
    "pattern",
    [
        "{subject}.fif",
        "a/{subject}_{session}_{run}.edf",
        "{subject}/{subject}*.gdf",
        "A{subject:2}{run:1}.gdf",
    ],
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
        ({"pattern": "{subject:two}.fif"}, "should have a number of characters"),
        ({"pattern": "{subject:0}.fif"}, "should have a number of characters"),
        ({"events": {}}, "events: name the events that start a task"),
        ({"events": None}, "events: name the events that start a task"),
        ({"events": ["left"]}, "events"),
        ({"interval": (4, 0)}, "start < end"),
        ({"interval": (4, 4)}, "start < end"),
        ({"exclude": {"sesion": ["1"]}}, "Did you mean 'session'"),
        ({"unit_scale": 0}, "unit_scale.*greater than 0"),
        ({"unit_scale": {"a*": "microvlt"}}, "unit_scale.*Did you mean 'microvolt'"),
        ({"encoding": "latin-one"}, "encoding.*no such encoding"),
        ({"events": {"T1": {}}}, "an event has a class, or classes by run"),
        ({"events": {"T1": {"04": ["left_hand"]}}}, "an event has a class, or classes by run"),
        ({"events": {"1": "bad_hand", "2": "rest"}}, "cannot be named 'bad_hand'"),
        ({"events": {"1": {"04": "Edge"}}}, "cannot be named 'Edge'"),
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


BY_RUN = {"T1": {"04": "left_hand", "0[68]": "hands"}, "rest": "rest"}


def test_events_of_a_run():
    layout = make(events=BY_RUN)
    assert layout.classes == ["left_hand", "hands", "rest"]
    assert layout.events_of("04") == {"T1": "left_hand", "rest": "rest"}
    assert layout.events_of("06") == {"T1": "hands", "rest": "rest"}
    assert layout.events_of("10") == {"rest": "rest"}
    assert make().events_of("10") == EVENTS


def test_runs_may_be_told_by_paths():
    layout = make(events={"T1": {"*R04.edf": "left_hand"}})
    assert layout.events_of("0", "S1/S1R04.edf") == {"T1": "left_hand"}
    assert layout.events_of("0", "S1/S1R05.edf") == {}


def test_a_run_with_two_meanings_of_an_event():
    layout = make(events={"T1": {"0*": "left_hand", "*4": "hands", "03": "feet"}})
    assert layout.events_of("03") == {"T1": "feet"}  # the very run before patterns
    with pytest.raises(ConfigError, match=r"events.T1: .*run '04' .*hands and left_hand"):
        layout.events_of("04")


def test_the_layout_of_one_recording():
    layout = make(events=BY_RUN, unit_scale={"*4.edf": 1e-6}).for_recording("04", "S1R04.edf")
    assert layout.events == {"T1": "left_hand", "rest": "rest"}
    assert layout.unit_scale == 1e-6


def test_a_run_that_there_is_not():
    runs = {"S1R03.edf": "03", "S1R04.edf": "04"}
    make(events={"T1": {"04": "left_hand", "03": "hands"}}).check_recordings(runs)
    with pytest.raises(
        ConfigError, match=r"events.T1 has '4', which is not a run.*runs are 03, 04"
    ):
        make(events={"T1": {"4": "left_hand"}}).check_recordings(runs)
