"""The header of a recording: channels, events on its own clock, and reasons of failure."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.survey.file_survey import open_as_it_is, survey_file
from bci_dann.exceptions import DataError


def look(path):
    return survey_file(open_as_it_is(path, is_bids=False), path.name, path)


def test_rate_length_channels_and_events(tmp_path, write_cued):
    one = look(write_cued(tmp_path / "a_raw.fif", n_cues=4, names=["C3", "EOG left"]))
    assert (one.sfreq, one.duration_s) == (128.0, 32.0)
    assert (one.signals, one.channels.left_out) == (["C3"], ["EOG left"])
    assert list(one.events["onset"]) == [2.0, 8.0, 14.0, 20.0]
    assert set(one.events["name"]) == {"769", "770"}


def test_onsets_count_from_the_first_sample_of_a_cropped_recording(tmp_path, write_cued):
    raw = mne.io.read_raw(write_cued(tmp_path / "a_raw.fif"), verbose="error").crop(5.0)
    raw.save(tmp_path / "b_raw.fif", verbose="error")
    assert look(tmp_path / "b_raw.fif").events["onset"].iloc[0] == pytest.approx(3.0)


def test_triggers_are_events(tmp_path, write_cued):
    raw = mne.io.read_raw(write_cued(tmp_path / "a_raw.fif"), preload=True, verbose="error")
    line = mne.create_info(["STI 014"], 128.0, "stim")
    raw.set_annotations(None).add_channels(
        [mne.io.RawArray(np.zeros((1, raw.n_times)), line, verbose="error")], force_update_info=True
    )
    raw.add_events(np.array([[256, 0, 7], [512, 0, 8]]))
    raw.save(tmp_path / "b_raw.fif", verbose="error")
    events = look(tmp_path / "b_raw.fif").events
    assert list(zip(events["onset"], events["name"], strict=True)) == [(2.0, "7"), (4.0, "8")]


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "a.edf").write_bytes(b"no header")
    with pytest.raises(DataError, match="cannot be read"):
        open_as_it_is(tmp_path / "a.edf", is_bids=False)
