"""Recordings of different subjects that are given as those of one."""

from __future__ import annotations

import warnings

import mne
import pytest

from bci_dann.exceptions import BCIDannWarning
from bci_dann.serving import adapt_model
from bci_dann.serving.checks.subject_identity import subject_identity, warn_of_several_subjects
from bci_dann.serving.reading.prepared_recording import PreparedRecording


@pytest.mark.parametrize(
    ("label", "header", "expected"),
    [
        ("a.edf", None, []),
        ("a.edf", {"his_id": "X", "last_name": "X"}, []),
        ("a.edf", {"his_id": "0", "first_name": "mne_anonymize"}, []),
        ("a.edf", {"his_id": "P07", "last_name": "Doe", "first_name": "Jo"}, ["P07", "Jo Doe"]),
        ("sub-01/eeg/sub-01_task-mi_eeg.edf", {}, ["sub-01"]),
        ("bids/sub-A1/eeg.edf", {}, ["sub-A1"]),
        ("sub-1_run-2_eeg.edf", {"his_id": "7"}, ["sub-1", "7"]),
        ("my_sub-1_eeg.edf", {}, []),
        ("Raw", {}, []),
    ],
)
def test_what_a_recording_tells(label, header, expected):
    assert list(subject_identity(label, {"subject_info": header}).values()) == expected


def recordings(*identities):
    return [
        PreparedRecording(f"{index}.edf", None, None, {}, identity=identity)
        for index, identity in enumerate(identities)
    ]


@pytest.mark.parametrize(
    ("identities", "message"),
    [
        ([("sub-1", ""), ("sub-2", "")], r"BIDS name: sub-1 \(0.edf\), sub-2 \(1.edf\)"),
        ([("", "P1"), ("", ""), ("", "P2")], r"in the header: P1 \(0.edf\), P2 \(2.edf\)"),
        ([("sub-1", "P1"), ("", "P2")], "subject code in the header: P1 .* P2 "),
        ([("sub-1", "P1"), ("sub-1", "P2")], None),  # the code may be that of the recording
        ([("sub-1", "P1"), ("", "P1")], None),
        ([("", ""), ("", "P1")], None),
        ([("sub-1", "P1")], None),
    ],
)
def test_different_subjects_are_warned_of(identities, message):
    given = recordings(
        *(
            subject_identity(f"{bids}_eeg.edf", {"subject_info": {"his_id": code}})
            for bids, code in identities
        )
    )
    with warnings.catch_warnings(record=True, action="always") as caught:
        warn_of_several_subjects(given)
    assert len(caught) == (message is not None)
    if message is not None:
        with pytest.warns(BCIDannWarning, match=message):
            warn_of_several_subjects(given)


def test_adaptation_to_two_subjects_is_warned_of(model, first, second, tmp_path):
    files = []
    for code, path in (("P1", first), ("P2", second)):
        raw = mne.io.read_raw(path, verbose="error")
        raw.info["subject_info"] = {"his_id": code}
        files.append(tmp_path / f"{code}_raw.fif")
        raw.save(files[-1], verbose="error")
    with pytest.warns(BCIDannWarning, match=r"different subjects, .*: P1 \(.*P1_raw.fif\), P2 \("):
        adapt_model(model, files)
    with pytest.warns(BCIDannWarning, match="different subjects"):
        adapt_model(model, [mne.io.read_raw(file, verbose="error") for file in files])
    with warnings.catch_warnings(action="error", category=BCIDannWarning):
        adapt_model(model, files[0])
