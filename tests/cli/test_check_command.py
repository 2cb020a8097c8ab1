"""The command ``check``: every recording's cues, its problems, and a page with pictures."""

from __future__ import annotations

import shutil

import mne
import numpy as np
import pandas as pd
import pytest


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
    assert "All 48 cues are trials." in done.stdout
    assert "4 EEG channels in each file." in done.stdout


def test_channels_that_are_renamed_or_left_out_are_listed_once(bci_dann, config, folder):
    for subject in (1, 2, 3):
        damage(folder, subject, lambda raw: raw.rename_channels({"C3": "EEG C3-A2", "Pz": "EMG"}))
    done = bci_dann("check", config, "--data-dir", folder)
    assert done.exit_code == 0, done.output
    listed = [line.split() for line in done.stdout.splitlines() if line.startswith("EMG")]
    assert [(line[0], line[-1]) for line in listed] == [("EMG", "3")]
    assert "read as 10-05 names: EEG C3-A2 = C3\n" in done.stdout
    assert "3 EEG channels in each file." in done.stdout


def test_what_was_left_out_is_counted_and_explained(bci_dann, config, folder):
    def touch(raw):
        raw.annotations.append(raw.annotations.onset[0] + 0.5, 0.1, "BAD_cough")
        raw._data[0, -400:] = np.nan

    damage(folder, 2, touch)
    done = bci_dann("check", config, "--data-dir", folder)
    assert done.exit_code == 0, done.output
    assert "marked_bad: the trial overlaps a stretch that is marked bad" in done.stdout
    assert "of 48 cues are trials. Left out: 1: the trial overlaps" in done.stdout


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


def test_the_page_holds_the_table_and_three_pictures(bci_dann, config, sources, tmp_path):
    out = tmp_path / "pages" / "check.html"
    done = bci_dann("check", config, "--data-dir", sources, "--out", out)
    assert done.exit_code == 0, done.output
    page = out.read_text(encoding="utf-8")
    assert page.count("data:image/png") >= 3
    for words in ("Cues over time", "Amplitudes", "Spectra", "s2/run_raw.fif", "All 48 cues"):
        assert words in page
    assert str(out) in done.stdout


def test_run_keeps_the_account_and_shows_it(bci_dann, config, sources, tmp_path):
    options = ("--data-dir", sources, "--out", tmp_path / "out", "--pipelines", "shallow")
    planned = bci_dann("run", config, *options, "--dry-run")
    assert "All 48 cues are trials." in planned.stdout, planned.output
    assert "signals are not looked at yet" in planned.stdout
    done = bci_dann("run", config, *options)
    assert "All 48 cues are trials." in done.stdout, done.output
    account = pd.read_csv(tmp_path / "out" / "account.csv", dtype={"subject": str})
    assert account["used"].sum() == 48
    assert set(account["subject"]) == {"1", "2", "3"}
