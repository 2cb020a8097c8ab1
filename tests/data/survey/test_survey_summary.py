"""What was seen, in a few words."""

from __future__ import annotations

from bci_dann.data.survey.folder_survey import survey_folder
from bci_dann.data.survey.survey_summary import (
    channel_differences,
    listed,
    sampling_rates,
    summary_rows,
)


def test_rows_of_a_plain_folder(tmp_path, write_cued):
    for subject in "12":
        write_cued(tmp_path / f"S{subject}.edf")
    rows = dict(summary_rows(survey_folder(tmp_path)))
    assert rows["recordings"] == "2 (.edf)"
    assert rows["subjects"] == "2: 1, 2"
    assert rows["length"] == "80.0 s"
    assert rows["channels"] == "4 EEG: C3, Cz, C4, Pz"
    assert rows["cues"].startswith("769 (12 times): left_hand")
    assert rows["unit"].startswith("volt, as MNE reads it")
    assert rows["mains"].startswith("50 Hz")
    assert not {"runs", "cannot be read", "left out", "other files"} & set(rows)


def test_what_differs_between_files(tmp_path, write_cued):
    write_cued(tmp_path / "S1_raw.fif", names=["C3", "C4"], sfreq=250.0)
    write_cued(tmp_path / "S2_raw.fif", names=["C3", "Pz"], sfreq=249.9999)
    write_cued(tmp_path / "S3_raw.fif", names=["C3", "C4"], sfreq=128.0)
    survey = survey_folder(tmp_path)
    assert list(sampling_rates(survey).values()) == [1, 2]
    assert channel_differences(survey) == (["C3"], {"C4": 2, "Pz": 1})
    rows = dict(summary_rows(survey))
    assert rows["sampling rate"] == "128 Hz (1 files), 250 Hz (2 files)"
    assert "not in all files: C4, Pz" in rows["channels"]


def test_long_lists_are_cut():
    assert listed(list("abc")) == "a, b, c"
    assert listed([str(n) for n in range(11)]).endswith("7 and 3 more")
