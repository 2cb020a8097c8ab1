"""The commands of streams."""

from __future__ import annotations

import pandas as pd
import pytest


@pytest.fixture
def model(bci_dann, config, sources, recordings, tmp_path):
    fitted, adapted = tmp_path / "model", tmp_path / "adapted"
    first = recordings / "new" / "first_raw.fif"
    options = ("--pipeline", "shallow", "--data-dir", sources)
    assert bci_dann("fit", config, "-o", fitted, *options).exit_code == 0
    assert bci_dann("adapt", fitted, first, "-o", adapted).exit_code == 0
    return adapted


def test_replay_prints_decisions_accuracy_and_delay(bci_dann, model, recordings, tmp_path):
    csv, picture = tmp_path / "d.csv", tmp_path / "replay.png"
    second = recordings / "new" / "second_raw.fif"
    done = bci_dann("replay", model, second, "--csv", csv, "-o", picture, "--step", 0.5)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(csv)
    assert f"Decisions: {len(table)}, in {csv}" in done.stdout
    assert "the filters delay the signal by 0.0" in done.stdout
    assert "Decisions at the ends of trials" in done.stdout
    assert "of 16 trials" in done.stdout
    assert picture.stat().st_size > 10_000


def test_replay_of_a_recording_in_another_unit(bci_dann, model, recordings, tmp_path):
    second = recordings / "new" / "second_raw.fif"
    done = bci_dann(
        "replay", model, second, "--csv", tmp_path / "d.csv", "--step", 1, "--unit-scale", 1e3
    )
    assert done.exit_code == 0
    assert "The accuracy is not known, because no trial has a decision" in done.stdout
    assert "nan" not in done.stdout
    assert "--unit-scale" in done.stderr


def test_replay_takes_the_options_of_predict(bci_dann, model, recordings, tmp_path):
    second = recordings / "new" / "second_raw.fif"
    outs = ("--csv", tmp_path / "d.csv", "--step", 0.5)
    done = bci_dann("replay", model, second, *outs, "--reference", "Cz")
    assert done.exit_code == 0, done.output
    assert "Re-referenced to Cz." in done.stdout
    done = bci_dann("replay", model, second, *outs, "--bad", "X9")
    assert done.exit_code == 2
    assert "--bad X9" in done.stderr


def test_replay_names_the_recording_as_it_is(bci_dann, model, recordings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "A:cat:[b]_raw.fif"
    copy.write_bytes((recordings / "new" / "second_raw.fif").read_bytes())
    done = bci_dann("replay", model, copy.name, "--step", 2)
    assert done.exit_code == 0, done.output
    assert f"Replaying {copy.name}" in done.stderr


def test_replay_checks_files_before_it_begins(bci_dann, model, recordings, tmp_path):
    second = recordings / "new" / "second_raw.fif"
    done = bci_dann("replay", model, second, "--csv", tmp_path / "no" / "d.csv")
    assert done.exit_code == 2
    done = bci_dann("replay", model, tmp_path / "none.fif", "--csv", tmp_path / "d.csv")
    assert done.exit_code == 2
    assert "there is no recording" in done.stderr


def test_stream_reports_a_missing_stream(bci_dann, model, tmp_path, monkeypatch):
    config = tmp_path / "lsl_api.cfg"
    config.write_text("[multicast]\nResolveScope = machine\nListenAddress = 127.0.0.1\n")
    monkeypatch.setenv("LSLAPICFG", str(config))
    pytest.importorskip("mne_lsl.lsl", reason="mne-lsl is not installed")
    done = bci_dann("stream", model, "--lsl", "no such stream", "--wait", 0.1)
    assert done.exit_code == 2
    assert "no LSL stream named 'no such stream'" in done.stderr
    assert done.stdout == ""
