"""The text of a starter configuration: valid YAML, comments that stay comments, quoted names."""

from __future__ import annotations

import pytest
import yaml

from bci_dann.data.survey.folder_survey import survey_folder
from bci_dann.data.survey.survey_summary import summary_rows
from bci_dann.evaluation import load_config
from bci_dann.evaluation.config.starter_configuration import starter_configuration


def starter(folder, name="mine"):
    return starter_configuration(survey_folder(folder), name)


def test_it_is_a_complete_configuration(sources):
    written = starter(sources)
    config = load_config(yaml.safe_load(written.text))
    assert written.questions == ()
    assert config.data.recordings.events == {"769": "left_hand", "770": "right_hand"}
    assert config.preprocessing.band == (8.0, 30.0)
    assert config.preprocessing.notch is None  # noise without mains


def test_what_was_seen_is_at_its_head(sources):
    head = starter(sources).text.partition("name:")[0]
    assert all(line.startswith("#") for line in head.splitlines() if line)
    flat = " ".join(head.replace("\n#", "").split())
    for about, seen in summary_rows(survey_folder(sources)):
        assert f"{about}: {seen}" in flat


def test_no_line_is_too_long_to_be_read(sources):
    assert max(map(len, starter(sources).text.splitlines())) <= 100


@pytest.mark.parametrize(("stem", "name"), [("my run (2)", "my-run-2-"), ("a.b", "a.b")])
def test_the_name_of_the_file_becomes_a_name_of_a_run(sources, stem, name):
    assert yaml.safe_load(starter(sources, stem).text)["name"] == name


def test_more_events_than_anyone_reads_are_counted(tmp_path, write_cued):
    comments = [(f"note {n}", 0.5) for n in range(60)]
    write_cued(tmp_path / "S1_raw.fif", after=comments, n_cues=2)
    write_cued(tmp_path / "S2_raw.fif", after=comments, n_cues=2)
    written = starter(tmp_path)
    assert "and 20 other events that are rarer" in written.text
    assert set(yaml.safe_load(written.text)["data"]["recordings"]["events"]) == {"769", "770"}


def test_a_practice_session_is_proposed_and_not_left_out(tmp_path, write_cued):
    for subject in "12":
        for session, n_cues in (("001", 4), ("002", 16), ("003", 16)):
            write_cued(tmp_path / f"S{subject}" / f"ses{session}.edf", n_cues=n_cues)
    text = starter(tmp_path).text
    assert '# exclude: {session: ["001"]}' in text
    assert "exclude" not in yaml.safe_load(text)["data"]["recordings"]
    chosen = yaml.safe_load(text.replace("# exclude", "exclude"))["data"]["recordings"]["exclude"]
    assert chosen == {"session": ["001"]}
