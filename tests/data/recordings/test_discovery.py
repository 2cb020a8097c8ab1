"""Discovery of recordings: patterns, BIDS, exclusion and names for MOABB."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from bci_dann.data.recordings.discovery import (
    RecordingFile,
    arranged,
    find_recordings,
    numbered_names,
)
from bci_dann.data.recordings.layout import RecordingsLayout
from bci_dann.exceptions import BCIDannWarning, ConfigError, DataError

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


def test_a_width_tells_fields_apart_between_which_nothing_stands(tree):
    folder = tree("A01T.gdf", "A01E.gdf", "A10T.gdf", "A100T.gdf", "Ben7.gdf")
    found = find(folder, "A{subject:2}{run:1}.gdf")
    assert sorted(one[:3] for one in found) == [
        ("01", "0", "E"),
        ("01", "0", "T"),
        ("10", "0", "T"),
    ]
    assert find(folder, "B{subject}{run:1}.gdf")[0][:3] == ("en", "0", "7")


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
    with pytest.raises(DataError, match="`exclude` excludes all 2 recordings"):
        find(folder, "{subject}/{session}.edf", exclude={"subject": ["A", "B"]})


def test_linked_folders_and_files_are_followed_under_their_own_names(tree, tmp_path_factory):
    folder, store = tree("s1/eeg.edf"), tmp_path_factory.mktemp("store")
    for name in ("a", "b"):
        (store / name).mkdir()
        (store / name / "eeg.edf").touch()
    (folder / "s2").symlink_to(store / "a", target_is_directory=True)
    (folder / "s3").mkdir()
    (folder / "s3" / "eeg.edf").symlink_to(store / "b" / "eeg.edf")
    assert [one[0] for one in find(folder, "s{subject}/eeg.edf")] == ["1", "2", "3"]
    alias = store / "alias"
    alias.symlink_to(folder, target_is_directory=True)
    assert [one[0] for one in find(alias, "s{subject}/eeg.edf")] == ["1", "2", "3"]


def test_loops_of_links_end(tree):
    folder = tree("A/x/1.edf", "B/x/2.edf")
    (folder / "A" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "A" / "self").symlink_to("self")
    (folder / "B" / "other").symlink_to(folder / "A", target_is_directory=True)
    assert [one[3] for one in find(folder, "{subject}/x/{session}.edf")] == [
        "A/x/1.edf",
        "B/x/2.edf",
    ]
    assert [one[3] for one in find(folder, "B/*/x/{subject}.edf")] == ["B/other/x/1.edf"]
    with pytest.raises(DataError, match=r"broken links: .*A/self\. .*repair the links"):
        find(folder, "{subject}/{session}/{run}.edf")


@pytest.mark.parametrize("place", ["s3", "s3/eeg.edf"])
def test_broken_links_are_refused_unless_excluded(tree, place):
    folder = tree("s1/eeg.edf", "s2/eeg.edf", "s3x/notes.txt")
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).symlink_to("../.git/annex/objects/none")
    (folder / "unrelated.edf").symlink_to("nowhere")
    with pytest.raises(
        DataError, match=rf"{place}\. Fetch .* \(`datalad get .*{place}`\).*exclude"
    ):
        find(folder, "s{subject}/eeg.edf")
    found = find(folder, "s{subject}/eeg.edf", exclude={"subject": ["3"]})
    assert [one[0] for one in found] == ["1", "2"]


def test_junk_is_ignored(tree):
    junk = ["._A.edf", ".A.edf", "__MACOSX/A.edf", ".git/A.edf", "@eaDir/A.edf", ".DS_Store"]
    folder = tree("A.edf", "x/B.edf", "x/._B.edf", "x/Thumbs.db", *junk)
    assert [one[3] for one in find(folder, "{subject}.edf")] == ["A.edf"]
    assert [one[3] for one in find(folder, "*/{subject}.edf")] == ["x/B.edf"]
    assert [one[3] for one in find(folder, ".git/{subject}.edf")] == [".git/A.edf"]
    with pytest.raises(DataError, match=r"Among the files there: A\.edf, x/B\.edf\."):
        find(folder, "{subject}.set")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("of_pattern", ["NFC", "NFD"])
def test_letters_with_marks_fit_in_either_form(tree, form, of_pattern):
    names = ["Übung 1/Müller.edf", "Übung 2/Åse.edf"]
    folder = tree(*(unicodedata.normalize(form, name) for name in names))
    pattern = unicodedata.normalize(of_pattern, "Übung {session}/{subject}.edf")
    excluded = {"subject": [unicodedata.normalize(of_pattern, "Åse")]}
    (one,) = find(folder, pattern, exclude=excluded)
    assert one[:2] == ("Müller", "1")


@pytest.mark.parametrize("pattern", ["S{subject}.edf", "S{subject}.EDF", "./S{subject}.Edf"])
def test_the_case_of_an_extension_does_not_matter(tree, pattern):
    folder = tree("S1.edf", "S2.EDF", "S3.Edf")
    assert [one[0] for one in find(folder, pattern)] == ["1", "2", "3"]


def test_names_that_differ_in_case_are_told(tree):
    folder = tree("S1.edf", "s2.edf", "S3.EDF")
    with pytest.warns(
        BCIDannWarning, match=r"are left out.* s2\.edf differs only in upper and lower case"
    ):
        assert [one[0] for one in find(folder, "S{subject}.edf")] == ["1", "3"]
    with pytest.raises(
        DataError, match=r"fits the pattern.*S1\.edf, S3\.EDF differ only in upper and low"
    ):
        find(folder, "s{subject}.edf", exclude={}) if (folder / "s2.edf").unlink() is None else None


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("S{subject}.gdf", "data/S1.edf would"),
        ("data/S{subject}.gdf", "data/S1.edf differs in the extension only"),
        ("S{subject}.edf", "data/S1.edf would fit in another folder: write its folders"),
        ("data\\S{subject}.edf", "Write folders with a slash"),
        ("data/S{subject}_raw.edf", "Among the files there: data/S1.edf, data/S2.edf"),
    ],
)
def test_how_files_miss_a_pattern_is_told(tree, pattern, sentence):
    folder = tree("data/S1.edf", "data/S2.edf", *(f"zzz/{i}.txt" for i in range(9)))
    if pattern == "S{subject}.gdf":
        sentence = "Among the files there: data/S1.edf"
    with pytest.raises(DataError) as error:
        find(folder, pattern)
    assert sentence in str(error.value)


def test_formats_that_cannot_be_read_are_told_before_anything_is_read(tree):
    folder = tree("S1.csv", "S2.edf")
    with pytest.raises(DataError, match=r"S1\.csv is a \.csv file.*EDF, BDF.*_raw\.fif"):
        find(folder, "S{subject}.*")
    assert [one[0] for one in find(folder, "S{subject}.*", exclude={"subject": ["1"]})] == ["2"]


def test_a_name_that_is_no_text(tree):
    folder = tree("S1.edf")
    (folder / os.fsdecode(b"S\xff.edf")).touch()
    with pytest.raises(DataError, match=r"the name 'S\\udcff\.edf' .* is not valid UTF-8. Rename"):
        find(folder, "S{subject}.edf")


def test_a_pipe_or_socket_is_no_recording(tree):
    folder = tree("S1.edf")
    os.mkfifo(folder / "S2.edf")
    assert [one[0] for one in find(folder, "S{subject}.edf")] == ["1"]


def test_a_folder_that_may_not_be_listed(tree, monkeypatch):
    folder = tree("A/1.edf", "B/1.edf")
    listed = Path.iterdir

    def forbidden(self):
        if self.name == "B":
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(DataError, match=r"B cannot be listed: Permission denied"):
        find(folder, "{subject}/{session}.edf")


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


def test_bids_copies_in_other_folders_are_no_recordings(tree):
    folder = tree(*BIDS, *(f"{place}/{BIDS[0]}" for place in ("derivatives/x", "sourcedata")))
    (folder / "sub-03").symlink_to(folder / "sub-01", target_is_directory=True)
    with pytest.raises(DataError, match=r"is not in the folder sub-01/eeg, to which it belongs"):
        bids(folder)
    (folder / "sub-03").unlink()
    assert len(bids(folder)) == 3


def test_bids_recordings_that_were_not_fetched(tree):
    folder = tree(*BIDS)
    for place in ("sub-03", "sub-02/ses-b/eeg/sub-02_ses-b_task-imagery_run-2_eeg.vhdr"):
        (folder / place).symlink_to("../.git/annex/objects/none")
    with pytest.raises(DataError, match=r"sub-02_ses.*sub-03\. Fetch .*datalad get"):
        bids(folder, task="imagery")
    with pytest.raises(DataError, match=r"links: [^ ]*sub-03\. Fetch"):
        bids(folder, task="rest")


def test_a_task_that_bids_does_not_have(tree):
    with pytest.raises(DataError, match=r"'imagry'.*mean 'imagery'\? There are imagery, rest"):
        bids(tree(*BIDS), task="imagry")


def test_two_bids_files_of_one_run(tree):
    folder = tree(*BIDS, "sub-01/eeg/sub-01_task-imagery_acq-b_run-2_eeg.edf")
    with pytest.raises(DataError, match=r"subject 01, session 0, run imagery2. Choose a `task`"):
        bids(folder)


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


def recordings_of(**sessions):
    return [
        RecordingFile(Path(f"{subject}{session}.edf"), subject, session, "0")
        for subject, names in sessions.items()
        for session in names
    ]


def test_sessions_have_the_order_that_is_given():
    files = arranged(recordings_of(A=["E", "T"], B=["E"]), ["T", "E"])
    assert {subject: list(sessions) for subject, sessions in files.items()} == {
        "A": ["0T", "1E"],
        "B": ["1E"],
    }


def test_an_alphabetical_order_is_told():
    with pytest.warns(BCIDannWarning, match=r"alphabetical order: E, T.*session_order: \[T, E\]"):
        files = arranged(recordings_of(A=["T", "E"], B=["1", "2"]))
    assert list(files["A"]) == ["0E", "1T"]


@pytest.mark.parametrize("order", [["T"], ["T", "E", "T"]])
def test_an_order_that_is_not_that_of_all_sessions(order):
    with pytest.raises(ConfigError, match=r"every session once.*There are E, T"):
        arranged(recordings_of(A=["T", "E"]), order)
