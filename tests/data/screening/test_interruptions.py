"""Marks of missing samples: where they are, for the channels that count."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from bci_dann.data.screening.interruptions import (
    INTERRUPTION,
    NOT_FINITE,
    mark_missing_samples,
    uninterrupted_segments,
)

SFREQ = 100.0


@pytest.fixture
def raw():
    signals = 1e-5 * np.random.default_rng(0).standard_normal((2, 2000))
    recording = mne.io.RawArray(signals, mne.create_info(["C3", "C4"], SFREQ, "eeg"))
    return recording.set_annotations(mne.Annotations([1.0, 8.0], 0, ["left", "BAD_cough"]))


def marks(raw, picks=(0, 1)):
    mark_missing_samples(raw, list(picks))
    found = raw.annotations[raw.annotations.description == NOT_FINITE]
    return [(round(a["onset"], 3), round(a["duration"], 3)) for a in found]


def test_each_stretch_of_any_channel_is_marked(raw):
    raw._data[0, 300:310] = np.nan
    raw._data[1, 305:320] = np.inf
    raw._data[1, 1999] = np.nan
    assert marks(raw) == [(3.0, 0.2), (19.99, 0.01)]
    assert raw.annotations.description.tolist()[:2] == ["left", NOT_FINITE]


def test_marks_of_other_channels_are_replaced(raw):
    raw._data[0, 300:310] = np.nan
    assert marks(raw) == [(3.0, 0.1)]
    assert marks(raw, picks=[1]) == []
    assert raw.annotations.description.tolist() == ["left", "BAD_cough"]


def test_a_whole_recording_is_left_as_it_is(raw):
    before = raw.annotations
    assert marks(raw) == []
    assert raw.annotations is before


@pytest.mark.parametrize("dated", [False, True])
def test_a_recording_that_does_not_start_at_sample_0(raw, dated):
    if dated:
        raw.set_meas_date(1.6e9)
    raw._data[0, 500:510] = np.nan
    late = raw.crop(2.0)
    mark_missing_samples(late, [0, 1])
    onsets = late.annotations.onset - late.first_time
    assert onsets == pytest.approx([3.0, 6.0], abs=1e-6)


@pytest.mark.parametrize("dated", [False, True])
def test_segments_are_those_between_interruptions(raw, dated):
    if dated:
        raw.set_meas_date(1.6e9)
    raw.annotations.append(5.0, 0.0, INTERRUPTION)
    raw.annotations.append(12.0, 2.0, "bad_acq_skip")
    segments = uninterrupted_segments(raw.crop(2.0))
    assert segments == [slice(0, 300), slice(300, 1000), slice(1200, 1800)]
