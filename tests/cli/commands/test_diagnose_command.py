"""The command ``diagnose``: its tables, its files, its options."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml


@pytest.fixture
def simulated(config):
    content = yaml.safe_load(config.read_text())
    content["data"] = {"dataset": "SimulatedMI", "params": {"n_subjects": 2, "n_trials": 6}}
    content["preprocessing"] = {"band": [8, 30], "window": [0, 2]}
    config.write_text(yaml.safe_dump(content))
    return config


def test_diagnose_prints_and_writes(bci_dann, simulated, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = bci_dann("diagnose", simulated)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "runs" / "mine" / "diagnosis"
    for words in (
        "Each subject against the others, alignment: none",
        "Each subject against the others, alignment: riemannian",
        "without alignment: ",
        "1 differs most in ",
        "runs/mine/diagnosis/report.html",
    ):
        assert words in done.stdout
    assert "nan" not in done.stdout
    table = pd.read_csv(folder / "table.csv")
    assert len(table) == 6
    assert set(pd.read_csv(folder / "shifts.csv")["band"]) == {"mu", "beta"}
    assert (folder / "topographies.png").is_file()


def test_seed_and_folder_are_taken(bci_dann, simulated, tmp_path):
    tables = []
    for name, seed in (("one", 3), ("two", 4)):
        done = bci_dann("diagnose", simulated, "--out", tmp_path / name, "--seed", seed)
        assert done.exit_code == 0, done.output
        tables.append((tmp_path / name / "table.csv").read_bytes())
    assert tables[0] != tables[1]


def test_recordings_of_one_subject_are_one_clean_message(bci_dann, config, recordings, tmp_path):
    content = yaml.safe_load(config.read_text())
    content["data"]["subjects"] = ["1"]
    config.write_text(yaml.safe_dump(content))
    done = bci_dann(
        "diagnose", config, "--data-dir", recordings / "sources", "--out", tmp_path / "out"
    )
    assert done.exit_code == 2
    assert "at least two; got ['1']" in done.stderr
    assert not (tmp_path / "out").exists()
