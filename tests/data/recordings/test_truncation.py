"""Recordings that end before the tasks of their events do."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import mne
import pytest

from bci_dann.data import RecordingsLayout
from bci_dann.data.recordings.events import class_cues
from bci_dann.data.recordings.reading import open_recording
from bci_dann.data.recordings.truncation import (
    TOLERATED_MISSING_SHARE,
    check_events_inside,
    detect_omitted_annotations,
    omitted_events,
)
from bci_dann.exceptions import BCIDannWarning, DataError

EVENTS = {"left": "left_hand", "right": "right_hand"}


def layout_of(**keys):
    return RecordingsLayout(
        **{"pattern": "{subject}.fif", "events": EVENTS, "interval": (0, 3), **keys}
    )


def check(raw, layout=None, omitted=False, path="x_raw.fif"):
    layout = layout or layout_of()
    outside = omitted_events(raw, Path(path), layout) if omitted else []
    cues = class_cues(raw, layout.events, outside)
    check_events_inside(cues, raw, Path(path), layout.interval)


def test_a_complete_recording_passes(make_raw):
    check(make_raw())


@pytest.mark.parametrize(
    ("end", "is_truncated"),
    [(37.0, False), (36.0, False), (35.51, False), (35.5, True), (35.0, True)],
)
def test_half_of_the_last_task_may_be_missing(make_raw, end, is_truncated):
    """The last cue is at 34 s and its task lasts 3 s."""
    assert TOLERATED_MISSING_SHARE == 0.5
    raw = make_raw().crop(0, end, include_tmax=False)
    if is_truncated:
        with pytest.raises(DataError, match=r"truncated: the event 'left' at 34.00 s.*until 37.00"):
            check(raw)
    else:
        check(raw)


def test_the_interval_counts_from_the_event(make_raw):
    raw = make_raw()  # of 40 s
    check(raw, layout_of(interval=(2.0, 8.0)))
    with pytest.raises(DataError, match=r"at 34.00 s has a task until 44.00 s"):
        check(raw, layout_of(interval=(4.0, 10.0)))


def test_events_of_no_interest_may_be_lost(make_raw):
    raw = make_raw().crop(0, 34.5)
    check(raw, layout_of(events={"right": "right_hand"}))


def test_a_cropped_recording_counts_from_its_own_start(make_raw):
    raw = make_raw().crop(10, 39)
    assert raw.first_time == 10
    check(raw)
    with pytest.raises(DataError, match=r"at 24.00 s has a task until 27.00.*ends at 25.01"):
        check(make_raw().crop(10, 35))


def test_annotations_that_mne_omits_are_detected(make_raw):
    def opened():
        raw = make_raw()
        late = mne.Annotations([2.0, 100.0], 0, ["left", "right"])
        return raw.set_annotations(late, verbose="warning")

    raw, omitted = detect_omitted_annotations(opened)
    assert omitted
    assert raw.annotations.description.tolist() == ["left"]


def test_nothing_omitted_and_other_warnings_are_no_omission(make_raw):
    def opened():
        warnings.warn("another matter", RuntimeWarning, stacklevel=2)
        return make_raw()

    raw, omitted = detect_omitted_annotations(opened)
    assert not omitted
    assert len(raw.annotations) == 9


def test_the_logger_of_mne_is_left_as_it_was(make_raw):
    logger = logging.getLogger("mne")
    before = list(logger.filters)

    def failing():
        raise OSError("no such disk")

    detect_omitted_annotations(make_raw)
    with pytest.raises(OSError, match="no such disk"):
        detect_omitted_annotations(failing)
    assert logger.filters == before


@pytest.fixture
def brainvision(tmp_path, make_raw):
    """Return the header of a BrainVision recording and a layout for its events."""
    path = tmp_path / "s1.vhdr"
    mne.export.export_raw(path, make_raw(), fmt="brainvision", verbose="error")
    names = mne.io.read_raw(path, verbose="error").annotations.description
    events = {name: EVENTS[name.split("/")[-1]] for name in set(names)}
    return path, layout_of(events=events)


@pytest.mark.parametrize(
    ("seconds", "event"), [(20, "at 22.00 s"), (31, "at 30.00 s"), (35, "at 34.00 s")]
)
def test_a_truncated_brainvision_is_refused(brainvision, cut_samples, seconds, event):
    path, layout = brainvision
    open_recording(path, layout)
    cut_samples(path.with_suffix(".eeg"), seconds)
    with pytest.raises(DataError, match=rf"s1.vhdr is truncated.*{event}.*ends at {seconds}.00"):
        open_recording(path, layout)
    open_recording(path, layout_of(events={"Comment/nothing of this": "rest"}))


def test_the_marker_file_is_the_one_that_the_header_names(brainvision, cut_samples):
    path, layout = brainvision
    markers = path.with_suffix(".vmrk")
    renamed = markers.rename(markers.with_name("other.vmrk"))
    header = path.read_text(encoding="utf-8")
    path.write_text(header.replace("s1.vmrk", renamed.name), encoding="utf-8")
    cut_samples(path.with_suffix(".eeg"), 20)
    with pytest.raises(DataError, match=r"truncated.*at 22.00 s"):
        open_recording(path, layout)


def test_a_marker_file_named_by_a_placeholder(brainvision, cut_samples):
    path, layout = brainvision
    raw = open_recording(path, layout).raw
    cut_samples(path.with_suffix(".eeg"), 20)
    header = path.read_text(encoding="utf-8")
    path.write_text(header.replace("=s1.vmrk", "=$b.vmrk"), encoding="utf-8")
    short = raw.copy().crop(0, 19.99).set_annotations(None)
    with pytest.raises(DataError, match=r"truncated.*at 22.00 s"):
        check(short, layout, omitted=True, path=path)


def test_annotations_that_cannot_be_read_again_are_warned_of(tmp_path, make_raw):
    path = tmp_path / "s1.xyz"
    path.write_text("a format whose events MNE cannot read alone")
    with pytest.warns(BCIDannWarning, match=r"s1.xyz has annotations outside.*40.00 s: it may be"):
        check(make_raw(), omitted=True, path=path)


def test_an_edf_whose_cues_lie_beyond_its_end_is_refused(tmp_path, make_raw):
    import edfio

    def write(seconds):
        signals = 1e6 * make_raw().get_data()[:, : 100 * seconds]
        channels = [edfio.EdfSignal(x, 100, label="C3", physical_dimension="uV") for x in signals]
        cue = edfio.EdfAnnotation(34.0, None, "left")
        edfio.Edf(channels[:1], annotations=[cue]).write(tmp_path / "s1.edf")
        return tmp_path / "s1.edf"

    assert open_recording(write(40), layout_of()).cues["sample"].tolist() == [3400]
    with pytest.raises(DataError, match=r"s1.edf is truncated: the event 'left' at 34.00 s"):
        open_recording(write(20), layout_of())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # MNE-BIDS on what the toy lacks
def test_a_truncated_bids_recording_is_refused(tmp_path, make_raw, write_bids, cut_samples):
    write_bids(tmp_path, "01", make_raw())
    header = next(tmp_path.glob("sub-01/eeg/*.vhdr"))
    layout = RecordingsLayout(format="bids", events=EVENTS, interval=(0, 3))
    open_recording(header, layout)
    cut_samples(next(tmp_path.glob("sub-01/eeg/*.eeg")), 20)
    with pytest.raises(DataError, match=r"sub-01.*truncated: the event 'right' at 22.00 s"):
        open_recording(header, layout)
