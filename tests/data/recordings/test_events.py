"""Cues on the clock of MNE, whatever the date, the first sample and the interruptions."""

from __future__ import annotations

import warnings

import mne
import numpy as np
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.events import INTERRUPTION_MARKS, class_cues, class_of
from bci_dann.data.recordings.reading import apply_layout, open_recording, read_recording
from bci_dann.data.screening.interruptions import INTERRUPTION
from bci_dann.exceptions import BCIDannWarning, DataError

EVENTS = {"left": "left_hand", "right": "right_hand"}
CODES = {"1": "left_hand", "2": "right_hand"}


def layout_of(events=EVENTS):
    return RecordingsLayout(pattern="{subject}.fif", events=events, interval=(0, 2))


def drawn(sfreq, seed):
    """Draw a recording of a minute, with cues at any time."""
    rng = np.random.default_rng(seed)
    signals = 1e-5 * rng.standard_normal((2, int(60 * sfreq)))
    info = mne.create_info(["C3", "C4"], sfreq, "eeg")
    raw = mne.io.RawArray(signals, info, verbose="error")
    onsets = np.sort(rng.uniform(0.1, 57, 12))
    onsets = onsets[np.concatenate([[True], np.diff(onsets) > 0.6])]
    return raw, onsets, rng.choice(list(EVENTS), len(onsets))


def with_stim(raw, onsets, names, width=4, line="STI 014"):
    stim = np.zeros((1, raw.n_times))
    for onset, name in zip(onsets, names, strict=True):
        start = round(onset * raw.info["sfreq"])
        stim[0, start : start + width] = 1 + (name == "right")
    info = mne.create_info([line], raw.info["sfreq"], "stim")
    return raw.add_channels([mne.io.RawArray(stim, info, verbose="error")], force_update_info=True)


def samples_of_mne(path, by_trigger):
    """Return what MNE says of a file: samples after its first, and names."""
    raw = mne.io.read_raw(path, verbose="error")
    if by_trigger:
        events = mne.find_events(raw, shortest_event=1, verbose="error")
        names = [str(code) for code in events[:, 2]]
    else:
        codes = {"left": 1, "right": 2}
        events, _ = mne.events_from_annotations(raw, codes, verbose="error")
        names = [["left", "right"][code - 1] for code in events[:, 2]]
    return (events[:, 0] - raw.first_samp).tolist(), names


@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize("crop", [0.0, 7.3])
@pytest.mark.parametrize("kind", ["annotations", "triggers", "triggers beside annotations"])
@pytest.mark.parametrize("sfreq", [128.0, 250.3])
def test_cues_are_where_mne_has_them(tmp_path, dated, crop, kind, sfreq):
    raw, onsets, names = drawn(sfreq, seed=int(sfreq + crop) + dated)
    if dated:
        raw.set_meas_date(1.6e9)
    if kind == "annotations":
        raw.set_annotations(mne.Annotations(onsets, 0, names))
    else:
        with_stim(raw, onsets, names)
    if kind == "triggers beside annotations":
        raw.set_annotations(mne.Annotations([9.0], 1.0, ["pause"]))
    raw.crop(crop)
    path = tmp_path / "s1_raw.fif"
    raw.save(path, verbose="error")
    samples, found = samples_of_mne(path, by_trigger=kind != "annotations")
    layout = layout_of(EVENTS if kind == "annotations" else CODES)
    for read in (
        read_recording(path, layout),
        apply_layout(mne.io.read_raw(path, verbose="error"), layout, "s1"),
    ):
        assert read.cues["sample"].tolist() == samples
        assert read.cues["event"].tolist() == found
        assert read.raw.first_samp == 0
        again, _ = mne.events_from_annotations(
            read.raw, {"left_hand": 1, "right_hand": 2}, verbose="error"
        )
        assert again[:, 0].tolist() == samples
        expected = mne.io.read_raw(path, verbose="error").get_data(["C3", "C4"])
        np.testing.assert_array_equal(read.raw.get_data(), expected)


@pytest.mark.parametrize("dated", [False, True])
def test_a_split_recording_has_all_its_cues(tmp_path, dated):
    raw, onsets, names = drawn(4000.0, seed=3)
    if dated:
        raw.set_meas_date(1.6e9)
    with_stim(raw, onsets, names).crop(2.0)
    path = tmp_path / "s1_raw.fif"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw.save(path, split_size="2MB", buffer_size_sec=1, verbose="error")
    assert len(list(tmp_path.glob("*.fif"))) > 1
    samples, found = samples_of_mne(path, by_trigger=True)
    cues = read_recording(path, layout_of(CODES)).cues
    assert cues["sample"].tolist() == samples
    assert cues["event"].tolist() == found


def test_a_trigger_that_is_held_counts_at_every_change(tmp_path):
    raw, onsets, _ = drawn(128.0, seed=1)
    names = np.array(["left", "right"] * len(onsets))[: len(onsets)]
    with_stim(raw, onsets, names, width=100_000).save(tmp_path / "s1_raw.fif", verbose="error")
    with pytest.warns(BCIDannWarning, match=r"s1_raw.fif: the trigger channel holds each code"):
        cues = read_recording(tmp_path / "s1_raw.fif", layout_of(CODES)).cues
    assert cues["sample"].tolist() == np.round(onsets * 128).astype(int).tolist()
    assert cues["label"].tolist() == [EVENTS[name] for name in names]


def test_the_fall_of_one_bit_of_a_pulse_is_no_trigger():
    """Two lines of a parallel port that do not fall together: 3, and then 1 for a moment."""
    raw, onsets, _ = drawn(128.0, seed=2)
    with_stim(raw, onsets, ["left"] * len(onsets))
    for onset in onsets:
        start = round(onset * 128)
        raw._data[2, start : start + 4] = [3, 3, 1, 1]
    cues = apply_layout(raw, layout_of({"3": "left_hand", "1": "right_hand"}), "s1").cues
    assert set(cues["event"]) == {"3"}


def test_one_trigger_line_for_each_class():
    raw, onsets, names = drawn(128.0, seed=4)
    for line, wanted in {"STI001": "left", "STI002": "right"}.items():
        with_stim(raw, onsets[names == wanted], ["left"] * (names == wanted).sum(), line=line)
    by_line = {"STI001": "left_hand", "STI002:1": "right_hand"}
    cues = apply_layout(raw, layout_of(by_line), "s1").cues
    assert cues["label"].tolist() == [EVENTS[name] for name in names]
    assert cues["sample"].tolist() == np.round(onsets * 128).astype(int).tolist()


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("left", "left_hand"),
        ("left/sound", "left_hand"),
        ("run1/right", "right_hand"),
        ("leftish", None),
        ("Left", None),
        ("", None),
    ],
)
def test_a_tag_names_the_class(description, expected):
    assert class_of(description, EVENTS) == expected


def test_tags_of_two_classes_are_refused_unless_named_as_a_whole():
    with pytest.raises(DataError, match=r"'left/right' has tags of several classes, left_hand, r"):
        class_of("left/right", EVENTS)
    assert class_of("left/right", {**EVENTS, "left/right": "both"}) == "both"


def annotated(*marks):
    raw, _, _ = drawn(128.0, seed=5)
    onset, name = zip(*marks, strict=True)
    return apply_layout(raw.set_annotations(mne.Annotations(onset, 0, name)), layout_of(), "s1")


def test_an_interruption_is_marked_for_filters_and_epochs():
    marks = ((0.0, "New Segment/"), (5.0, "left"), (7.501, "boundary"), (20, "EDGE boundary"))
    found = annotated(*marks).raw.annotations
    assert found.onset == pytest.approx([5.0, 961 / 128, 20.0], abs=1e-6)
    assert found.description.tolist() == ["left_hand", INTERRUPTION, INTERRUPTION]


def test_recordings_that_mne_has_joined_are_interrupted_once():
    joined = annotated((5.0, "left"), (20.0, "BAD boundary"), (20.0, "EDGE boundary")).raw
    assert joined.annotations.description.tolist() == ["left_hand", INTERRUPTION]
    joined.load_data().filter(8, 30, method="iir", verbose="error")  # no piece is empty


@pytest.mark.parametrize("name", ["New Segment/", "boundary", "BAD boundary", "32766"])
def test_marks_of_interruptions(name):
    assert INTERRUPTION_MARKS.fullmatch(name)
    assert not INTERRUPTION_MARKS.fullmatch(f"my {name}!")


def test_cues_that_contradict_are_left_out_and_many_of_them_refused():
    cues = [(3.0 + 4 * k, "left") for k in range(12)]
    few = annotated(*cues, (3.0, "right"))
    assert few.cues["left_out"].tolist()[:3] == ["contradicting", "contradicting", ""]
    assert len(few.raw.annotations) == 11
    with pytest.raises(DataError, match=r"s1: 6 of 15 cues .*half a second.*'left' at 3.00 s"):
        annotated(*cues, (3.0, "right"), (7.0, "right"), (11.0, "right"))


def test_cues_beyond_the_end_are_counted(tmp_path):
    raw, onsets, names = drawn(128.0, seed=6)
    raw.set_annotations(mne.Annotations(onsets, 0, names)).save(tmp_path / "s1_raw.fif")
    whole = open_recording(tmp_path / "s1_raw.fif", layout_of()).cues
    assert (whole["left_out"] == "").all()
    assert len(whole) == len(onsets)


def test_marks_that_brainvision_names_as_comments_count():
    marks = ((3.0, "left"), (9.0, "Comment/BAD_blink"), (12.0, "Comment/EDGE boundary"))
    found = annotated(*marks, (20.0, "Comment/left over")).raw.annotations
    assert found.description.tolist() == ["left_hand", "BAD_blink", INTERRUPTION]


def test_an_event_may_be_called_like_a_fault():
    raw = mne.io.RawArray(np.zeros((1, 2000)), mne.create_info(["C3"], 100.0, "eeg"))
    raw.set_annotations(mne.Annotations([1.0, 5.0, 9.0], 0, ["badge_left", "edge_right", "left"]))
    events = {"badge_left": "left_hand", "left": "left_hand", "edge_right": "right_hand"}
    cues = class_cues(raw, events)
    assert cues["label"].tolist() == ["left_hand", "right_hand", "left_hand"]
