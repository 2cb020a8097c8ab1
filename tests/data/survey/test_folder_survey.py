"""A folder of recordings: which files are recordings, what they share, what cannot be read."""

from __future__ import annotations

import mne
import pytest

from bci_dann.data.recordings.discovery import find_recordings
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.data.survey.folder_survey import MAX_SAMPLED, survey_folder
from bci_dann.data.survey.survey_summary import summary_rows
from bci_dann.exceptions import DataError


def names(survey):
    return [one.name for one in survey.files]


def test_companions_epochs_parts_and_hidden_files_are_no_recordings(tmp_path, write_cued):
    for subject in "12":
        write_cued(tmp_path / f"s{subject}" / "eeg.vhdr")
        (tmp_path / f"s{subject}" / "._eeg.vhdr").write_bytes(b"x")
        (tmp_path / f"s{subject}" / "eeg-epo.fif").write_bytes(b"x")
    (tmp_path / "notes.docx").write_bytes(b"x")
    survey = survey_folder(tmp_path)
    assert survey.pattern.pattern == "s{subject}/eeg.vhdr"
    assert names(survey) == ["s1/eeg.vhdr", "s2/eeg.vhdr"]
    assert survey.other_files == {".docx": 1}


def test_the_later_parts_of_a_split_recording_belong_to_the_first(tmp_path, write_cued):
    for subject in "12":
        path = write_cued(tmp_path / f"long{subject}.fif", n_cues=200, names=list("abcdefgh"))
        raw = mne.io.read_raw(path, preload=True, verbose="error")
        raw.save(tmp_path / f"s{subject}_raw.fif", split_size="3MB", verbose="error")
        path.unlink()
    assert len(list(tmp_path.iterdir())) > 2
    survey = survey_folder(tmp_path)
    assert names(survey) == ["s1_raw.fif", "s2_raw.fif"]
    assert survey.files[0].duration_s == 1208.0


def test_the_format_of_most_files_is_described_and_the_others_are_named(tmp_path, write_cued):
    for subject in "123":
        write_cued(tmp_path / f"P{subject}.edf")
    write_cued(tmp_path / "P9_raw.fif")
    survey = survey_folder(tmp_path)
    assert survey.pattern.pattern == "P{subject}.edf"
    assert survey.pattern.left_out == ("P9_raw.fif",)
    assert any("P9_raw.fif" in text for _, text in summary_rows(survey))


def test_signals_of_a_few_files_are_read_and_all_headers(tmp_path, write_cued):
    for subject in range(MAX_SAMPLED + 3):
        write_cued(tmp_path / f"s{subject:02}_raw.fif", n_cues=2, names=["C3"])
    survey = survey_folder(tmp_path)
    assert (len(survey.files), len(survey.samples)) == (MAX_SAMPLED + 3, MAX_SAMPLED)
    assert {survey.samples[0].name, survey.samples[-1].name} == {"s00_raw.fif", "s14_raw.fif"}


def test_a_damaged_file_is_told_with_its_reason_and_stops_nothing(tmp_path, write_cued):
    for name in ("s1_a", "s1_b", "s2_a"):
        write_cued(tmp_path / f"{name}.edf")
    (tmp_path / "s2_b.edf").write_bytes(b"x" * 100)
    (tmp_path / "s3_a.edf").write_bytes((tmp_path / "s1_a.edf").read_bytes()[:5000])
    survey = survey_folder(tmp_path)
    reasons = {one.name: one.reason for one in survey.unreadable}
    assert set(reasons) == {"s2_b.edf", "s3_a.edf"}
    assert "truncated" in reasons["s3_a.edf"]
    assert survey.exclude() == {"subject": ["3"]}  # s2_b cannot be left out by itself


def test_what_was_not_fetched_is_told_and_the_rest_described(tmp_path, write_cued):
    for subject in "12":
        write_cued(tmp_path / f"s{subject}_raw.fif")
    (tmp_path / "s3_raw.fif").symlink_to("missing")
    (tmp_path / "s4_raw.fif").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    survey = survey_folder(tmp_path)
    assert survey.pattern.pattern == "s{subject}_raw.fif"
    reasons = {one.name: one.reason for one in survey.unreadable}
    assert "is a broken link" in reasons["s3_raw.fif"]
    assert "not fetched" in reasons["s4_raw.fif"]
    assert survey.exclude() == {"subject": ["3", "4"]}


def test_linked_folders_are_followed_and_loops_end(tmp_path, write_cued):
    (tmp_path / "data").mkdir()
    for subject in "12":
        write_cued(tmp_path / f"store{subject}" / "a_raw.fif")
        (tmp_path / "data" / f"S{subject}").symlink_to(tmp_path / f"store{subject}")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    survey = survey_folder(tmp_path / "data")
    assert names(survey) == ["S1/a_raw.fif", "S2/a_raw.fif"]


@pytest.mark.parametrize("content", [(), ("notes.txt",), ("a-epo.fif",)])
def test_a_folder_without_recordings_is_refused(tmp_path, content):
    for name in content:
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="has no recordings"):
        survey_folder(tmp_path)


def test_a_file_and_nothing_are_no_folders(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        survey_folder(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        survey_folder(tmp_path / "file")


def test_nothing_that_can_be_read(tmp_path):
    (tmp_path / "s1.edf").write_bytes(b"x")
    with pytest.raises(DataError, match="none of 1 recordings can be read"):
        survey_folder(tmp_path)


def test_a_pattern_that_would_read_other_names_is_not_proposed(tmp_path, write_cued):
    """Nothing stands between the name and a number of one or two digits."""
    for name in ("Anna1", "Anna10", "Bo1", "Bo10"):
        write_cued(tmp_path / f"{name}.edf", n_cues=2)
    survey = survey_folder(tmp_path)
    assert survey.pattern.pattern is None
    assert len(survey.files) == 4


def test_a_session_with_few_cues_looks_like_practice(tmp_path, write_cued):
    for subject in "12":
        for session, n_cues in (("1", 4), ("2", 20), ("3", 20)):
            write_cued(tmp_path / f"S{subject}" / f"ses{session}.edf", n_cues=n_cues)
    survey = survey_folder(tmp_path)
    assert survey.practice("session") == {"1": (4, 20)}
    assert survey.practice("run") == {}


def test_a_bids_dataset_is_recognised_with_the_task_that_has_cues(tmp_path, write_cued):
    import mne_bids

    for subject in ("01", "02"):
        for task, events in (("imagery", ("left", "right")), ("rest", ("open",))):
            source = write_cued(tmp_path / "raw" / f"{subject}{task}_raw.fif", events)
            raw = mne.io.read_raw(source, verbose="error")
            raw.info["line_freq"] = 50
            path = mne_bids.BIDSPath(
                subject=subject, task=task, root=tmp_path / "bids", datatype="eeg"
            )
            mne_bids.write_raw_bids(
                raw, path, format="BrainVision", allow_preload=True, verbose="error"
            )
    survey = survey_folder(tmp_path / "bids")
    assert survey.bids_tasks == ("imagery", "rest")
    assert survey.tasks_with_cues == ("imagery",)
    assert survey.values("subject") == ["01", "02"]
    layout = RecordingsLayout(format="bids", events={"left": "left_hand"})
    assert list(survey.recordings) == find_recordings(tmp_path / "bids", layout)
