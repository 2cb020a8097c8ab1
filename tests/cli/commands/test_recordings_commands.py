"""The commands ``init`` and ``check``: a configuration for recordings, and what each gives."""

from __future__ import annotations

import shutil

import mne
import numpy as np
import pandas as pd
import pytest
import yaml

from bci_dann.evaluation import load_config
from bci_dann.exceptions import ConfigError

DESIGNS = {
    "edf": ("sub{s}/ses{e}/eeg.edf", {}),
    "brainvision": ("P{s}_session{e}.vhdr", {"events": ("left", "right"), "duration": 4.0}),
    "fif": ("day{e}/S{s}_raw.fif", {"events": ("LEFT HAND", "RIGHT HAND", "rest")}),
    "adjacent": ("A0{s}{t}.edf", {"after": (("800", 3.0), ("768", -2.0))}),
    "millivolt": ("{s}/{e}_raw.fif", {"scale": 1e-2}),
    "microvolt": ("s{s}r{e}_raw.fif", {"scale": 10.0, "mains": 60.0}),
}


def made(folder, write_cued, form, **options):
    for subject in "123":
        for session in "12":
            path = folder / form.format(s=subject, e=session, t="TE"[int(session) - 1])
            write_cued(path, seed=int(subject + session), **options)
    return folder


def told(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("name", DESIGNS)
def test_what_it_writes_can_be_run(bci_dann, tmp_path, write_cued, name):
    form, options = DESIGNS[name]
    folder = made(tmp_path / "data", write_cued, form, **options)
    out = tmp_path / "my.yaml"
    done = bci_dann("init", folder, "-o", out)
    assert done.exit_code == 0
    planned = bci_dann("run", out, "--data-dir", folder, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "All 72 cues are used as trials" in planned.stdout
    assert "1, 2, 3" in planned.stdout or "01, 02, 03" in planned.stdout


def test_units_mains_and_task_are_in_the_file(bci_dann, tmp_path, write_cued):
    for name in ("adjacent", "microvolt"):
        form, options = DESIGNS[name]
        folder = made(tmp_path / name, write_cued, form, **options)
        bci_dann("init", folder, "-o", tmp_path / f"{name}.yaml")
    layout = told(tmp_path / "adjacent.yaml")["data"]["recordings"]
    assert layout["pattern"] == "A{subject:2}{run:1}.edf"
    assert layout["interval"] == [0, 3]
    assert "unit_scale" not in layout
    content = told(tmp_path / "microvolt.yaml")
    assert content["data"]["recordings"]["unit_scale"] == "microvolt"
    assert content["preprocessing"]["notch"] == 60


def test_it_prints_what_was_seen_and_what_to_type_next(bci_dann, tmp_path, write_cued):
    folder = made(tmp_path / "my data", write_cued, "S{s}_{e}.edf")
    out = tmp_path / "my.yaml"
    text = bci_dann("init", folder, "-o", out).stdout
    assert "6 (.edf)" in text
    assert "769 (36 times): left_hand" in text
    assert f"bci-dann check {out} --data-dir '{folder}'" in text
    assert f"bci-dann run {out} --data-dir '{folder}' --dry-run" in text


def test_events_without_known_classes_are_asked_for(bci_dann, tmp_path, write_cued):
    folder = made(tmp_path / "data", write_cued, "S{s}_{e}.edf", events=("cueA", "cueB"))
    out = tmp_path / "my.yaml"
    done = bci_dann("init", folder, "-o", out)
    assert "events: which events start a task" in done.stdout
    with pytest.raises(ConfigError, match=r"recordings.events: name the events that start a task"):
        load_config(out)
    text = out.read_text()
    for event, label in (("cueA", "left_hand"), ("cueB", "right_hand")):
        assert f"# {event}: CLASS   # 36 times in 6 files; may be a cue" in text
        text = text.replace(f"# {event}: CLASS", f"{event}: {label}")
    out.write_text(text)
    assert bci_dann("run", out, "--data-dir", folder, "--dry-run").exit_code == 0


def test_paths_without_subjects_are_asked_for(bci_dann, tmp_path, write_cued):
    for run in "12":
        write_cued(tmp_path / "data" / f"run{run}.edf")
    done = bci_dann("init", tmp_path / "data", "-o", tmp_path / "my.yaml")
    assert "pattern: which part of the path is the subject" in done.stdout
    with pytest.raises(ConfigError, match="'pattern' is missing"):
        load_config(tmp_path / "my.yaml")


def test_a_session_that_is_guessed_may_be_a_run(bci_dann, tmp_path, write_cued):
    folder = made(tmp_path / "data", write_cued, "edf{s}/00{e}/eeg.edf")
    bci_dann("init", folder, "-o", tmp_path / "my.yaml")
    text = (tmp_path / "my.yaml").read_text()
    assert "if the cap stayed on between these files, write {run} instead of {session}" in text
    named = made(tmp_path / "named", write_cued, "sub-{s}_ses-{e}.edf")
    bci_dann("init", named, "-o", tmp_path / "named.yaml")
    assert "if the cap stayed on" not in (tmp_path / "named.yaml").read_text()


def test_units_that_differ_are_asked_for(bci_dann, tmp_path, write_cued):
    for subject, scale in (("1", 1e-5), ("2", 10.0)):
        write_cued(tmp_path / "data" / f"S{subject}_raw.fif", scale=scale)
    done = bci_dann("init", tmp_path / "data", "-o", tmp_path / "my.yaml")
    assert "unit_scale: the unit of the files" in done.stdout
    assert "S2_raw.fif" in (tmp_path / "my.yaml").read_text()
    with pytest.raises(ConfigError, match="unit_scale"):
        load_config(tmp_path / "my.yaml")


def test_rates_and_channels_that_differ(bci_dann, tmp_path, write_cued):
    write_cued(tmp_path / "data" / "S1_raw.fif", names=["C3", "C4", "T3", "EOG left"])
    write_cued(tmp_path / "data" / "S2_raw.fif", names=["C3", "C4", "T7", "Pz"], sfreq=250.0)
    out = tmp_path / "my.yaml"
    bci_dann("init", tmp_path / "data", "-o", out)
    assert "EOG left (EOG according to its name)" in out.read_text()
    assert told(out)["preprocessing"]["resample"] == 128
    layout = told(out)["data"]["recordings"]
    assert layout["drop"] == ["Pz"]
    assert bci_dann("run", out, "--data-dir", tmp_path / "data", "--dry-run").exit_code == 0


def test_a_damaged_file_is_named_left_out_and_stops_nothing(bci_dann, tmp_path, write_cued):
    folder = made(tmp_path / "data", write_cued, "S{s}_{e}.edf")
    (folder / "S4_1.edf").write_bytes(b"\n# nothing: at all")
    out = tmp_path / "my.yaml"
    done = bci_dann("init", folder, "-o", out)
    assert "S4_1.edf" in done.stderr
    assert told(out)["data"]["recordings"]["exclude"] == {"subject": ["4"]}
    assert bci_dann("run", out, "--data-dir", folder, "--dry-run").exit_code == 0


@pytest.mark.parametrize("event", ["a: b", "# left", 'say "left"', "yes", "left\nhand", "é {left}"])
def test_names_of_events_come_back_as_they_are(bci_dann, tmp_path, write_cued, event):
    for subject in "12":
        events = (event, "other right" if "left" in event else "left", "right")
        write_cued(tmp_path / "data" / f"S{subject}_raw.fif", events)
    out = tmp_path / "my.yaml"
    assert bci_dann("init", tmp_path / "data", "-o", out).exit_code == 0
    events = told(out)["data"]["recordings"]["events"]
    assert all(isinstance(name, str) for name in events)
    assert (event in events) == ("left" in event)


def test_a_file_is_replaced_only_when_asked(bci_dann, tmp_path, sources):
    out = tmp_path / "my.yaml"
    out.write_text("mine")
    refused = bci_dann("init", sources, "-o", out)
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert out.read_text() == "mine"
    assert bci_dann("init", sources, "-o", out, "--force").exit_code == 0
    assert told(out)["name"] == "my"


@pytest.mark.parametrize("target", ["missing/my.yaml", "."])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    bci_dann, tmp_path, target
):
    done = bci_dann("init", tmp_path / "nowhere", "-o", tmp_path / target)
    assert done.exit_code == 2
    assert "folder" in done.stderr
    assert not (tmp_path / "missing").exists()


def test_an_empty_folder_writes_nothing(bci_dann, tmp_path):
    (tmp_path / "empty").mkdir()
    done = bci_dann("init", tmp_path / "empty", "-o", tmp_path / "my.yaml")
    assert done.exit_code == 2
    assert "has no recordings" in done.stderr
    assert not (tmp_path / "my.yaml").exists()


@pytest.mark.real_data
def test_mi_openbci_is_described_as_its_own_configuration_does(
    bci_dann, tmp_path, shared_data, project
):
    folder, out = shared_data / "mi-openbci", tmp_path / "my.yaml"
    done = bci_dann("init", folder, "-o", out)
    assert "4e+06 µV if the numbers were volt" in done.stdout
    text = out.read_text().replace("# exclude:", "exclude:").replace(": tongue", ": rest")
    out.write_text(text)
    ours, theirs = load_config(out), load_config(project / "configs" / "mi_openbci.yaml")
    layout = theirs.data.recordings.model_copy(update={"rename": {}})  # names are matched now
    assert ours.data.recordings == layout
    assert ours.preprocessing == theirs.preprocessing
    assert bci_dann("run", out, "--data-dir", folder, "--dry-run").exit_code == 0


@pytest.mark.real_data
def test_physionet(bci_dann, tmp_path, shared_data):
    folder, out = shared_data / "eegmmidb-s001", tmp_path / "my.yaml"
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}")
    done = bci_dann("init", folder, "-o", out)
    assert "There is only one subject" in done.stdout
    content = told(out)
    assert content["data"]["recordings"]["pattern"].endswith("/S{subject}/S{subject}R{run}.edf")
    assert content["data"]["recordings"]["interval"] == [0, 4.1]
    assert content["preprocessing"]["notch"] == 60
    chosen = out.read_text().replace("# T1:", "T1:").replace("# T2:", "T2:")
    events = yaml.safe_load(chosen)["data"]["recordings"]["events"]
    assert events["T1"]["04"] == "left_hand"
    assert events["T2"]["06"] == "feet"
    out.write_text(chosen)
    checked = bci_dann("check", out, "--data-dir", folder)
    assert checked.exit_code == 0
    assert "All 90 cues are used as trials" in checked.stdout


@pytest.fixture
def folder(sources, tmp_path):
    """Return a copy of the sources that may be damaged."""
    return shutil.copytree(sources, tmp_path / "copy")


def damage(folder, subject, change):
    """Apply a function to a recording in place."""
    path = folder / f"s{subject}" / "run_raw.fif"
    raw = mne.io.read_raw(path, preload=True, verbose="error")
    change(raw)
    raw.save(path, overwrite=True, verbose="error")


def test_every_recording_has_a_row_for_each_event(bci_dann, config, sources):
    done = bci_dann("check", config, "--data-dir", sources)
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines() if "run_raw.fif" in line]
    assert [row[0] for row in rows] == [f"s{s}/run_raw.fif" for s in (1, 1, 2, 2, 3, 3)]
    assert all(row[-3:] in (["769", "8", "8"], ["770", "8", "8"]) for row in rows)
    assert "All 48 cues are used as trials." in done.stdout
    assert "4 EEG channels in each file." in done.stdout


def test_channels_that_are_renamed_or_left_out_are_listed_once(bci_dann, config, folder):
    for subject in (1, 2, 3):
        damage(folder, subject, lambda raw: raw.rename_channels({"C3": "EEG C3-A2", "Pz": "EMG"}))
    done = bci_dann("check", config, "--data-dir", folder)
    assert done.exit_code == 0, done.output
    listed = [line.split() for line in done.stdout.splitlines() if line.startswith("EMG")]
    assert [(line[0], line[-1]) for line in listed] == [("EMG", "3")]
    assert "matched with electrodes of the 10-05 system: EEG C3-A2 = C3\n" in done.stdout
    assert "names of the 10-05 system" not in done.stderr  # it would say the same again
    assert "3 EEG channels in each file." in done.stdout


def test_what_was_left_out_is_counted_and_explained(bci_dann, config, folder):
    def touch(raw):
        raw.annotations.append(raw.annotations.onset[0] + 0.5, 0.1, "BAD_cough")
        raw._data[0, -400:] = np.nan

    damage(folder, 2, touch)
    done = bci_dann("check", config, "--data-dir", folder)
    assert done.exit_code == 0, done.output
    assert "marked_bad: the trial overlaps a segment that is marked bad" in done.stdout
    assert "of 48 cues are used as trials. Left out: 1: the trial overlaps" in done.stdout


def test_all_problems_are_told_at_once(bci_dann, config, folder):
    (folder / "s2" / "run_raw.fif").write_bytes(b"damage")
    damage(folder, 3, lambda raw: raw.apply_function(lambda x: 1e6 * x, picks=["C4"]))
    done = bci_dann("check", config, "--data-dir", folder)
    assert done.exit_code == 2
    problems = [line for line in done.stderr.splitlines() if line.startswith("Problem: ")]
    assert len(problems) == 2
    assert "s2/run_raw.fif cannot be read" in problems[0]
    assert "s3/run_raw.fif): the channels C4" in problems[1]
    assert "s1/run_raw.fif" in done.stdout


def test_an_event_that_no_recording_has_is_a_problem(bci_dann, config, sources):
    misspelt = config.with_name("misspelt.yaml")
    misspelt.write_text(config.read_text().replace("770", "7700"))
    done = bci_dann("check", misspelt, "--data-dir", sources)
    assert done.exit_code == 2
    problems = [line for line in done.stderr.splitlines() if line.startswith("Problem: ")]
    assert len(problems) == 1
    assert "the event '7700' does not occur in any recording. Did you mean '770'?" in problems[0]
    assert "s3/run_raw.fif" in done.stdout


def test_the_page_holds_the_table_and_three_pictures(bci_dann, config, sources, tmp_path):
    out = tmp_path / "pages" / "check.html"
    done = bci_dann("check", config, "--data-dir", sources, "--out", out)
    assert done.exit_code == 0, done.output
    page = out.read_text(encoding="utf-8")
    assert page.count("data:image/png") >= 3
    for words in ("Cues over time", "Amplitudes", "Spectra", "s2/run_raw.fif", "All 48 cues"):
        assert words in page
    assert str(out) in done.stdout


def test_run_stores_and_prints_the_counts_of_cues(bci_dann, config, sources, tmp_path):
    options = ("--data-dir", sources, "--out", tmp_path / "out", "--pipelines", "shallow")
    planned = bci_dann("run", config, *options, "--dry-run")
    assert "All 48 cues are used as trials." in planned.stdout, planned.output
    assert "signals were not checked" in planned.stdout
    done = bci_dann("run", config, *options)
    assert "All 48 cues are used as trials." in done.stdout, done.output
    account = pd.read_csv(tmp_path / "out" / "account.csv", dtype={"subject": str})
    assert account["used"].sum() == 48
    assert set(account["subject"]) == {"1", "2", "3"}
