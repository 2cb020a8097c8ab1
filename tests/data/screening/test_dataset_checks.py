"""Checks across recordings: units that differ, and recordings that are there twice."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from bci_dann.data import EEGTrials
from bci_dann.data.screening.dataset_checks import RecordingComparison
from bci_dann.exceptions import BCIDannWarning, DataError


def recording(subject, seed, scale=10.0, n_trials=6):
    X = scale * np.random.default_rng(seed).standard_normal((n_trials, 3, 256))
    place = pd.DataFrame({"subject": subject, "session": "0", "run": "0"}, index=range(n_trials))
    info = mne.create_info(["C3", "Cz", "C4"], 128.0, "eeg")
    return EEGTrials.trusted(X.astype(np.float32), None, place, info)


@pytest.fixture
def comparison():
    known = RecordingComparison()
    for seed in range(3):
        known.add(f"s{seed}.edf", recording(str(seed), seed), 10.0)
    return known


@pytest.mark.parametrize("typical", [1e-2, 1e4, 1e7])
def test_another_unit_names_the_file_and_the_pattern_to_give(comparison, typical):
    with pytest.raises(DataError, match=r"^s9.edf has a typical .*unit_scale: \{\"S3/\*\""):
        comparison.add("s9.edf", recording("9", 9), typical)


@pytest.mark.parametrize("typical", [0.7, 150.0, np.nan])
def test_another_gain_is_no_other_unit(comparison, typical):
    comparison.add("s9.edf", recording("9", 9), typical)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_a_recording_under_two_subjects_is_refused(comparison, scale):
    copy = recording("9", 1)
    stored = np.round(copy.X * 50) / 50 * np.float32(scale)  # another format and unit
    copy = EEGTrials.trusted(stored, None, copy.metadata, copy.info)
    with pytest.raises(DataError, match=r"^s9.edf and s1.edf have the same signals"):
        comparison.add("s9.edf", copy, 10.0)


def test_a_copy_is_found_where_trials_of_one_are_missing(comparison):
    shorter = recording("9", 1)[1:]
    with pytest.raises(DataError, match="have the same signals"):
        comparison.add("s9.edf", shorter, 10.0)


def test_one_subject_may_hold_a_recording_twice_with_a_warning(comparison):
    with pytest.warns(BCIDannWarning, match=r"s1b.edf and s1.edf have the same.*count twice"):
        comparison.add("s1b.edf", recording("1", 1), 10.0)
