"""Discovery of recordings: patterns, BIDS, exclusion and names for MOABB."""

from __future__ import annotations

from pathlib import Path

import pytest

from bci_dann.data.recordings.discovery import RecordingFile, find_recordings, numbered_names
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import ConfigError, DataError

EVENTS = {"left": "left_hand", "right": "right_hand"}


@pytest.fixture
def tree(tmp_path):
    """Return a function that makes empty files; none is opened when recordings are sought."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


def find(folder, pattern, **keys):
    layout = RecordingsLayout(pattern=pattern, events=EVENTS, **keys)
    return [
        (one.subject, one.session, one.run, one.path.relative_to(folder).as_posix())
        for one in find_recordings(folder, layout)
    ]


def test_fields_are_taken_from_the_path(tree):
    folder = tree("sub-01/ses-a/run-2.edf", "sub-01/ses-a/notes.txt", "sub-02/ses-b/run-1.edf")
    assert find(folder, "sub-{subject}/ses-{session}/run-{run}.edf") == [
        ("01", "a", "2", "sub-01/ses-a/run-2.edf"),
        ("02", "b", "1", "sub-02/ses-b/run-1.edf"),
    ]


def test_missing_fields_are_zero(tree):
    assert find(tree("A.fif"), "{subject}.fif") == [("A", "0", "0", "A.fif")]
    assert RecordingFile(Path("A.fif"), "A").session == "0"


def test_numbers_are_sorted_by_their_value(tree):
    folder = tree("s10/2.edf", "s2/10.edf", "s2/9.edf", "s1/1.edf")
    found = find(folder, "s{subject}/{session}.edf")
    assert [one[:2] for one in found] == [("1", "1"), ("2", "9"), ("2", "10"), ("10", "2")]


def test_a_star_matches_within_one_folder_only(tree):
    folder = tree("A/x_left.edf", "A/deep/y_left.edf", "B/z_left.edf")
    assert [one[3] for one in find(folder, "{subject}/*_left.edf")] == [
        "A/x_left.edf",
        "B/z_left.edf",
    ]


def test_a_repeated_field_is_the_same_text(tree):
    folder = tree("A/A_1.edf", "A/B_1.edf", "B/B_1.edf")
    found = find(folder, "{subject}/{subject}_{session}.edf")
    assert [one[3] for one in found] == ["A/A_1.edf", "B/B_1.edf"]


def test_other_characters_of_a_pattern_stand_for_themselves(tree):
    folder = tree("s(1).v2.edf", "s(2)xv2.edf")
    assert [one[0] for one in find(folder, "s({subject}).v2.edf")] == ["1"]


def test_a_folder_that_fits_the_pattern_is_no_recording(tree):
    folder = tree("A.edf/inside.txt", "B.edf")
    assert [one[0] for one in find(folder, "{subject}.edf")] == ["B"]


def test_a_folder_that_is_missing_empty_or_a_file(tmp_path):
    with pytest.raises(DataError, match="nowhere does not exist; a folder of recordings"):
        find(tmp_path / "nowhere", "{subject}.edf")
    with pytest.raises(DataError, match="is empty"):
        find(tmp_path, "{subject}.edf")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file is a file"):
        find(tmp_path / "file", "{subject}.edf")


def test_nothing_fits_the_pattern_and_some_of_the_files_are_shown(tree):
    folder = tree(*(f"s{i}.gdf" for i in range(9)))
    with pytest.raises(DataError, match=r"'{subject}.edf'. Among the files there: s0.gdf, s1") as e:
        find(folder, "{subject}.edf")
    assert "s4.gdf" in str(e.value)
    assert "s5.gdf" not in str(e.value)


def test_two_files_of_one_name(tree):
    folder = tree("sA/01_raw.fif", "sA/02_raw.fif")
    with pytest.raises(
        DataError,
        match=r"sA/01_raw.fif and sA/02_raw.fif are both subject A, session 0, run 0.*{session}",
    ):
        find(folder, "s{subject}/*_raw.fif")


def test_excluding(tree):
    folder = tree("A/1.edf", "A/2.edf", "B/1.edf", "B/2.edf")
    found = find(folder, "{subject}/{session}.edf", exclude={"session": ["1"], "subject": ["A"]})
    assert [one[3] for one in found] == ["B/2.edf"]


def test_a_duplicate_that_is_excluded_is_told_all_the_same(tree):
    folder = tree("A/1.edf", "A/2.edf", "B/1.edf")
    with pytest.raises(DataError, match="both subject A"):
        find(folder, "{subject}/*.edf", exclude={"subject": ["A"]})


def test_excluding_what_does_not_occur(tree):
    folder = tree("A/01.edf", "A/02.edf")
    with pytest.raises(
        ConfigError, match=r"exclude.session has '1', which does not occur.*There are 01, 02"
    ):
        find(folder, "{subject}/{session}.edf", exclude={"session": ["1"]})


def test_excluding_everything(tree):
    folder = tree("A/1.edf", "B/1.edf")
    with pytest.raises(DataError, match="`exclude` leaves none of the 2 recordings"):
        find(folder, "{subject}/{session}.edf", exclude={"subject": ["A", "B"]})


BIDS = [
    "sub-01/eeg/sub-01_task-imagery_run-2_eeg.edf",
    "sub-01/eeg/sub-01_task-imagery_run-2_eeg.json",
    "sub-01/eeg/sub-01_task-rest_eeg.edf",
    "sub-02/ses-b/eeg/sub-02_ses-b_task-imagery_eeg.vhdr",
]


def bids(folder, **keys):
    layout = RecordingsLayout(format="bids", events=EVENTS, **keys)
    return [(f.subject, f.session, f.run, f.path.name) for f in find_recordings(folder, layout)]


def test_bids_of_one_task(tree):
    assert bids(tree(*BIDS), task="imagery") == [
        ("01", "0", "2", "sub-01_task-imagery_run-2_eeg.edf"),
        ("02", "b", "0", "sub-02_ses-b_task-imagery_eeg.vhdr"),
    ]


def test_bids_of_every_task_has_the_task_in_the_name_of_the_run(tree):
    runs = [(subject, run) for subject, _, run, _ in bids(tree(*BIDS))]
    assert runs == [("01", "imagery2"), ("01", "rest0"), ("02", "imagery0")]


def test_bids_without_recordings(tree):
    folder = tree("README", *BIDS)
    with pytest.raises(DataError, match="no BIDS EEG recordings of the task 'p300'"):
        bids(folder, task="p300")
    with pytest.raises(DataError, match="no BIDS EEG recordings, that is, no files like sub-01"):
        bids(folder / "sub-01" / "eeg")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["002", "003", "004", "Test4"], ["002", "003", "004", "5Test4"]),
        (["2", "10", "1"], ["1", "2", "10"]),
        (["a", "b"], ["0a", "1b"]),
        (["1", "01"], ["01", "2n1"]),
        (["pre-test", "2021-03-04"], ["0n20210304", "1pretest"]),
        (["0train", "1test"], ["0train", "1test"]),
        (["7"], ["7"]),
        (["3", "3", "x", "x"], ["3", "4x"]),
        ([], []),
    ],
)
def test_names_that_moabb_accepts(values, names):
    from moabb.datasets.base import check_session_names

    got = numbered_names(values)
    assert set(got) == set(values)
    assert list(got.values()) == names
    check_session_names({1: dict.fromkeys(got.values())})
